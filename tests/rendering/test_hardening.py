"""What stands in an attribute reaches the mailbox as it is, whatever the compiler makes of it."""

import mjml
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rendering.emails import Mode, RenderedEmail
from core.rendering.hardening import decoded, harden, xml_text
from core.rendering.render import Compiled
from tests.rendering.mails import Page, body, mail, rendered, words

IMAGE = body('<mj-image src="https://x.example/i.png" alt="{{ profile.v }}" />')
ATTRIBUTES = body(
    '<mj-image src="https://x.example/i.png" title=\'{{ profile.v }}\' alt="{{ profile.v }}" />'
    '<mj-text><a href="https://x.example/" title="{{ profile.v }}">link</a></mj-text>'
)
SEVERAL = Compiled(mail(ATTRIBUTES))
BLOCK = 4_096
AWKWARD = ("\n", "\r", "\t", "\\", '"', "'", "<", ">", "&", "&amp;", "&#10;", "\xa0", "\x85", " ")


def is_xml(code: int) -> bool:
    return (
        code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code > 0xFFFF
    )


def attributes_of(compiled: Compiled, value: str) -> list[str | None]:
    outcome = compiled.render({"profile": {"v": value}}, Mode.SEND)
    assert isinstance(outcome, RenderedEmail)
    page = Page(outcome.html)
    return [*page.all("img", "alt"), *page.all("img", "title"), *page.all("a", "title")]


@pytest.mark.parametrize("plane", range(0x11))
def test_every_character_of_unicode_that_xml_allows_comes_out_as_it_went_in(plane: int) -> None:
    image = Compiled(mail(IMAGE))

    for start in range(plane * 0x10000, (plane + 1) * 0x10000, BLOCK):
        value = "".join(chr(code) for code in range(start, start + BLOCK) if is_xml(code))

        assert attributes_of(image, f"a{value}b") == [f"a{value}b"]


@given(st.lists(st.characters() | st.sampled_from(AWKWARD), max_size=40).map("".join))
def test_any_value_comes_out_as_it_went_in(value: str) -> None:
    kept = xml_text(value)

    found = attributes_of(SEVERAL, f"a{value}b")

    assert found == [f"a{kept}b"] * 3


def test_the_compiler_alone_corrupts_what_is_tested_here() -> None:
    html = mjml.mjml2html(body('<mj-image src="https://x.example/" alt="a\nb\\c" />'))

    assert Page(html).all("img", "alt") != ["a\nb\\c"]


def test_text_comes_out_as_it_went_in_too() -> None:
    value = 'Zoë \\ "O\'Neil" <b> & \u0e01\u0e33 \u09ac\u09be\u0982 e\u0301 \u200f'

    page = Page(rendered(mail(words("{{ profile.v }}")), {"profile": {"v": value}}).html)

    assert value in page.text


def test_half_characters_and_control_characters_are_left_out() -> None:
    assert xml_text("a\x00\x08\ud800\ufffe\uffffb\t\n") == "ab\t\n"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a&amp;b", "a&b"),
        ("?a=1&copy=2&para;", "?a=1&copy=2¶"),
        ("&#65;&#x42;", "AB"),
        ("&unknown; & &;", "&unknown; & &;"),
    ],
)
def test_only_entities_with_a_semicolon_are_entities(written: str, meant: str) -> None:
    assert decoded(written) == meant


def test_what_is_plain_stays_as_it_was_written() -> None:
    source = words('Hi <b class="x">you</b>')

    assert harden(source).mjml == source


def test_the_address_of_a_font_stays_readable_for_a_style_sheet() -> None:
    font = '<mj-font name="Inter" href="https://f.example/css?a=1&amp;b=2" />'
    source = words("x").replace("<mj-body>", f"<mj-head>{font}</mj-head><mj-body>")

    html = rendered(mail(source.replace("<mj-text>", '<mj-text font-family="Inter">'))).html

    assert "url(https://f.example/css?a=1&b=2)" in html


class TestLinks:
    @pytest.mark.parametrize(
        "address",
        [
            *("https://x.example/a?b=1&c=2#d", "http://x.example", "mailto:a@x.example", "#top"),
            *("tel:+49123", "HTTPS://X.EXAMPLE", "  https://x.example/ "),
        ],
    )
    def test_the_web_mail_and_telephone_may_be_linked(self, address: str) -> None:
        template = mail(words('<a href="{{ profile.v }}">x</a>'))

        email = rendered(template, {"profile": {"v": address}})

        assert Page(email.html).all("a", "href") == [address]
        assert email.removed_links == ()

    @pytest.mark.parametrize(
        "address",
        [
            *("javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:x", "java\nscript:x"),
            *("\x01javascript:x", " javascript:x", "\u200bjavascript:x", "data:text/html,x"),
            *("vbscript:x", "file:///etc/passwd", "//x.example", "ftp://x.example", "x.example"),
            *("&#106;avascript:x", "https:x", "about:blank", "blob:https://x.example/1"),
        ],
    )
    def test_anything_else_is_removed_and_reported(self, address: str) -> None:
        template = mail(
            body(
                '<mj-text><a href="{{ profile.v }}">x</a></mj-text>'
                '<mj-button href="{{ profile.v }}">y</mj-button>'
                '<mj-image src="{{ profile.v }}" href="{{ profile.v }}" />'
            )
        )

        email = rendered(template, {"profile": {"v": address}})

        page = Page(email.html)
        assert [link for link in page.all("a", "href") if link] == []
        assert [source for source in page.all("img", "src") if source] == []
        assert [removed.attribute for removed in email.removed_links] == [
            *("href", "href", "src", "href"),
        ]

    def test_markup_handed_on_as_safe_is_watched_as_well(self) -> None:
        evil = '<a href="javascript:alert(1)">x</a>'

        email = rendered(mail(words("{{ profile.v | safe }}")), {"profile": {"v": evil}})

        assert "javascript" not in email.html
        assert email.removed_links[0].value == "javascript:alert(1)"

    def test_a_background_cannot_leave_its_style(self) -> None:
        source = (
            '<mjml><mj-body><mj-section background-url="{{ profile.v }}"><mj-column></mj-column>'
            "</mj-section></mj-body></mjml>"
        )
        evil = "https://x.example/i.png');color:red;x:url('"

        html = rendered(mail(source), {"profile": {"v": evil}}).html

        styles = [style or "" for tag in ("div", "td") for style in Page(html).all(tag, "style")]
        assert any("x.example/i.png" in style for style in styles)
        assert not any("');color" in style for style in styles)
