"""The text part says what the e-mail says, in order, with the address behind each link."""

import pytest

from core.rendering.plain_text import plain_text
from tests.rendering.mails import body


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<mj-text>Hello</mj-text><mj-text>you</mj-text>", "Hello\n\nyou\n"),
        ("<mj-text>Hello<br/>you</mj-text>", "Hello\nyou\n"),
        ("<mj-text>\n  a\n  <b>b</b>,\tc&nbsp;d\n</mj-text>", "a b, c d\n"),
        ("<mj-text>1 &lt; 2 &amp; 3 &#8364;</mj-text>", "1 < 2 & 3 €\n"),
        (
            '<mj-text><a href="https://x.example/?a=1&amp;b">here</a>!</mj-text>',
            "here (https://x.example/?a=1&b)!\n",
        ),
        (
            '<mj-text><a href="https://x.example">https://x.example</a></mj-text>',
            "https://x.example\n",
        ),
        ('<mj-text><a href="mailto:a@x.example">a@x.example</a></mj-text>', "a@x.example\n"),
        ('<mj-text><a href="#top">up</a> <a>none</a></mj-text>', "up none\n"),
        ('<mj-button href="https://x.example/b">Buy</mj-button>', "Buy (https://x.example/b)\n"),
        ('<mj-image src="i.png" alt="A  boot" />', "[A boot]\n"),
        ('<mj-image src="i.png" alt="Boot" /><mj-text>Boot</mj-text>', "Boot\n"),
        ('<mj-image src="i.png" />', "\n"),
        ("<mj-text><ul><li>a</li><li>b</li></ul></mj-text>", "- a\n- b\n"),
        ("<mj-table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></mj-table>", "a b\nc\n"),
        ("<mj-raw><!-- no --><p>yes</p><style>p{}</style></mj-raw>", "yes\n"),
        ("<mj-text>a</mj-text><mj-divider /><mj-spacer /><mj-text>b</mj-text>", "a\n\nb\n"),
    ],
)
def test_each_kind_of_content_reads_well(content: str, text: str) -> None:
    assert plain_text(body(content)) == text


def test_what_stands_side_by_side_stays_together() -> None:
    product = (
        "<mj-group><mj-column><mj-text>Boot</mj-text></mj-column>"
        "<mj-column><mj-text>€10</mj-text></mj-column></mj-group>"
    )
    source = f"<mjml><mj-body>{f'<mj-section>{product}</mj-section>' * 2}</mj-body></mjml>"

    assert plain_text(source) == "Boot\n€10\n\nBoot\n€10\n"


def test_the_head_says_nothing() -> None:
    head = "<mj-head><mj-title>t</mj-title><mj-preview>p</mj-preview></mj-head>"

    assert plain_text(f"<mjml>{head}<mj-body></mj-body></mjml>") == "\n"
