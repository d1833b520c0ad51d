"""Templates of Mailchimp and Klaviyo become ours, and what could not is listed."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import UnusableInput
from core.rendering.merge_tags import convert
from core.rendering.templates import load_templates
from tests.rendering.mails import TEMPLATES, mail, rendered, words

PERSON = {
    "profile": {"first_name": "Ann", "age": "21", "color": "red", "Fav Shop": "Fell"},
    "trigger": {"properties": {"x": 4, "items": [{"product": {"title": "Boot"}}], "$value": 9.5}},
    "links": {"unsubscribe": "https://x.example/u", "preferences": "https://x.example/p"},
    "company": {"name": "Fellgrove", "address": "1 Lane"},
}


def shown(source: str) -> str:
    """Convert, fill in for Ann, and give the text."""
    converted = convert(source)
    return rendered(mail(words(converted.source)), PERSON).text.strip()


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Hi *|FNAME|*!", "Hi Ann!"),
        ("*|MERGE1|* *|UPPER:FNAME|*", "Ann ANN"),
        ("*|IF:FNAME|*yes*|ELSE:|*no*|END:IF|*", "yes"),
        ("*|IF:LNAME|*yes*|ELSE:|*no*|END:IF|*", "no"),
        ("*|IF:FNAME=Ann|*a*|ELSEIF:FNAME=Bo|*b*|ELSE:|*c*|END:IF|*", "a"),
        ("*|IF:COLOR=blue|*a*|ELSEIF:COLOR=red|*b*|ELSE:|*c*|END:IF|*", "b"),
        ("*|IF:AGE>=18|*adult*|END:IF|*", "adult"),
        ("*|IF:KIDS>0|*kids*|ELSE:|*none*|END:IF|*", "none"),
        ("*|IF:FNAME!=Ann|*a*|ELSE:|*b*|END:IF|*", "b"),
        ("*|IFNOT:LNAME|*nameless*|END:IF|*", "nameless"),
        ("*|IF:FNAME|**|IF:COLOR=red|*both*|END:IF|**|END:IF|*", "both"),
        ("*|LIST:COMPANY|*, *|HTML:LIST_ADDRESS_HTML|*", "Fellgrove, 1 Lane"),
        ('<a href="*|UNSUB|*">Bye</a>', "Bye (https://x.example/u)"),
        ('<a href="*|UPDATE_PROFILE|*">Change</a>', "Change (https://x.example/p)"),
    ],
)
def test_mailchimps_tags_say_the_same_here(source: str, text: str) -> None:
    assert shown(source) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ first_name|default:'there' }}", "Ann"),
        ("{{ last_name|default:'there' }}", "there"),
        ('{{ person.first_name|default:"" }}', "Ann"),
        ("{{ person|lookup:'Fav Shop' }}", "Fell"),
        ("{% if person|lookup:'Fav Shop' == 'Fell' %}yes{% else %}no{% endif %}", "yes"),
        ("{% if event.extra.x > 3 and person.first_name %}yes{% endif %}", "yes"),
        ("{{ event.items.0.product.title|upper }}", "BOOT"),
        ("{{ event.extra.items.0.product.title }}", "Boot"),
        ("{{ event|lookup:'$value'|floatformat:2 }}", "9.50"),
        (
            "{% for i in event.items %}{{ forloop.counter }}{{ i.product.title }}{% endfor %}",
            "1Boot",
        ),
        ("{% for i in event.none %}x{% empty %}empty{% endfor %}", "empty"),
        ("{{ organization.name }}, {{ organization.full_address }}", "Fellgrove, 1 Lane"),
        ("{% unsubscribe 'Bye' %}", "Bye (https://x.example/u)"),
        ('<a href="{% manage_preferences_link %}">Change</a>', "Change (https://x.example/p)"),
        ("a{% comment %}hidden{% endcomment %}b", "ab"),
        ("{{ event.items|length }}{{ event.items|slice:':0'|length }}", "10"),
    ],
)
def test_klaviyos_tags_say_the_same_here(source: str, text: str) -> None:
    assert shown(source) == text


def test_a_date_keeps_its_form() -> None:
    converted = convert("{{ event.at|format_date_string|date:'d F o' }}")

    assert converted.source == '{{ trigger.properties.at | date("%d %B %Y") }}'


@pytest.mark.parametrize(
    "tag",
    [
        *("*|RSSITEM:TITLE|*", "*|DATE:d/m/y|*", "*|INTERESTED:Shoes:Boots|*", "*|CURRENT_YEAR|*"),
        *("{% coupon_code 'SUMMER' %}", "{% catalog item %}", "{% today '%Y' %}"),
        *("{{ first_name|truncatewords:5 }}", "{{ first_name|no_such_filter }}"),
    ],
)
def test_what_could_not_be_converted_is_listed_with_its_line_and_not_sent(tag: str) -> None:
    converted = convert(f"Hello\n{tag} end")

    (note,) = converted.notes
    assert note.line == 2
    assert note.tag in (tag, "")
    if "first_name" not in tag:
        assert rendered(mail(words(converted.source))).text == "Hello end\n"


def test_a_field_of_their_own_is_listed_for_a_look() -> None:
    converted = convert("*|SHOESIZE|*")

    assert converted.source == "{{ profile.shoesize }}"
    assert "profile.shoesize" in converted.notes[0].message


def test_blocks_that_do_not_close_are_listed() -> None:
    assert convert("*|IF:FNAME|*x").notes
    assert convert("{% if first_name %}x").notes


def test_our_own_templates_stay_as_they_are() -> None:
    for template in load_templates(TEMPLATES).values():
        for source in (template.source, template.subject, *template.partials.values()):
            converted = convert(source)

            assert converted.source == source
            assert converted.notes == []


@pytest.mark.parametrize(
    "part", ["{{ ", "{% if ", "{% set ", "*|", "{# ", "{% comment %}", "*|FNAME|*", "{{ a|b:'"]
)
def test_hostile_text_is_converted_soon(part: str) -> None:
    began = time.process_time()

    convert(part * 15_000)

    assert time.process_time() - began < 2.5


def test_a_text_longer_than_any_email_is_refused() -> None:
    with pytest.raises(UnusableInput, match="longer than"):
        convert("x" * 600_000)


def test_converting_twice_changes_nothing_more() -> None:
    once = convert("*|FNAME|* {{ last_name|default:'x' }} {% if event.x > 3 %}{% endif %}").source

    assert convert(once).source == once


@given(st.text(st.sampled_from("*|{}%#:'\" aIFND.0\n"), max_size=60))
def test_any_text_is_converted_without_an_exception(source: str) -> None:
    converted = convert(source)

    assert all(1 <= note.line <= source.count("\n") + 1 for note in converted.notes)
