"""Checks of e-mails: each names a place and a way out, and a sound e-mail has nothing to mend."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.rendering.emails import EmailTemplate
from core.rendering.problems import Level
from core.rendering.render import render
from core.rendering.templates import load_templates
from core.services.email_checks import checks
from core.services.email_colours import Colour, colour_of, contrast, readable
from core.services.email_findings import Finding
from core.services.email_rendering import sample_context
from core.services.email_subjects import spam_signs
from core.settings import REPOSITORY

STARTERS = load_templates(REPOSITORY / "templates")
WORDS = "These are words that say what the pictures show to everybody who cannot see them. " * 6
FOOTER = '<mj-text><a href="{{ links.unsubscribe }}">Unsubscribe</a></mj-text>'


def mail(
    *lines: str, head: str = "", subject: str = "Your basket", **changes: Any
) -> EmailTemplate:
    """Write an e-mail whose lines begin in line 3."""
    body = "\n".join(lines)
    source = (
        f"<mjml><mj-head>{head}</mj-head><mj-body>\n<mj-section><mj-column>\n{body}\n"
        f"<mj-text>{WORDS}</mj-text>{FOOTER}\n</mj-column></mj-section></mj-body></mjml>"
    )
    made = EmailTemplate(name="mail", source=source, subject=subject, preheader="And more")
    return replace(made, **changes)


def found(template: EmailTemplate, **context: Mapping[str, Any]) -> list[Finding]:
    return checks(template, render(template, {**sample_context(template), **context}))


def said(
    template: EmailTemplate, **context: Mapping[str, Any]
) -> list[tuple[str, int | None, str]]:
    return [(str(one.level), one.line, one.what) for one in found(template, **context)]


def test_a_sound_email_has_nothing_to_mend() -> None:
    sound = mail(
        '<mj-image src="https://example.com/a.png" alt="A boot" href="https://example.com" />',
        '<mj-button href="https://example.com">Buy</mj-button>',
        '<mj-text>Write to <a href="mailto:a@example.com">us</a></mj-text>',
    )

    assert found(sound) == []


@pytest.mark.parametrize("name", STARTERS)
def test_no_starter_has_an_error(name: str) -> None:
    errors = [one for one in found(STARTERS[name]) if one.level is Level.ERROR]

    assert errors == []


@pytest.mark.parametrize(
    ("line", "level", "what"),
    [
        ('<mj-button href="">Buy</mj-button>', "warning", "This <mj-button> leads nowhere."),
        ("<mj-button>Buy</mj-button>", "warning", "This <mj-button> leads nowhere."),
        ('<mj-text><a href="#">x</a></mj-text>', "warning", "This <a> leads nowhere."),
        (
            '<mj-button href="http://example.com">Buy</mj-button>',
            "warning",
            "“http://example.com” is not encrypted, and mail programs warn of it.",
        ),
        (
            '<mj-button href="shop.example.com/a">Buy</mj-button>',
            "error",
            "The href “shop.example.com/a” has no https:// in front, so it is left out.",
        ),
        (
            '<mj-button href="javascript:alert(1)">Buy</mj-button>',
            "error",
            "The href “javascript:alert(1)” leads to no known place, so it is left out.",
        ),
        (
            '<mj-image src="data:image/png;base64,AAAA" alt="x" />',
            "error",
            "A picture inside the e-mail itself is not shown by Gmail and Outlook, and left out.",
        ),
        (
            '<mj-image src="https://example.com/a.png" />',
            "warning",
            "This picture has no words for those who do not see it.",
        ),
        (
            '<mj-image src="https://example.com/a.png" alt="" href="https://example.com" />',
            "warning",
            "This picture is a link without words: where pictures are off, nobody can follow it.",
        ),
        (
            '<mj-text><div style="color: #000; display:grid">x</div></mj-text>',
            "warning",
            "display: grid does not work in Gmail, Outlook on Windows and Yahoo Mail.",
        ),
        (
            '<mj-image src="https://example.com/a.svg" alt="x" />',
            "warning",
            "SVG does not work in Gmail and Outlook on Windows.",
        ),
        ("<mj-txt>x</mj-txt>", "warning", "There is no tag <mj-txt>."),
        ("<mj-text>{{ carts.total }}</mj-text>", "warning", "Nobody has carts."),
    ],
)
def test_a_fault_in_a_line_is_named_once_with_its_line(line: str, level: str, what: str) -> None:
    template = mail("<mj-text>first</mj-text>", line)

    named = found(template)

    assert [(str(one.level), one.line, one.what) for one in named] == [(level, 4, what)]
    assert named[0].file == "mail.mjml"
    assert len(named[0].mend) > 5


def test_a_decorative_picture_and_defaults_for_all_tags_are_fine() -> None:
    head = '<mj-attributes><mj-button color="#fff" /><mj-image padding="0" /></mj-attributes>'
    template = mail('<mj-image src="https://example.com/a.png" alt="" />', head=head)

    assert said(template) == []


def test_addresses_of_the_data_are_checked_where_they_arrive() -> None:
    template = mail('<mj-button href="{{ cart.url }}">To my basket</mj-button>')

    assert said(template, cart={"url": "https://example.com"}) == []
    assert said(template, cart={"url": "http://example.com/c"}) == [
        (
            "warning",
            None,
            "“http://example.com/c” is not encrypted, and mail programs warn of it.",
        )
    ]
    assert ("error", None, "The href “cart/7” was left out: it is no web address.") in said(
        template, cart={"url": "cart/7"}
    )


def test_an_email_without_a_link_to_unsubscribe_is_an_error() -> None:
    without = mail()
    without = replace(without, source=without.source.replace(FOOTER, ""))
    commented = replace(without, source=without.source.replace(WORDS, "{# links.unsubscribe #}"))
    included = replace(
        without,
        source=without.source.replace(
            "</mj-column>", '{% include "partials/f.mjml" %}</mj-column>'
        ),
        partials={"partials/f.mjml": FOOTER},
    )

    assert [level for level, _, what in said(without) if "unsubscribe" in what] == ["error"]
    assert [level for level, _, what in said(commented) if "unsubscribe" in what] == ["error"]
    assert said(included) == []


def test_partials_that_an_email_does_not_include_are_not_asked_for_links() -> None:
    template = mail(partials={"partials/other.mjml": "<mj-text><a>nowhere</a></mj-text>"})

    assert said(template) == []


def test_pale_words_are_named_at_their_line_with_a_colour_that_would_do() -> None:
    template = mail('<mj-text color="#cccccc">Hello pale words</mj-text>')

    (pale,) = found(template)

    assert (pale.line, str(pale.level)) == (3, "warning")
    assert "contrast 1.6, readers need 4.5" in pale.what
    better = colour_of(pale.mend.split(" ")[0])
    assert better is not None
    assert contrast(better, Colour(255, 255, 255)) >= 4.5


def test_large_words_need_less_contrast_and_words_over_a_picture_are_not_judged() -> None:
    grey = "#8a8a8a"  # 3.5 on white
    large = mail(f'<mj-text font-size="28px" color="{grey}">Large</mj-text>')
    over_picture = mail(
        '<mj-text><div style="background-image: url(https://example.com/a.png); '
        f'color: {grey}">Over</div></mj-text>'
    )

    assert said(large) == []
    assert [what for _, _, what in said(over_picture) if "contrast" in what] == []
    assert len(said(mail(f'<mj-text color="{grey}">Small</mj-text>'))) == 1


def test_contrast_is_that_of_the_guidelines() -> None:
    """WCAG 2 goes from 1 to 21; on white, the greys around 4.5 are #777777 and #767676."""
    black, white = Colour(0, 0, 0), Colour(255, 255, 255)

    assert contrast(black, white) == contrast(white, black) == 21
    assert round(contrast(Colour(0x77, 0x77, 0x77), white), 2) == 4.48
    assert round(contrast(Colour(0x76, 0x76, 0x76), white), 2) == 4.54
    assert contrast(readable(Colour(90, 90, 90), black, 4.5), black) >= 4.5


@pytest.mark.parametrize(
    ("written", "colour"),
    [
        ("#FFF", (255, 255, 255)),
        ("#0a0B0c", (10, 11, 12)),
        ("rgb(1, 2, 3)", (1, 2, 3)),
        ("rgba(1,2,3,1.0)", (1, 2, 3)),
        ("White !important", (255, 255, 255)),
        ("rgba(1,2,3,0.5)", None),
        ("rgb(1,2,300)", None),
        ("chartreuse-ish", None),
    ],
)
def test_colours_are_read_as_style_sheets_write_them(
    written: str, colour: tuple[int, int, int] | None
) -> None:
    assert colour_of(written) == colour


@pytest.mark.parametrize(("kilobytes", "level"), [(80, None), (95, "warning"), (110, "error")])
def test_the_size_is_held_against_gmails_limit(kilobytes: int, level: str | None) -> None:
    template = mail(f"<mj-text>{'word ' * (kilobytes * 200)}</mj-text>")

    levels = [level for level, _, what in said(template) if "Gmail cuts it" in what]

    assert levels == ([] if level is None else [level])


def test_an_email_of_pictures_alone_looks_like_spam() -> None:
    picture = '<mj-image src="https://example.com/a.png" alt="All in one picture" />'
    template = mail(picture)
    bare = replace(template, source=template.source.replace(WORDS, "Buy"))

    assert [what for _, _, what in said(bare)] == [
        "The e-mail has one picture and only 14 bytes of words, which looks like spam."
    ]


@pytest.mark.parametrize(
    ("subject", "signs"),
    [
        ("Anna, your basket is waiting", 0),
        ("SALE", 0),
        ("NASA boots: 50 % off", 0),
        ("Freedom boots are back in stock", 0),
        ("Really? Really!", 0),
        ("EVERYTHING MUST GO", 1),
        ("Our sale!!! Now", 1),
        ("Re: your basket", 1),
        ("Get one free", 1),
        ("100% guaranteed cash", 2),
        ("🎉 🎁 🔥 Sale", 1),
    ],
)
def test_signs_of_spam_are_counted_once_each(subject: str, signs: int) -> None:
    assert len(list(spam_signs(subject))) == signs


def test_lines_for_the_inbox_are_checked_where_they_are_written() -> None:
    template = mail(
        subject="{{ profile.long }}", preheader="", line_by_key={"subject": 3, "requires": 9}
    )

    long = found(template, profile={"long": "x" * 61})
    empty = found(template, profile={"long": " "})

    assert [(one.file, one.line) for one in long] == [("mail.yaml", 3), ("mail.yaml", 3)]
    assert "61 characters" in long[0].what
    assert [str(one.level) for one in empty] == ["error", "warning"]


def test_a_missing_field_is_named_with_a_default() -> None:
    (missing,) = found(mail("<mj-text>Hello {{ profile.first_name }}</mj-text>"))

    assert (missing.file, missing.line) == ("mail.mjml", 3)
    assert missing.what.startswith("profile.first_name is missing for this person")
    assert "{{ profile.first_name | default('…') }}" in missing.mend


def test_an_email_that_cannot_be_made_is_one_error_with_its_line() -> None:
    template = mail("<mj-text>{{ 1 / 0 }}</mj-text>")

    errors = [one for one in found(template) if one.level is Level.ERROR]

    assert [(one.file, one.line) for one in errors] == [("mail.mjml", 3)]


def test_a_fault_the_linter_names_is_not_named_twice() -> None:
    template = mail("<mj-text>{{ profile.first_name | shout }}</mj-text>")

    errors = [one for one in found(template) if one.level is Level.ERROR]

    assert [(one.line, one.what) for one in errors] == [(3, "There is no filter shout.")]


def test_findings_are_one_line_each_and_errors_come_first(tmp_path: Path) -> None:
    template = mail('<mj-button href="">a</mj-button>', '<mj-button href="x:y">b</mj-button>')

    lines = [str(one) for one in found(template)]

    assert [line.partition("The")[0].partition("This")[0] for line in lines] == [
        "mail.mjml:4: error: ",
        "mail.mjml:3: warning: ",
    ]
    assert all("\n" not in line for line in lines)
