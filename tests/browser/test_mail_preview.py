"""The preview shows a mail and lets nothing out: what is asked elsewhere is counted elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import FrameLocator, Page, Request, expect

from tests.browser.serving import serving
from tests.browser.steps import eventually

pytestmark = pytest.mark.xdist_group("browser")

SCRIPT = """
from pathlib import Path
import streamlit as st
from core.ui.mail_preview import preview

asked = st.query_params
html = Path(__file__).with_name("mail.html").read_text(encoding="utf-8")
preview.show(html, "mail", width=int(asked.get("width", 680)), dark="dark" in asked,
             images="off" not in asked, height=600)
st.text("drawn")
"""

# Everything that could ask a host for something; HOST is one that writes down what it was asked.
HOSTILE = """<!doctype html>
<html manifest="HOST/manifest"><head>
<meta http-equiv="Content-Security-Policy" content="default-src *; script-src * 'unsafe-inline'">
<meta http-equiv="refresh" content="0;url=HOST/refresh">
<base href="HOST/base/">
<link rel="stylesheet" href="HOST/link.css"><link rel="icon" href="HOST/icon.png">
<link rel="preload" as="image" href="HOST/preload.png"><link rel="prefetch" href="HOST/prefetch">
<link rel="preconnect" href="HOST"><link rel="dns-prefetch" href="HOST">
<link rel="modulepreload" href="HOST/module.js"><link rel="manifest" href="HOST/app.json">
<script src="HOST/script.js"></script>
<script>parent.document.title = "reached"; top.reached = 1; fetch("HOST/fetch");</script>
<style>
  @import "HOST/import.css"; @import url(HOST/import2.css);
  @font-face { font-family: far; src: url(HOST/font.woff2); }
  body { font-family: far; background: url(HOST/body.png); cursor: url(HOST/cursor.png), auto; }
  li { list-style-image: url(HOST/list.png); }
  p::before { content: url(HOST/content.png); }
  div { background-image: image-set(url(HOST/set.png) 1x); mask-image: url(HOST/mask.svg); }
</style></head>
<body background="HOST/background.png" onload="fetch('HOST/onload')">
<p>Words that stay</p><ul><li>one</li></ul><div style="background:url('HOST/inline.png')">two</div>
<img src="HOST/img.png" srcset="HOST/img2.png 2x" alt="A boot" width="80" height="80"
  onerror="parent.document.title='reached'">
<img src="x" onerror="top.reached = 1; new Image().src='HOST/onerror.png'">
<picture><source srcset="HOST/source.webp"><img src="HOST/picture.png" alt=""></picture>
<table background="HOST/table.png"><tr><td background="HOST/cell.png">cell</td></tr></table>
<input type="image" src="HOST/input.png"><video poster="HOST/poster.png" src="HOST/video.mp4"
  autoplay></video><audio src="HOST/audio.mp3" autoplay></audio>
<video autoplay><source src="HOST/source.mp4"><track default src="HOST/track.vtt"></video>
<iframe src="HOST/iframe"></iframe><iframe srcdoc="<img src='HOST/srcdoc.png'>"></iframe>
<object data="HOST/object"></object><embed src="HOST/embed"><applet code="HOST/applet"></applet>
<svg><image href="HOST/svg.png" xlink:href="HOST/xlink.png" /><use href="HOST/use.svg#a" />
<script>top.reached = 1</script><filter><feImage href="HOST/fe.png" /></filter>
<a href="HOST/svg-link"><set attributeName="href" to="HOST/set"/><text y="15">vector</text></a>
</svg><div><template shadowrootmode="open"><img src="HOST/shadow.png"><a href="HOST/shadow">s</a>
</template></div>
<noscript><p title="</noscript><img src=HOST/noscript.png onerror=top.reached=1>"></p></noscript>
<math><mtext></mtext><a xlink:href="HOST/math">m</a></math><details open ontoggle="top.reached=1">
</details><form action="HOST/form" method="get"><input name="q" value="1" autofocus
  onfocus="top.reached=1"><button formaction="HOST/formaction">Send it</button></form>
<a href="HOST/link" ping="HOST/ping">A link</a> <a href="HOST/top" target="_top">To the top</a>
<a href="HOST/parent" target="_parent">To the parent</a> <a href="javascript:top.reached=1">Run</a>
<a href="#words">Down</a> <map name="m"><area shape="default" href="HOST/area"></map>
</iframe></textarea></title></style>--><script>top.reached = 1</script>
</body></html>"""

DARK = """<html><head><meta name="color-scheme" content="light dark"><style>
  p { color: rgb(1, 1, 1); }
  @media (prefers-color-scheme: dark) { p { color: rgb(2, 2, 2); } }
  @media screen and (prefers-color-scheme:light) { p { margin: 7px; } }
</style></head><body><p>Words</p></body></html>"""

PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


@dataclass(frozen=True)
class Stage:
    """Where mails are shown."""

    address: str
    folder: Path

    def show(self, page: Page, html: str, choices: str = "") -> FrameLocator:
        """Open the preview of a mail and give what is in its frame."""
        (self.folder / "mail.html").write_text(html, encoding="utf-8")
        page.goto(f"{self.address}/?{choices}")
        expect(page.get_by_text("drawn")).to_be_visible()
        expect(page.locator("iframe:not(.coming)")).to_have_count(1)
        return page.frame_locator("iframe")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("preview")
    with serving(SCRIPT, folder) as address:
        yield Stage(address, folder)


@pytest.mark.parametrize("choices", ["", "off", "dark&width=375"])
def test_a_hostile_mail_asks_no_host_runs_no_script_and_reaches_no_page(
    stage: Stage, page: Page, elsewhere: tuple[str, list[str]], choices: str
) -> None:
    host, asked = elsewhere
    opened: list[Page] = []
    tried: list[Request] = []
    page.context.on("page", lambda other: opened.append(other))
    page.on("request", lambda request: tried.append(request))

    mail = stage.show(page, HOSTILE.replace("HOST", host), choices)
    expect(mail.get_by_text("Words that stay")).to_be_visible()
    for words in ("A link", "To the top", "To the parent", "Run", "Down", "vector"):
        link = mail.locator("a", has_text=words).first
        link.click()
        link.press("Enter")
    mail.get_by_role("button", name="Send it").click()
    page.wait_for_timeout(500)

    assert asked == []
    own = (stage.address, f"blob:{stage.address}", "data:")
    others = [request for request in tried if not request.url.startswith(own)]
    assert [request.url for request in others if request.failure != "csp"] == []
    assert opened == []
    assert page.url.startswith(stage.address)
    assert page.title() != "reached"
    assert page.evaluate("window.reached") is None
    expect(mail.get_by_text("Words that stay")).to_be_visible()


def test_a_mail_in_the_dark_follows_its_own_rules_for_it(stage: Stage, page: Page) -> None:
    words = stage.show(page, DARK, "dark").get_by_text("Words")

    expect(words).to_have_css("color", "rgb(2, 2, 2)")
    expect(words).not_to_have_css("margin-top", "7px")
    expect(page.locator(".note")).to_be_hidden()


def test_a_mail_by_day_stays_so_on_a_dark_machine(stage: Stage, page: Page) -> None:
    page.emulate_media(color_scheme="dark")

    words = stage.show(page, DARK).get_by_text("Words")

    expect(words).to_have_css("color", "rgb(1, 1, 1)")
    expect(words).to_have_css("margin-top", "7px")


def test_a_mail_without_rules_for_the_dark_is_turned_round_and_the_page_says_so(
    stage: Stage, page: Page
) -> None:
    stage.show(page, "<p>Words</p>", "dark")

    expect(page.get_by_text("no design of its own for the dark")).to_be_visible()
    expect(page.locator("iframe")).to_have_css("filter", "invert(1) hue-rotate(180deg)")


def test_without_pictures_their_words_stand_in_their_place(stage: Stage, page: Page) -> None:
    html = f'<img src="{PIXEL}" alt="A boot" width="90" height="60">'

    seen = stage.show(page, html).get_by_role("img", name="A boot")
    expect(seen).to_have_js_property("naturalWidth", 1)
    hidden = stage.show(page, html, "off").get_by_role("img", name="A boot")

    expect(hidden).to_have_js_property("naturalWidth", 0)
    expect(hidden).to_have_css("width", "90px")


def test_a_picture_of_another_host_is_a_tile_of_its_size(stage: Stage, page: Page) -> None:
    html = '<img src="https://shop.example.com/boot.jpg" alt="A boot" width="90" height="60">'

    tile = stage.show(page, html).get_by_role("img", name="A boot")

    expect(tile).to_have_js_property("naturalWidth", 90)
    expect(page.get_by_text("One picture is not fetched for the preview")).to_be_visible()


def test_a_wide_mail_is_drawn_smaller_on_a_phone_not_narrower(stage: Stage, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})

    mail = stage.show(page, "<p>Words</p>", "width=680")

    expect(mail.locator("html")).to_have_js_property("clientWidth", 680)
    frame = page.locator("iframe")
    eventually(page, lambda: frame.evaluate("box => box.getBoundingClientRect().width") <= 390)
