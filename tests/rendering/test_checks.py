"""The linter finds what the compiler refuses without a line, or takes in silence."""

import time
from dataclasses import replace

import mjml
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rendering.checks import check, check_template
from core.rendering.masking import mask
from core.rendering.mjml_tags import ATTRIBUTES, CHILDREN
from core.rendering.problems import Level
from core.rendering.templates import load_templates
from tests.rendering.mails import TEMPLATES, body, mail, words

KNOWN = ["profile.first_name", "profile.email", "cart.products[].title", "cart.total", "viewed"]


def found(source: str, **asked: object) -> list[str]:
    return [str(problem) for problem in check(source, "a.mjml", **asked)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("source", "line", "level", "message"),
    [
        (body("\n<mj-txt>x</mj-txt>"), 2, "warning", "no tag <mj-txt>; did you mean mj-text?"),
        (body('<mj-text\n colour="red">x</mj-text>'), 2, "warning", "no attribute colour; did"),
        (body('<mj-text color="a" color="b">x</mj-text>'), 1, "warning", "color stands twice"),
        (body("<mj-text color>x</mj-text>"), 1, "warning", "color in <mj-text> has no value"),
        (body("<mj-text color=red>x</mj-text>"), 1, "error", "needs quotes"),
        (body("\n\n<mj-column></mj-column>"), 3, "warning", "<mj-column> has no place in <mj-col"),
        ("<mjml><mj-body><mj-text>x</mj-text></mj-body></mjml>", 1, "warning", "no place in <mj-b"),
        (body("<div>x</div>"), 1, "warning", "put HTML into <mj-text> or <mj-raw>"),
        (body("\nhello"), 2, "warning", "text directly in <mj-column> is left out"),
        (words("<mj-button>x</mj-button>"), 1, "warning", "inside <mj-text> means nothing"),
        ("<mjml><mj-head><mj-text>x</mj-text></mj-head></mjml>", 1, "error", "no place in <mj-he"),
        (body("<mj-text>\n<b>x</mj-text>"), 2, "error", "</mj-text> stands where </b> is due"),
        (body("<mj-text>x").partition("</mj-column>")[0], 1, "error", "is never closed"),
        (words("x</b>"), 1, "error", "</b> stands where </mj-text> is due"),
        ("</mj-text>", 1, "error", "</mj-text> closes nothing"),
        (words("x</br>"), 1, "error", "<br> stands alone"),
        (words("1 < 2"), 1, "error", "a bare < begins no tag; write &lt;"),
        (body('<mj-text color="red>x</mj-text>'), 1, "error", "look for a missing > or an open"),
        (words("<!-- x"), 1, "error", "a comment is never closed"),
        (body('<mj-include path="x" />'), 1, "warning", "{% include"),
        (words("\n{% if x %}\n"), 2, "error", "{% if %} is never closed; add {% endif %}"),
        (words("\n{% else %}"), 2, "error", "this is no Jinja"),
        (words("\n{{ x | uper }}"), 2, "error", "no filter uper; did you mean upper?"),
        (words("{{ x is evenn }}"), 1, "error", "no test evenn; did you mean even?"),
        (words("{{ x.items() }}"), 1, "error", "| items"),
        (words("{{ lipsum | random }}"), 1, "error", "there is no filter random"),
        (words("{{ " + "(" * 2000 + " }}"), 1, "error", ""),
    ],
)
def test_each_fault_has_its_line_its_level_and_a_way_out(
    source: str, line: int, level: str, message: str
) -> None:
    lines = found(source)

    assert any(one.startswith(f"a.mjml:{line}: {level}: ") and message in one for one in lines), (
        lines
    )


@pytest.mark.parametrize(
    "content",
    [
        "{% if a %}<mj-text>x</mj-text>{% else %}<mj-image src='https://x.example/' />{% endif %}",
        "{% if a %}<mj-text color='red'>{% else %}<mj-text>{% endif %}x</mj-text>",
        "{% for a in b %}<mj-text>{{ a }}</mj-text>{% else %}<mj-text>none</mj-text>{% endfor %}",
        "<mj-text {% if a %}color='red'{% else %}color='blue'{% endif %}>x</mj-text>",
        "<mj-text {{ more }}>x</mj-text>",
        "<mj-text>{{ '<b>' if a < b else '}}' }}</mj-text>",
        "<mj-text>{% raw %}{{ no jinja }}{% endraw %}</mj-text>",
        "<mj-text>{# <b> {{ #}</mj-text>",
        "<mj-text>a<br>b<br/><img src='https://x.example/' alt=''></mj-text>",
        "<mj-text><!-- <b> --></mj-text>",
        "<mj-raw><table><tr><td data-x='1'>x</td></tr></table></mj-raw>",
        "{% macro m(a) %}<mj-text>{{ a }}</mj-text>{% endmacro %}{{ m(1) }}",
        "<mj-text>&nbsp;&amp; a &gt; b > c</mj-text>",
    ],
)
def test_what_is_right_is_left_alone(content: str) -> None:
    assert found(body(content)) == []


@pytest.mark.parametrize(
    "content",
    [
        "{% if a %}<b>{% endif %}x",
        "{% if a %}<b>{% else %}<i>{% endif %}x</b>",
        "{% for a in b %}<b>{% endfor %}",
        "{% if a %}<b>{% elif c %}{% else %}<b>{% endif %}x</b>",
    ],
)
def test_branches_that_open_different_tags_are_told(content: str) -> None:
    problems = check(words(content), "a.mjml")

    assert any("do not match" in problem.message for problem in problems)


class TestNames:
    def test_a_name_that_nobody_has_is_told_with_what_was_meant(self) -> None:
        source = words("{{ profile.frist_name }}\n{{ crat.total }} {{ cart.prodcts[0].title }}")

        assert found(source, known=KNOWN) == [
            "a.mjml:1: warning: nobody has profile.frist_name; did you mean profile.first_name?",
            "a.mjml:2: warning: nobody has crat; did you mean cart?",
            "a.mjml:2: warning: nobody has cart.prodcts; did you mean cart.products?",
        ]

    @pytest.mark.parametrize(
        "content",
        [
            *("{{ profile.first_name }}", "{{ cart.products[0].anything }}", "{{ viewed[2].x }}"),
            "{% for item in cart.products %}{{ item.title }}{{ loop.index }}{% endfor %}",
            "{% set a, b = 1, 2 %}{{ a }}{{ b }}",
            "{% macro m(x) %}{{ x.y }}{{ caller() }}{% endmacro %}{% call m(1) %}{% endcall %}",
            "{{ subject }}{{ links.unsubscribe }}{{ company.name }}",
            "{{ nickname is defined }}{{ range(3) | list }}",
        ],
    )
    def test_names_that_are_there_are_not(self, content: str) -> None:
        assert found(words(content), known=KNOWN) == []

    def test_without_a_list_of_names_none_is_asked_about(self) -> None:
        assert found(words("{{ anything.at.all }}")) == []

    def test_an_unknown_file_to_include_is_told(self) -> None:
        lines = found(words("{% include 'partials/foter.mjml' %}"), files=["partials/footer.mjml"])

        assert lines == [
            "a.mjml:1: error: there is no file 'partials/foter.mjml' to include; "
            "did you mean partials/footer.mjml?"
        ]


class TestTemplates:
    def test_every_part_of_a_template_is_looked_at(self) -> None:
        template = mail(
            words("{{ a.b }}"),
            subject="{{ x",
            preheader="{{ a.c }}",
            requires=("a.d",),
            partials={"partials/p.mjml": "<mj-text>"},
            line_by_key={"subject": 4, "preheader": 5, "requires": 6},
        )

        places = {
            (problem.file, problem.line, problem.level)
            for problem in check_template(template, known=["a.b"])
        }

        assert places == {
            ("mail.yaml", 4, Level.ERROR),
            ("mail.yaml", 5, Level.WARNING),
            ("mail.yaml", 6, Level.WARNING),
            ("partials/p.mjml", 1, Level.ERROR),
        }

    @pytest.mark.parametrize("start", ["", "hello", "<html>", "<mj-section></mj-section>"])
    def test_an_email_begins_with_its_tag(self, start: str) -> None:
        problems = check_template(mail(start))

        assert any("begins with <mjml>" in problem.message for problem in problems)

    def test_a_starter_with_a_tag_taken_away_is_told_apart(self) -> None:
        starter = load_templates(TEMPLATES)["cart_recovery"]
        broken = replace(starter, source=starter.source.replace("</mj-column>", "", 1))

        errors = [problem for problem in check_template(broken) if problem.level is Level.ERROR]

        assert [problem.line for problem in errors] == [13]


@pytest.mark.parametrize(
    "content",
    [
        "{{ a" + ".b" * 20_000 + " }}",
        "{{ 1" + " + 1" * 20_000 + " }}",
        "{{ a" + " | upper" * 20_000 + " }}",
        *("{{ " * 60_000, "{% if a %}" * 20_000, "{# " * 60_000, "{% raw %}" * 20_000),
        *(
            "<b>" * 60_000,
            "<mj-txt />" * 20_000,
            "</b>" * 60_000,
            "<!-- " * 60_000,
            "<b '" * 60_000,
        ),
        "{{ a.b }}\n" * 8_000,
        "<b " + "a='1' " * 20_000 + ">",
        "\n" * 200_000 + "<b>",
    ],
    ids=lambda content: content[:12],
)
def test_a_hostile_template_is_checked_soon(content: str) -> None:
    began = time.process_time()

    problems = check(body(content), "a.mjml", known=["c"])

    assert time.process_time() - began < 2.5
    assert 0 < len(problems) <= 201 or content.startswith(("\n", "<b a"))


def test_checking_computes_nothing() -> None:
    assert found(words("{{ 'a' | center(10**11) }}{{ 10**10**10 }}")) == []


@given(st.text(st.sampled_from("<>/=\"' ab{}%#!-\n"), max_size=60))
def test_any_text_is_checked_without_an_exception_and_with_lines_that_exist(source: str) -> None:
    problems = check(source, "a.mjml", known=["a"])

    assert all(1 <= problem.line <= source.count("\n") + 1 for problem in problems)
    assert all("\n" not in problem.message for problem in problems)


@given(st.text(st.sampled_from("<>\"' ab{}%#\n"), max_size=60))
def test_hiding_jinja_keeps_every_place(source: str) -> None:
    masked = mask(source)

    assert len(masked.markup) == len(source)
    assert [at for at, sign in enumerate(masked.markup) if sign == "\n"] == [
        at for at, sign in enumerate(source) if sign == "\n"
    ]


PAIRS = sorted((outer, inner) for outer, inners in CHILDREN.items() for inner in inners)


def placed(content: str, tag: str) -> str:
    """Put content into a tag, and that into all the tags it needs around it."""
    content = f"<{tag}>{content}</{tag}>"
    outer = min((outer for outer, inner in PAIRS if inner == tag), default="")
    return placed(content, outer) if outer else content


@pytest.mark.parametrize(("outer", "inner"), PAIRS)
def test_the_compiler_takes_every_tag_where_the_table_says(outer: str, inner: str) -> None:
    content = "<mj-raw>x</mj-raw>" if inner == "mj-raw" else f"<{inner} />"

    html = mjml.mjml2html(placed(content, outer))

    assert "<mj" not in html


@pytest.mark.parametrize("tag", CHILDREN)
@pytest.mark.parametrize("content", ["<mj-foo />", "<mj-body></mj-body>", "<div>x</div>", "text"])
def test_what_the_compiler_refuses_inside_a_tag_is_an_error_the_rest_a_warning(
    tag: str, content: str
) -> None:
    source = placed(content, tag)
    if (tag, content) == ("mjml", "<mj-body></mj-body>"):
        return
    try:
        mjml.mjml2html(source)
        level = Level.WARNING
    except ValueError:
        level = Level.ERROR

    assert {problem.level for problem in check(source, "a.mjml")} == {level}


def test_every_tag_stands_somewhere() -> None:
    assert {inner for _, inner in PAIRS} == ATTRIBUTES.keys() - {"mjml", "mj-include"}


@pytest.mark.parametrize("tag", ["mj-text", "mj-button", "mj-image", "mj-section", "mj-column"])
def test_what_the_compiler_refuses_is_an_error_of_ours(tag: str) -> None:
    source = body(f"<{tag}>x")

    with pytest.raises(ValueError, match=r"."):
        mjml.mjml2html(source)

    assert any(problem.level is Level.ERROR for problem in check(source, "a.mjml"))
