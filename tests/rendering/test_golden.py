"""The starter e-mails as they reach a mailbox: changed with --update-golden or never."""

from pathlib import Path

import pytest

from core.rendering.checks import check_template
from core.rendering.templates import load_templates
from tests.rendering.mails import TEMPLATES, rendered

GOLDEN = Path(__file__).parents[1] / "golden"
STARTERS = load_templates(TEMPLATES)


@pytest.mark.parametrize("name", STARTERS)
class TestEveryStarter:
    def test_reaches_the_mailbox_as_it_was_last_looked_at(
        self, name: str, pytestconfig: pytest.Config
    ) -> None:
        starter = STARTERS[name]

        email = rendered(starter, starter.sample)

        inbox = f"Subject: {email.subject}\nPreheader: {email.preheader}\n\n"
        for suffix, content in ((".html", email.html), (".txt", inbox + email.text)):
            path = GOLDEN / f"{name}{suffix}"
            if pytestconfig.getoption("--update-golden"):
                path.write_text(content, encoding="utf-8", newline="")
            assert path.read_bytes().decode("utf-8") == content

    def test_lacks_nothing_for_its_sample_person(self, name: str) -> None:
        starter = STARTERS[name]

        email = rendered(starter, starter.sample)

        assert email.missing == ()
        assert email.removed_links == ()

    def test_has_nothing_for_the_linter_to_find(self, name: str) -> None:
        assert check_template(STARTERS[name]) == []


def test_every_golden_file_is_of_a_starter() -> None:
    expected = {f"{name}{suffix}" for name in STARTERS for suffix in (".html", ".txt")}

    assert {path.name for path in GOLDEN.iterdir()} == expected
