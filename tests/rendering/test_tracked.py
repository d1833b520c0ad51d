"""Only links to the web lead through us, and nothing else of an e-mail is touched."""

import pytest

from core.rendering.emails import RenderedEmail
from core.rendering.tracked import tracked


def email(html: str, text: str = "") -> RenderedEmail:
    return RenderedEmail(html=html, text=text, subject="s", preheader="p", html_bytes=len(html))


def led(html: str, text: str = "", **choices: object) -> RenderedEmail:
    """Lead every link to a number: 1 for the first address, 2 for the next."""
    numbers: dict[str, int] = {}

    def number_of(url: str) -> str:
        return f"https://us.example/{numbers.setdefault(url, len(numbers) + 1)}"

    return tracked(email(html, text), number_of, **choices)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<a href="https://x.de/">x</a>', '<a href="https://us.example/1">x</a>'),
        (
            "<a class='b' href='http://x.de'>x</a>",
            "<a class='b' href=\"https://us.example/1\">x</a>",
        ),
        ('<A\n  HREF = "HTTPS://x.de">', '<A\n  HREF="https://us.example/1">'),
        ('<area href="https://x.de"/>', '<area href="https://us.example/1"/>'),
        (
            '<!--[if mso]><v:roundrect href="https://x.de" arcsize="5%"><![endif]-->',
            '<!--[if mso]><v:roundrect href="https://us.example/1" arcsize="5%"><![endif]-->',
        ),
    ],
)
def test_a_link_leads_through_us_however_it_is_written(html: str, expected: str) -> None:
    assert led(html).html == expected


@pytest.mark.parametrize(
    "html",
    [
        '<a href="mailto:a@x.de">x</a>',
        '<a href="tel:+49301234">x</a>',
        '<a href="#top">x</a>',
        '<a name="https://x.de">x</a>',
        '<a title="a > b" data-href="https://x.de">x</a>',
        '<link href="https://x.de/a.css" rel="stylesheet">',
        '<img src="https://x.de/a.png">',
        '<base href="https://x.de">',
        "<p>https://x.de</p>",
        '<abbr href="https://x.de">x</abbr>',
        '<a href="https://x.de',
    ],
)
def test_what_is_no_link_to_the_web_stays_as_it_is(html: str) -> None:
    assert led(html).html == html


def test_what_an_address_means_is_led_to_not_how_it_is_escaped() -> None:
    seen: list[str] = []

    tracked(
        email('<a href="https://x.de/?a=1&amp;b=2&#38;c=%26">x</a>'),
        lambda url: seen.append(url),  # type: ignore[func-returns-value]
    )

    assert seen == ["https://x.de/?a=1&b=2&c=%26"]


def test_an_address_that_cannot_be_led_through_us_stays() -> None:
    html = '<a href="https://x.de">x</a>'

    assert tracked(email(html, "https://x.de"), lambda _: None) == email(html, "https://x.de")


def test_our_own_links_stay() -> None:
    html = '<a href="https://us.example/u">x</a><a href="https://x.de">y</a>'

    made = led(html, "https://us.example/u", but={"https://us.example/u"})

    assert made.html == '<a href="https://us.example/u">x</a><a href="https://us.example/1">y</a>'
    assert made.text == "https://us.example/u"


def test_the_text_part_gets_the_links_of_the_html_and_no_others() -> None:
    html = '<a href="https://x.de">x</a><a href="https://x.de/a">y</a>'
    text = "x (https://x.de)\ny (https://x.de/a)\nhttps://x.de\nhttps://x.de/b https://evil.example"

    made = led(html, text)

    assert made.text == (
        "x (https://us.example/1)\ny (https://us.example/2)\nhttps://us.example/1\n"
        "https://x.de/b https://evil.example"
    )


def test_the_picture_stands_at_the_end_of_the_body_and_counts_in_the_size() -> None:
    made = led("<html><body>ü</body></html>", picture="https://us.example/o?a&b")

    assert made.html.startswith('<html><body>ü<img src="https://us.example/o?a&amp;b" width="1"')
    assert made.html.endswith("></body></html>")
    assert made.html_bytes == len(made.html.encode())


def test_an_e_mail_without_a_body_gets_the_picture_too() -> None:
    assert led("<p>x</p>", picture="https://us.example/o").html.startswith("<p>x</p><img ")


def test_a_long_e_mail_of_broken_tags_is_read_in_a_moment() -> None:
    html = '<a href="' * 20_000 + "<a " * 20_000 + "<a href='x" * 20_000

    assert led(html).html == html
