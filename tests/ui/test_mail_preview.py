import re
from pathlib import Path

from streamlit.testing.v1 import AppTest

from core.ui.mail_preview import preview

SCRIPT = (Path(preview.__file__).parent / "frame.js").read_text(encoding="utf-8")


def test_the_frame_is_given_no_right_at_all() -> None:
    assert 'frame.setAttribute("sandbox", "");' in SCRIPT
    assert "allow-" not in SCRIPT


def test_the_policy_names_no_host() -> None:
    policy = " ".join(re.findall(r'"((?:default-src|img-src)[^"]*)"', SCRIPT))

    assert "default-src 'none'" in policy
    assert set(re.findall(r"'[^']+'|\w+:", policy)) == {"'none'", "'unsafe-inline'", "data:"}


def test_previews_draw_beside_each_other() -> None:
    page = AppTest.from_function(_page, default_timeout=30).run()

    assert not page.exception


def _page() -> None:
    from core.ui.mail_preview.preview import show

    show("<p>Hello</p>", "phone", width=375, dark=True, images=False, height=500)
    show("", "desktop")
