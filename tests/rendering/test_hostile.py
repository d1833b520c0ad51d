"""No template and no person can stop, fill or crash the renderer, or say what they must not."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from core.rendering.emails import EmailTemplate, NotRendered, Refusal, RenderedEmail
from core.rendering.renderer import Renderer
from tests.rendering.mails import GRETA, Page, body, mail, words

LIMIT = 2.5  # seconds
HARMLESS = mail(words("Hello {{ profile.first_name }}"))

LOOPS = "{% for a in range(9999) %}" * 4 + "x" + "{% endfor %}" * 4
DOUBLING = (
    "{% set n = namespace(x='aaaaaaaa') %}"
    "{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}"
)
REFUSED = {
    # Too much: told before it is computed.
    "text times a billion": ("{{ 'a' * 10**9 }}", Refusal.TEMPLATE),
    "a billion times text": ("{{ 10**9 * 'a' }}", Refusal.TEMPLATE),
    "a list times a billion": ("{{ ([1] * 10**9) | length }}", Refusal.TEMPLATE),
    "products of products": ("{% set a = 'a' * 99999 %}{{ a * 99999 }}", Refusal.TEMPLATE),
    "a tower of powers": ("{{ 9**9**9**9**9 }}", Refusal.TEMPLATE),
    "a large power": ("{{ (10**999)**999 }}", Refusal.TEMPLATE),
    "a huge range": ("{% for i in range(10**9) %}x{% endfor %}", Refusal.TEMPLATE),
    "a huge range backwards": ("{{ range(10**12, 0, -1) | list }}", Refusal.TEMPLATE),
    "a percent width": ("{{ '%999999999d' % 1 }}", Refusal.TEMPLATE),
    "a percent precision": ("{{ '%.999999999f' | format(1.5) }}", Refusal.TEMPLATE),
    "a percent width from outside": ("{{ '%*d' | format(999999999, 1) }}", Refusal.TEMPLATE),
    "a brace width": ("{{ '{:>999999999}'.format('a') }}", Refusal.TEMPLATE),
    "a brace width from outside": ("{{ '{:{}}'.format('a', 999999999) }}", Refusal.TEMPLATE),
    # Too long or too large: stopped.
    "loops in loops": (LOOPS, Refusal.TIME),
    "loops in a condition": (LOOPS.replace("x", "{% if a == b %}{% endif %}"), Refusal.TIME),
    "sums of loops": (
        "{% set n = namespace(x=0) %}"
        + LOOPS.replace("x", "{% set n.x = n.x + 1 %}")
        + "{{ n.x }}",
        Refusal.TIME,
    ),
    "sorting in loops": (
        "{% for i in range(9999) %}{% for j in range(9999) %}"
        "{% set x = range(9999) | sort(reverse=true) | first %}{% endfor %}{% endfor %}",
        Refusal.TIME,
    ),
    "replacing again and again": (
        "{% for i in range(9999) %}{% set x = ('a' * 99999) | replace('a', 'bb') %}{% endfor %}"
        * 40,
        Refusal.TIME,
    ),
    "doubling a text": (DOUBLING, Refusal.MEMORY),
    "doubling a list": (
        "{% set n = namespace(x=[1, 2]) %}"
        "{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}",
        Refusal.MEMORY,
    ),
    "centring": ("{{ 'a' | center(10**10) }}", Refusal.MEMORY),
    "centring by Python": ("{{ 'a'.center(10**10) }}", Refusal.MEMORY),
    "filling with zeros": ("{{ '1'.zfill(10**10) }}", Refusal.MEMORY),
    "tabs": ("{{ '\t'.expandtabs(2 * 10**9) }}", Refusal.MEMORY),
    "batches": ("{{ [1] | batch(10**9, 0) | list | length }}", Refusal.MEMORY),
    "joins": (
        "{% set a = 'a' * 99999 %}{{ [a] * 9999 | int }}{{ range(9999) | join(a) }}",
        Refusal.MEMORY,
    ),
    "a long e-mail": (
        "{% for i in range(9999) %}" + "hello " * 100 + "{% endfor %}",
        Refusal.TOO_LARGE,
    ),
    "deep wrappers": ("<b>" * 2_000 + "</b>" * 2_000, Refusal.TOO_LARGE),
    "deep wrappers made in a loop": (
        "{% for i in range(2000) %}<b>{% endfor %}{% for i in range(2000) %}</b>{% endfor %}",
        Refusal.TOO_LARGE,
    ),
    # Without end.
    "a macro that calls itself": ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", None),
    "macros that call each other": (
        "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
        None,
    ),
    "a recursive loop": (
        "{% for i in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}",
        Refusal.TEMPLATE,
    ),
    "an include of itself": ("{% include 'mail.mjml' %}", Refusal.TEMPLATE),
    "a partial that includes itself": ("{% include 'partials/a.mjml' %}", Refusal.TEMPLATE),
    "brackets in brackets": ("{{ " + "(" * 5_000 + "1" + ")" * 5_000 + " }}", None),
    "conditions in conditions": ("{% if 1 %}" * 500 + "{% endif %}" * 500, None),
    # Out of the box.
    "lipsum": ("{{ lipsum(n=10**6) }}", Refusal.TEMPLATE),
    "globals of a function": ("{{ range.__globals__ }}", Refusal.TEMPLATE),
    "the class of a text": ("{{ ''.__class__.__mro__[1].__subclasses__() }}", Refusal.TEMPLATE),
    "the class by a key": ("{{ ''['__class__'] }}", Refusal.TEMPLATE),
    "the class by a filter": ("{{ '' | attr('__class__') }}", Refusal.TEMPLATE),
    "the class by mapping": ("{{ [''] | map(attribute='__class__') | list }}", Refusal.TEMPLATE),
    "the class by a format": ("{{ '{0.__class__}'.format('') }}", Refusal.TEMPLATE),
    "a generator's frame": ("{{ ([1] | map('int')).gi_frame }}", Refusal.TEMPLATE),
    "the innards of a loop": (
        "{% for i in [1] %}{{ loop._iterable.__class__ }}{% endfor %}",
        Refusal.TEMPLATE,
    ),
    "the innards of a cycler": ("{{ cycler('a').__init__.__globals__ }}", Refusal.TEMPLATE),
    "the loader": ("{{ self.__init__.__globals__ }}", Refusal.TEMPLATE),
    "changing what was given": ("{% do profile.update({'a': 1}) %}", Refusal.TEMPLATE),
    "changing a list": ("{% set a = [1] %}{% do a.append(2) %}", Refusal.TEMPLATE),
    "a file outside": ("{% include '../../etc/passwd' %}", Refusal.TEMPLATE),
    "a file by its whole path": ("{% include '/etc/passwd' %}", Refusal.TEMPLATE),
    "a file named by a person": ("{% include profile.first_name %}", Refusal.TEMPLATE),
    "an import from outside": ("{% import '/etc/passwd' as p %}", Refusal.TEMPLATE),
    # Simply wrong.
    "a division by zero": ("{{ 1 / 0 }}", Refusal.TEMPLATE),
    "a wrong filter": ("{{ 1 | nothing }}", Refusal.TEMPLATE),
    "an open expression": ("{{ 1", Refusal.TEMPLATE),
    "an open tag": ("<b>", Refusal.MARKUP),
    "a bare sign": ("a < b", Refusal.MARKUP),
    "text with a number": ("{{ 'a' + 1 }}", Refusal.TEMPLATE),
    "an unknown function": ("{{ open('/etc/passwd') }}", Refusal.TEMPLATE),
    "an integer of a million digits": ("{{ ('9' * 99999) | int * 1 }}", None),
}
# A busy machine may take so long to fill the memory that the time is up first.
ALSO = {Refusal.MEMORY: {Refusal.MEMORY, Refusal.TIME}}


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    with Renderer(time_limit=timedelta(seconds=0.8)) as renderer:
        yield renderer


def assert_alive(renderer: Renderer) -> None:
    outcome = renderer.render(HARMLESS, GRETA)
    assert isinstance(outcome, RenderedEmail)
    assert "Hello Greta" in outcome.html


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_template_ends_soon_with_one_sentence_and_a_living_renderer(
    renderer: Renderer, name: str
) -> None:
    content, reason = REFUSED[name]
    partials = {"partials/a.mjml": "{% include 'partials/a.mjml' %}"}
    template = mail(words(content), partials=partials)
    assert_alive(renderer)

    began = time.monotonic()
    outcome = renderer.render(template, GRETA)
    took = time.monotonic() - began

    assert took < LIMIT
    assert_alive(renderer)
    if reason is not None or isinstance(outcome, NotRendered):
        assert isinstance(outcome, NotRendered)
        assert reason is None or outcome.reason in ALSO.get(reason, {reason})
        assert 10 < len(outcome.message) < 500
        assert "\n" not in outcome.message
        assert "Traceback" not in outcome.message


def test_2000_nested_wrappers_end_with_a_sentence(renderer: Renderer) -> None:
    wrappers = "<mj-wrapper>" * 2_000 + "</mj-wrapper>" * 2_000
    template = mail(f"<mjml><mj-body>{wrappers}</mj-body></mjml>")

    outcome = renderer.render(template, {})

    assert isinstance(outcome, NotRendered)
    assert outcome.reason is Refusal.TOO_LARGE
    assert "2002 deep" in outcome.message
    assert_alive(renderer)


def test_mjml_includes_no_file(renderer: Renderer) -> None:
    include = mail(body('<mj-include path="/etc/passwd" />'))
    inside_text = mail(words('<mj-include path="/etc/passwd" />'))

    refused, passed_on = renderer.render(include, {}), renderer.render(inside_text, {})

    assert isinstance(refused, NotRendered)
    assert isinstance(passed_on, RenderedEmail)
    assert "root:" not in passed_on.html


def test_a_hostile_subject_is_refused_like_a_body(renderer: Renderer) -> None:
    template = mail(words("x"), subject="{% for i in range(9999) %}" * 5 + "{% endfor %}" * 5)

    outcome = renderer.render(template, {})

    assert isinstance(outcome, NotRendered)
    assert outcome.reason is Refusal.TIME
    assert_alive(renderer)


def test_the_limit_of_a_real_renderer_is_two_seconds() -> None:
    with Renderer() as renderer:
        assert_alive(renderer)
        began = time.monotonic()
        outcome = renderer.render(mail(words(LOOPS)), {})
        took = time.monotonic() - began

    assert isinstance(outcome, NotRendered)
    assert outcome.message.startswith("the e-mail took longer than 2 s")
    assert 2.0 <= took < LIMIT


NAMES = {
    "quotes": "\"Bob\" 'the' `builder`",
    "line ends": "Ann\r\nBcc: all@example.com\nX: y",
    "unicode line ends": "Ann\u2028Bob\u2029Cid\x85Dan\x0bEve\x0c",
    "a script": "</script><script>alert(1)</script>",
    "a comment": "--><img src=x onerror=alert(1)><!--",
    "an end of the e-mail": "</mj-text></mj-column></mj-section></mj-body></mjml>",
    "a tag of MJML": '<mj-include path="/etc/passwd" />',
    "Jinja": "{{ 7 * 7 }}{% for i in range(9) %}x{% endfor %}",
    "an attribute": '" onclick="alert(1)" x="',
    "an attribute in single quotes": "' onclick='alert(1)' x='",
    "right to left": "\u200fمحمد بن عبد الله\u200f",
    "an override": "\u202egpj.exe\u202c",
    "Hebrew": "שָׁלוֹם",
    "Thai": "ทดสอบ กำลังใจ ญี่ปุ่น",
    "Bengali": "বাংলা ক্ষ জ্ঞ",
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈",
    "marks upon marks": "Z" + "\u0301" * 200,
    "control signs": "a\x00b\x01c\x1bd\x7fe",
    "half a sign": "a\ud800b",
    "ten thousand signs": "N" * 10_000,
    "ten thousand words": "ab " * 3_333,
    "a style": "x;background:url(javascript:alert(1))",
    "nothing but spaces": "   \t ",
    "an entity": "&lt;b&gt; &#60;script&#62;",
}
EVERYWHERE = mail(
    body(
        '<mj-text><b title="{{ profile.v }}">{{ profile.v }}</b></mj-text>'
        "<mj-image src='https://x.example/' alt='{{ profile.v }}' href=\"{{ profile.v }}\" />"
        '<mj-button href="https://x.example/?q={{ profile.v | urlencode }}">{{ profile.v }}'
        "</mj-button>"
    ),
    subject="Hello {{ profile.v }}!",
    preheader="{{ profile.v }}",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_is_shown_and_does_nothing(renderer: Renderer, name: str) -> None:
    value = NAMES[name]

    outcome = renderer.render(EVERYWHERE, {"profile": {"v": value}})

    assert isinstance(outcome, RenderedEmail)
    page = Page(outcome.html)
    kinds = {tag for tag, _ in page.tags}
    attributes = {attribute for _, found in page.tags for attribute in found}
    assert not kinds & {"script", "mj-include", "mjml"}
    assert not {attribute for attribute in attributes if attribute.startswith("on")}
    assert "49" not in outcome.text
    assert not {"\r", "\n", "\u2028", "\u2029", "\x85", "\u202e"} & set(outcome.subject)
    assert outcome.subject.startswith("Hello")
    assert len(outcome.subject) <= 500


def test_values_of_every_kind_are_taken(renderer: Renderer) -> None:
    context: dict[str, Any] = {
        "profile": {"v": [1, "two", 3.5, True], "deep": {"a": [{"b": None}]}},
        "cart": None,
    }
    template = mail(words("{{ profile.v }} {{ profile.deep.a[0].b }} {{ cart.total }}"))

    outcome = renderer.render(template, context)

    assert isinstance(outcome, RenderedEmail)
    assert "1, two, 3.5, True" in outcome.text
    assert [field.name for field in outcome.missing] == ["profile.deep.a[0].b", "cart.total"]


def test_what_is_no_json_is_a_mistake_of_the_caller(renderer: Renderer) -> None:
    with pytest.raises(TypeError):
        renderer.render(HARMLESS, {"profile": {"v": object()}})  # type: ignore[dict-item]

    assert_alive(renderer)


def test_a_template_of_another_is_not_taken_for_it(renderer: Renderer) -> None:
    templates: list[EmailTemplate] = [mail(words(f"number {n}")) for n in range(70)]

    for number, template in [*enumerate(templates), *enumerate(templates)]:
        outcome = renderer.render(template, {})
        assert isinstance(outcome, RenderedEmail)
        assert f"number {number}<" in outcome.html
