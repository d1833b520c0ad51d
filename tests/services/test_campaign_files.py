import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.campaigns import Campaign
from core.domain.errors import UnusableInput
from core.services.campaign_files import (
    campaign_json,
    campaign_yaml,
    check_templates,
    load_campaign,
    read_campaign,
)
from core.settings import REPOSITORY

CART = """\
name: Cart recovery
stage: consideration            # awareness | consideration | conversion | loyalty
timezone: Europe/Berlin
trigger:
  kind: absence                 # event | count | sum | absence | inactivity | sequence
  start: {event: cart_add, where: [{property: price, op: gte, value: 20}]}
  unless: {event: purchase}
  within: 24h
  anchor: last
reentry: {cooldown: 7d}
audience: {all: [{trait: country, op: in, value: [DE, AT]}, {segment: Repeat buyers}]}
holdout: 0.1
goal: {event: {event: purchase}, within: 7d}
quiet_hours: {from: "21:00", to: "08:00"}
frequency_cap: {max: 3, per: 7d}
steps:                          # the first step is the entry
  - {id: test, kind: split, salt: cart-timing, variants: [
      {name: now, weight: 1, next: mail_now}, {name: later, weight: 1, next: pause}]}
  - {id: mail_now, kind: send, template: cart_recovery, next: wait}
  - {id: pause, kind: delay, for: 4h, next: mail_later}
  - {id: mail_later, kind: send, template: cart_recovery, next: wait}
  - {id: wait, kind: wait_for, event: {event: email_clicked}, timeout: 24h, then: done,
     otherwise: escalate}
  - {id: escalate, kind: send, template: cart_discount, next: done}
  - {id: done, kind: exit}
"""

CART_AS_WRITTEN = """\
name: Cart recovery
stage: consideration
timezone: Europe/Berlin
trigger:
  kind: absence
  start: {event: cart_add, where: [{property: price, op: gte, value: 20}]}
  unless: {event: purchase}
  within: 24h
reentry: {cooldown: 7d}
audience: {all: [{trait: country, op: in, value: [DE, AT]}, {segment: Repeat buyers}]}
holdout: 0.1
goal: {event: {event: purchase}, within: 7d}
quiet_hours: {from: "21:00", to: "08:00"}
frequency_cap: {max: 3, per: 7d}
steps:
  - id: test
    kind: split
    salt: cart-timing
    variants: [{name: now, weight: 1, next: mail_now}, {name: later, weight: 1, next: pause}]
  - {id: mail_now, kind: send, template: cart_recovery, next: wait}
  - {id: pause, kind: delay, for: 4h, next: mail_later}
  - {id: mail_later, kind: send, template: cart_recovery, next: wait}
  - {id: wait, kind: wait_for, event: {event: email_clicked}, timeout: 24h, then: done, otherwise: escalate}
  - {id: escalate, kind: send, template: cart_discount, next: done}
  - {id: done, kind: exit}
"""  # noqa: E501 - a golden file


def cart_with(old: str, new: str) -> str:
    assert CART.count(old) == 1
    return CART.replace(old, new)


def refusal_of(text: str, file_name: str = "cart.yaml") -> str:
    with pytest.raises(UnusableInput) as refusal:
        read_campaign(text, file_name)
    return str(refusal.value)


def faults_of(text: str, file_name: str) -> list[str]:
    """List what is wrong with a file that may be sound."""
    try:
        read_campaign(text, file_name)
    except UnusableInput as refusal:
        return str(refusal).split("\n")
    return []


def exact(campaign: Campaign) -> str:
    """Tell 1, 1.0 and true apart, which compare as equal."""
    return campaign.model_dump_json()


# Writing, and reading it back


def test_a_campaign_is_written_as_its_golden_file() -> None:
    assert campaign_yaml(read_campaign(CART, "cart.yaml")) == CART_AS_WRITTEN


def test_the_starter_campaigns_and_the_example_round_trip() -> None:
    starters = sorted((REPOSITORY / "templates" / "campaigns").glob("*.yaml"))
    campaigns = [read_campaign(CART, "cart.yaml"), *map(load_campaign, starters)]

    for campaign in campaigns:
        assert exact(read_campaign(campaign_yaml(campaign), "a.yaml")) == exact(campaign)
        assert exact(read_campaign(campaign_json(campaign), "a.json")) == exact(campaign)


TRICKY_WORDS = """
yes no NO on off y null Null ~ true 00123 1e3 1_000 0x1F 0o7 21:00 2019-10-01 .inf .nan << = -
? * *a &a !a % @ ` ' " \\ # { } [ ] , 24h 7 -1 +1 1. .5 $key $trigger.id --- ... é 🎉 ² ٣
"""
TRICKY_SIGNS = ["\n", "\t", "\r", "\u2028", "\u00a0", "\x7f", "\x85", "\ufeff", "\uffff"]
TRICKY = [*TRICKY_WORDS.split(), *TRICKY_SIGNS, "", " ", "a: b", "a #b", " a", "a ", "a\nb", "a\tb"]

texts = st.sampled_from(TRICKY) | st.text(
    st.characters(exclude_categories=("Cs",)).filter(lambda s: s >= " " or s in "\n\t\r"),
    min_size=1,
    max_size=12,
)
words = texts.filter(bool)
clocks = st.sampled_from(["00:00", "09:30", "21:00", "23:59"])
durations = st.sampled_from(["1s", "15m", "24h", "36h", "2d", "7d", "1d12h", "8d1s"])
numbers = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False).map(
    lambda number: number + 0.0
)
scalars = texts | numbers | st.booleans()
json_values = st.recursive(
    scalars | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
comparisons = st.one_of(
    st.fixed_dictionaries({"op": st.sampled_from(["eq", "ne", "contains"]), "value": scalars}),
    st.fixed_dictionaries({"op": st.just("gte"), "value": numbers}),
    st.fixed_dictionaries({"op": st.just("in"), "value": st.lists(scalars, max_size=3)}),
    st.just({"op": "exists"}),
)


def with_keys(base: st.SearchStrategy[dict[str, Any]], **keys: Any) -> st.SearchStrategy[Any]:
    return st.builds(lambda one, two: {**one, **two}, base, st.fixed_dictionaries(keys))


def some(required: dict[str, Any], **optional: Any) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(required, optional=optional)


events = words.filter(lambda word: not word.startswith("$"))
plain_comparisons = comparisons.filter(
    lambda c: not (isinstance(c.get("value"), str) and c["value"].startswith("$"))
)
matchers = some(
    {"event": events | st.lists(events, min_size=1, max_size=3)},
    where=st.lists(with_keys(plain_comparisons, property=words), max_size=2),
)
conditions = st.recursive(
    with_keys(comparisons, trait=words) | st.fixed_dictionaries({"segment": words}),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"all": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"any": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"not": inner}),
    ),
    max_leaves=5,
)
in_flow = conditions | st.fixed_dictionaries({"did": matchers})
triggers = st.one_of(
    some({"kind": st.just("event"), "match": matchers}, key=words),
    some(
        {
            "kind": st.just("count"),
            "match": matchers,
            "at_least": st.integers(1, 9),
            "within": durations,
        },
        key=words,
    ),
    some(
        {
            "kind": st.just("sum"),
            "match": matchers,
            "property": words,
            "at_least": st.integers(-9, 9) | st.floats(0.1, 1e12),
            "within": durations,
        }
    ),
    some(
        {
            "kind": st.just("absence"),
            "start": matchers,
            "unless": matchers,
            "within": durations,
        },
        anchor=st.sampled_from(["last", "first"]),
    ),
    some({"kind": st.just("inactivity"), "for": durations}, of=matchers),
    some(
        {
            "kind": st.just("sequence"),
            "steps": st.lists(matchers, min_size=2, max_size=5),
            "within": durations,
        }
    ),
)
variants = st.lists(
    some({"name": words, "weight": st.floats(0.01, 1e6) | st.integers(1, 9)}),
    min_size=2,
    max_size=3,
    unique_by=lambda variant: variant["name"],
)
steps = st.one_of(
    some({"kind": st.just("delay"), "for": durations}),
    some(
        {"kind": st.just("delay"), "until": clocks},
        on=st.lists(st.sampled_from(["mon", "fri", "sun"]), max_size=3),
    ),
    some(
        {"kind": st.just("wait_for"), "event": matchers, "timeout": durations},
        since=st.sampled_from(["arrival", "entry"]),
    ),
    some(
        {
            "kind": st.just("branch"),
            "cases": st.lists(st.fixed_dictionaries({"if": in_flow}), min_size=1, max_size=2),
        }
    ),
    some({"kind": st.just("split"), "variants": variants}, salt=texts),
    some({"kind": st.just("send"), "template": words}, subject=texts),
    some(
        {
            "kind": st.just("update_profile"),
            "set": st.dictionaries(texts, json_values, min_size=1, max_size=3),
        }
    ),
    some(
        {"kind": st.just("webhook"), "url": st.just("https://example.com/?a=b#c")},
        body=st.dictionaries(texts, json_values, max_size=2),
    ),
)
flows = st.lists(st.tuples(words, steps), min_size=1, max_size=5, unique_by=lambda s: s[0]).map(
    lambda named: [{"id": name, **step} for name, step in named]
)
names = words.map(str.strip).filter(lambda n: n and not any(ord(sign) < 32 for sign in n))
documents = some(
    {"name": names, "trigger": triggers, "steps": flows},
    description=texts,
    stage=st.sampled_from(["awareness", "loyalty"]),
    timezone=st.sampled_from(["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"]),
    reentry=st.sampled_from(["always", "once", {"cooldown": "7d"}]),
    audience=conditions,
    concurrent=st.booleans(),
    holdout=st.floats(0, 1).map(abs),
    holdout_salt=texts,
    goal=some({"event": matchers, "within": durations}),
    exit_on_goal=st.booleans(),
    quiet_hours=st.just({"from": "21:00", "to": "08:00"}),
    frequency_cap=st.fixed_dictionaries({"max": st.integers(1, 99), "per": durations}),
    max_event_age=durations,
    stale_after=durations,
)


@settings(max_examples=150, deadline=None)
@given(document=documents)
def test_any_campaign_is_read_back_exactly_as_it_was_written(document: dict[str, Any]) -> None:
    campaign = Campaign.model_validate(document)

    assert exact(read_campaign(campaign_yaml(campaign), "a.yaml")) == exact(campaign)
    assert exact(read_campaign(campaign_json(campaign), "a.json")) == exact(campaign)


@settings(max_examples=100, deadline=None)
@given(text=texts)
def test_other_programs_read_every_text_of_a_file_as_the_same_text(text: str) -> None:
    """PyYAML's own loader has the meaning of YAML 1.1, in which `no` is false and 1:30 is 90."""
    campaign = Campaign.model_validate(
        {
            "name": "a",
            "description": text,
            "trigger": {"kind": "event", "match": {"event": "b"}},
            "steps": [{"id": "c", "kind": "exit"}],
        }
    )

    assert yaml.safe_load(campaign_yaml(campaign)).get("description", "") == text


def test_long_parts_are_written_over_several_lines() -> None:
    steps = [
        {
            "id": "ask",
            "kind": "branch",
            "cases": [
                {"if": {"any": [{"segment": f"Segment number {n}"} for n in range(8)]}},
                {"if": {"segment": "x"}},
            ],
        },
        {"id": "set", "kind": "update_profile", "set": {"nested": [["long " * 15] * 2, []]}},
    ]
    trigger = {"kind": "event", "match": {"event": "purchase"}, "key": "order_id"}
    campaign = Campaign.model_validate({"name": "Long", "trigger": trigger, "steps": steps})

    written = campaign_yaml(campaign)

    assert max(map(len, written.splitlines())) <= 110
    assert "  kind: event\n  match: {event: purchase}\n  key: order_id\n" in written
    assert read_campaign(written, "long.yaml") == campaign


# What YAML means


def value_of(yaml_text: str) -> Any:
    text = cart_with("value: 20", f"value: {yaml_text}").replace("op: gte", "op: eq")
    return read_campaign(text, "cart.yaml").trigger.start.where[0].value


@pytest.mark.parametrize(
    "text",
    "on off yes no NO Yes y n 21:00 1:30 2019-10-01 2019-10-01T10:00:00Z 00123 007.5 -01 0x1F 0o17 "
    "1_000 12-4 1e 5. .e5 tRue nULL << = é 12h".replace(" 5. ", " ").split(),
)
def test_this_stays_text(text: str) -> None:
    assert value_of(text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("20", 20),
        ("-3", -3),
        ("+3", 3),
        ("0", 0),
        ("2.5", 2.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("0.1", 0.1),
        ("1234567890123456789", 1234567890123456789),
        ("true", True),
        ("False", False),
        ('"20"', "20"),
        ("'true'", "true"),
        ('"null"', "null"),
    ],
)
def test_this_is_read_as_its_value(text: str, value: object) -> None:
    found = value_of(text)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("nothing", ["", "~", "null"])
def test_null_leaves_a_key_out(nothing: str) -> None:
    campaign = read_campaign(cart_with("stage: consideration", f"stage: {nothing}"), "cart.yaml")

    assert campaign.stage is None


def test_the_key_on_is_a_word() -> None:
    text = cart_with("for: 4h", 'until: "09:00", on: [mon, tue]')

    assert [str(day) for day in read_campaign(text, "cart.yaml").steps[2].on] == ["mon", "tue"]


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm() -> None:
    text = "\ufeff" + CART.replace("\n", "\r\n")

    assert read_campaign(text, "cart.yaml") == read_campaign(CART, "cart.yaml")


# Errors, with their line


@pytest.mark.parametrize(
    ("old", "new", "begins"),
    [
        ("timeout: 24h", "timeout: -24h", "22: steps[4].timeout: '-24h' is a negative duration"),
        ("timeout: 24h", "timout: 24h", "22: steps[4].timout: unknown key 'timout'; did you mean"),
        ("kind: absence", "kind: abscence", "4: trigger: unknown kind 'abscence'"),
        ("{cooldown: 7d}", "{cooldwn: 7d}", "10: reentry.cooldwn: unknown key 'cooldwn'"),
        ("next: mail_later", "next: mail_latr", "20: steps[2].next: no step is called 'mail_latr'"),
        ("cart_discount, next: done", "x, next: wait", "16: steps: the flow goes in a circle"),
        ("kind: exit", "kind: exitt", "25: steps[6]: unknown kind 'exitt'"),
        ("weight: 1, next: pause", "weight: 0, next: pause", "18: steps[0].variants[1].weight: "),
        ("Europe/Berlin", "Berlin", "3: timezone: 'Berlin' is no time zone"),
        ("name: Cart recovery", "nam: Cart recovery", "1: nam: unknown key 'nam'"),
        (
            "  within: 24h",
            "  within: 24h\n  within: 48h",
            "9: the key 'trigger.within' stands twice",
        ),
        ("  within: 24h", "\twithin: 24h", "8: is no YAML here: a tab; indent with spaces"),
        ("name: Cart recovery", "name: Cart: recovery", "1: is no YAML here: a second colon"),
        ("name: Cart recovery", 'name: "Cart', "14: is no YAML here: "),
        ("name: Cart recovery", "name: @Cart", "1: is no YAML here: text that begins with this"),
        ("{cooldown: 7d}", "{cooldown: 7d", "11: is no YAML here: a comma is missing"),
        ("holdout: 0.1", "holdout: &a 0.1", "12: references such as &a are not used"),
        ("holdout: 0.1", "holdout: *a", "12: references such as *a are not used"),
        ("holdout: 0.1", "holdout: &a {<<: *a}", "12: references such as &a are not used"),
        ("holdout: 0.1", "holdout: !!python/name:os x", "12: a tag such as !!python/name:os is"),
        ("holdout: 0.1", "holdout: .inf", "12: '.inf' is not a finite number"),
        ("holdout: 0.1", "holdout: 1e999", "12: '1e999' is not a finite number"),
        ("holdout: 0.1", f"holdout: {'9' * 5000}", "12: a number of 5000 digits"),
        ("holdout: 0.1", "[a]: 0.1", "12: a key has to be a word"),
        ("name: Cart recovery", 'name: "\\ud800"', "1: an escape in this text stands for no"),
        ("name: Cart recovery", 'name: "\\0"', "1: an escape in this text stands for no"),
        ("name: Cart recovery", "name: \x07", "1: holds control characters"),
        ("stage: consideration", "stage: \x7f", "2: holds control characters"),
        ("name: Cart recovery", "---\nname: a\n---\nname: b", "3: a second document begins here"),
    ],
)
def test_a_fault_is_one_line_with_its_place(old: str, new: str, begins: str) -> None:
    said = refusal_of(cart_with(old, new))

    assert said.splitlines()[0].startswith(f"cart.yaml:{begins}")


def test_each_problem_is_a_line_in_the_order_of_the_file() -> None:
    text = cart_with("for: 4h", "for: 4x").replace("holdout: 0.1", "holdout: 2")

    said = refusal_of(text).splitlines()

    assert [line.split(": ")[0] for line in said] == ["cart.yaml:12", "cart.yaml:20"]


def test_an_unknown_key_comes_before_the_one_that_is_missing_for_it() -> None:
    said = refusal_of(cart_with("timeout: 24h", "timout: 24h")).splitlines()

    assert "unknown key" in said[0]
    assert "the key 'timeout' is missing" in said[1]
    assert len(said) == 2


def test_many_problems_are_counted_not_listed() -> None:
    said = refusal_of("".join(f"key{n}: 1\n" for n in range(100))).splitlines()

    assert len(said) == 21
    assert said[-1] == "cart.yaml: and 82 more problems"


def test_a_key_with_a_line_break_stays_on_one_line() -> None:
    said = refusal_of(cart_with("holdout: 0.1", '"a\\nb": 1'))

    assert said == "cart.yaml:12: a\\nb: unknown key 'a\\nb'"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", ": is empty;"),
        (" \n\n", ": is empty;"),
        ("# only a remark\n", ": is empty;"),
        ("---\n", ":2: holds nothing;"),
        ("null", ":1: holds nothing;"),
        ("- a\n- b\n", ":1: holds a list;"),
        ("only words", ":1: holds a single value;"),
        ("a: " + "[" * 200_000, ":1: nested deeper than 40 levels;"),
        ("".join(f"{' ' * n}a:\n" for n in range(60)), ":41: nested deeper than 40 levels;"),
        ("a: [\n" + "{b: " * 60, ":2: nested deeper than 40 levels;"),
        ("PK\x03\x04", ":1: holds control characters;"),
        ("name: " + "x" * 1_000_000, ": is larger than 1 MB;"),
        ("é" * 500_001, ": is larger than 1 MB;"),
    ],
)
def test_a_text_that_is_no_campaign_file_is_one_sentence(text: str, says: str) -> None:
    said = refusal_of(text)

    assert said.startswith(f"cart.yaml{says}")
    assert "\n" not in said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", ":1: is no JSON here: "),
        ('{"name": "a",\n"b": }', ":2: is no JSON here: "),
        ("[1]", ":1: holds a list;"),
        ('{"a": 1,\n"b": {"a": 1,\n"a": 2}}', ":3: the key 'b.a' stands twice, first in line 2"),
        ('{"a":\nNaN}', ":2: NaN is not a finite number"),
        ('{"a":\n-Infinity}', ":2: -Infinity is not a finite number"),
        ('{"a":\n1e999}', ":2: '1e999' is not a finite number"),
        ('{"a":\n' + "9" * 5000 + "}", ":2: a number of 5000 digits"),
        ("[" * 200_000, ": nested deeper than 40 levels;"),
        ('{"a":' * 50 + "1" + "}" * 50, ":1: nested deeper than 40 levels;"),
        ('{"a": "\\ud800"}', ":1: an escape in this text stands for no character"),
        ('{"a": "x]},\\"",\n"b": 1}', ":1: a: unknown key 'a'"),
    ],
)
def test_json_has_the_same_errors(text: str, says: str) -> None:
    said = refusal_of(text, "cart.json")

    assert said.splitlines()[0].startswith(f"cart.json{says}")


def test_json_problems_have_their_line() -> None:
    document = json.loads(campaign_json(read_campaign(CART, "cart.yaml")))
    document["steps"][2]["for"] = "4x"
    text = json.dumps(document, indent=1)
    line = text[: text.index('"for": "4x"')].count("\n") + 1

    assert refusal_of(text, "cart.json").startswith(f"cart.json:{line}: steps[2].for: '4x'")


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_damaged_file_is_a_campaign_or_lines_that_name_the_file(seed: int) -> None:
    chance = random.Random(seed)
    text = CART
    for _ in range(chance.randint(1, 3)):
        start = chance.randrange(len(text))
        end = start + chance.choice([0, 1, 5])
        new = chance.choice(["", *"{}[]:,-&*!#'\"\t\n 9é\\\0", ": ", "\n- ", "null", "true", "[a]"])
        text = text[:start] + new + text[end:]

    faults = faults_of(text, "cart.yaml")

    assert all(re.match(r"cart\.yaml(:\d+)?: .", fault) for fault in faults)


def places_of(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    members = list(value.items() if isinstance(value, dict) else enumerate(value))
    found = [(*place, key) for key, _ in members]
    for key, member in members:
        if isinstance(member, dict | list):
            found += places_of(member, (*place, key))
    return found


CART_DOCUMENT = campaign_json(read_campaign(CART, "cart.yaml"))
CART_PLACES = places_of(json.loads(CART_DOCUMENT))


@settings(max_examples=200, deadline=None)
@given(junk=json_values, place=st.sampled_from(CART_PLACES))
def test_a_wrong_value_anywhere_is_named_or_harmless(junk: Any, place: tuple[Any, ...]) -> None:
    document = json.loads(CART_DOCUMENT)
    around = document
    for part in place[:-1]:
        around = around[part]
    around[place[-1]] = junk

    faults = faults_of(json.dumps(document, indent=1), "cart.json")

    assert all(re.match(r"cart\.json:\d+: .", fault) for fault in faults)


# Files


def test_a_file_is_loaded_by_its_path(tmp_path: Path) -> None:
    campaign = read_campaign(CART, "cart.yaml")
    (tmp_path / "cart.yaml").write_text(CART)
    (tmp_path / "cart.JSON").write_text(campaign_json(campaign))

    assert load_campaign(tmp_path / "cart.yaml") == campaign
    assert load_campaign(tmp_path / "cart.JSON") == campaign


def test_a_file_that_cannot_be_read_is_one_sentence_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes("name: Gr\xf6\xdfe".encode("latin-1"))
    (tmp_path / "binary.yaml").write_bytes(bytes(range(256)))
    (tmp_path / "zero.yaml").write_bytes(bytes(1000))
    (tmp_path / "large.yaml").write_bytes(b"#" * 1_000_001)
    (tmp_path / "empty.yaml").touch()
    (tmp_path / "folder.yaml").mkdir()

    says = {
        "latin.yaml": "no text in UTF-8",
        "binary.yaml": "no text in UTF-8",
        "zero.yaml": "control characters",
        "large.yaml": "larger than 1 MB",
        "empty.yaml": "is empty",
        "folder.yaml": "is a directory",
        "missing.yaml": "no such file",
    }
    for name, reason in says.items():
        with pytest.raises(UnusableInput, match=f"^{re.escape(str(tmp_path / name))}.*{reason}"):
            load_campaign(tmp_path / name)


# Templates


def test_known_templates_pass() -> None:
    check_templates(read_campaign(CART, "cart.yaml"), {"cart_recovery", "cart_discount"})


def test_an_unknown_template_names_its_step_and_the_nearest() -> None:
    campaign = read_campaign(cart_with("cart_discount", "cart_dicsount"), "cart.yaml")

    with pytest.raises(UnusableInput) as refusal:
        check_templates(campaign, ["cart_recovery", "cart_discount"])

    assert str(refusal.value) == (
        "Cart recovery: steps[5].template: the step 'escalate' sends 'cart_dicsount', "
        "but there is no such e-mail; did you mean 'cart_discount'?"
    )


def test_every_step_with_an_unknown_template_is_a_line() -> None:
    campaign = read_campaign(CART, "cart.yaml")

    with pytest.raises(UnusableInput) as refusal:
        check_templates(campaign, [])

    assert [line.split(": ")[1] for line in str(refusal.value).splitlines()] == [
        "steps[1].template",
        "steps[3].template",
        "steps[5].template",
    ]
