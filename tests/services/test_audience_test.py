"""The audience test: what comes of an e-mail for everybody whom a rehearsal would have sent it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.domain.errors import Cancelled, UnusableInput
from core.history.reading import Dataset
from core.rehearsal.outcome import Outcome
from core.rendering.emails import EmailTemplate, RenderedEmail
from core.rendering.renderer import Renderer
from core.services.audience_test import (
    PATIENCE,
    AudienceProgress,
    AudienceTest,
    as_sent,
    recipients_of_step,
    run_audience_test,
)
from core.services.email_blocks import loops_of
from core.services.email_context import ContextSource, Recipient, context_of
from core.services.email_rendering import links_of
from core.services.rehearse import rehearse
from tests.history.datasets import event
from tests.services.shops import campaign, stored

CAMPAIGN: dict[str, Any] = {
    "name": "Carts",
    "trigger": {"kind": "event", "match": {"event": "cart_add"}},
    "reentry": "always",
    "steps": [
        {
            "id": "arms",
            "kind": "split",
            "variants": [
                {"name": "a", "weight": 1, "next": "mail"},
                {"name": "b", "weight": 1, "next": "mail"},
            ],
        },
        {"id": "mail", "kind": "send", "template": "mail", "next": "pause"},
        {"id": "pause", "kind": "delay", "for": "48h", "next": "again"},
        {"id": "again", "kind": "send", "template": "mail", "subject": "Again"},
    ],
}
BODY = """<mjml><mj-body><mj-section><mj-column>
<mj-text>Hello {{ profile.first_name }} {{ campaign.variant }}</mj-text>
{% for item in cart.products %}<mj-text>{{ item.product_id }}</mj-text>{% endfor %}
<mj-text><a href="{{ links.unsubscribe }}">Unsubscribe</a></mj-text>
</mj-column></mj-section></mj-body></mjml>
"""
TEMPLATE = EmailTemplate(name="mail", source=BODY, subject="{{ profile.first_name }}")
PEOPLE = 40


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Forty people who left a cart; every fourth has no name, and u00 buys before the second."""
    events = [
        event(f"u{n:02}", "cart_add", n, properties={"product_id": f"p{n}", "price": 10})
        for n in range(PEOPLE)
    ]
    events.append(event("u00", "purchase", 24, properties={"product_id": "p0", "price": 10}))
    events.append(event("u01", "page_view", 500))
    profiles = {
        f"u{n:02}": {"email": f"u{n}@example.com"} | ({"first_name": f"N{n}"} if n % 4 else {})
        for n in range(PEOPLE)
    }
    return stored(tmp_path_factory.mktemp("shop"), sorted(events, key=_in_order), profiles)


def _in_order(one: Any) -> Any:
    return one.timestamp


@pytest.fixture(scope="module")
def outcome(shop: Dataset) -> Outcome:
    return rehearse([campaign(CAMPAIGN)], shop).outcome


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    with Renderer() as rendering:
        yield rendering


def recipients(outcome: Outcome, shop: Dataset, step: str = "mail") -> list[Recipient]:
    return recipients_of_step(outcome, shop, 0, step)


def run_test(
    template: EmailTemplate, outcome: Outcome, shop: Dataset, renderer: Renderer, step: str = "mail"
) -> AudienceTest:
    people = recipients(outcome, shop, step)
    return run_audience_test(template, ContextSource(shop), people, renderer)


def test_everybody_whom_a_step_sends_to_is_counted_with_their_variant(
    outcome: Outcome, shop: Dataset, renderer: Renderer
) -> None:
    tested = run_test(TEMPLATE, outcome, shop, renderer)

    assert (tested.recipient_count, tested.people_count, tested.rendered_count) == (40, 40, 40)
    assert tested.failures == []
    assert set(tested.count_by_variant) == {"a", "b"}
    assert sum(tested.count_by_variant.values()) == 40


def test_missing_fields_are_counted_by_name_with_their_share_and_people(
    outcome: Outcome, shop: Dataset, renderer: Renderer
) -> None:
    tested = run_test(TEMPLATE, outcome, shop, renderer)

    (missing,) = tested.missing
    assert missing.name == "profile.first_name"
    assert list(missing.places) == [("mail.mjml", 2), ("mail.yaml", 1)]
    assert (missing.share.count, missing.share.rate) == (10, 0.25)
    assert [one.user_id for one in missing.share.recipients] == [
        f"u{n:02}" for n in range(0, 40, 4)
    ]


def test_failures_are_grouped_by_their_sentence_and_counted_apart(
    outcome: Outcome, shop: Dataset, renderer: Renderer
) -> None:
    tested = run_test(replace(TEMPLATE, requires=("profile.first_name",)), outcome, shop, renderer)

    (failure,) = tested.failures
    assert failure.message == "profile.first_name is required, and this person has none"
    assert (failure.share.count, tested.rendered_count) == (10, 30)
    assert {one.user_id for one in failure.share.recipients} == {
        f"u{n:02}" for n in range(0, 40, 4)
    }


def test_contexts_are_those_of_the_time_of_the_send(
    outcome: Outcome, shop: Dataset, renderer: Renderer
) -> None:
    first = run_test(TEMPLATE, outcome, shop, renderer, "mail")
    second = run_test(TEMPLATE, outcome, shop, renderer, "again")

    assert first.empty_blocks == []
    (empty,) = second.empty_blocks
    assert (empty.block.path, empty.block.line) == ("cart.products", 3)
    assert [one.user_id for one in empty.share.recipients] == ["u00"]


def test_the_figures_are_those_of_rendering_one_by_one(
    outcome: Outcome, shop: Dataset, renderer: Renderer
) -> None:
    source, links = ContextSource(shop), links_of(TEMPLATE)
    people = recipients(outcome, shop)

    tested = run_audience_test(TEMPLATE, source, people, renderer)

    sizes = []
    for person in people:
        made = renderer.render(TEMPLATE, context_of(source, person, links).as_mapping())
        assert isinstance(made, RenderedEmail)
        sizes.append(made.html_bytes)
    sizes.sort()
    assert tested.sizes is not None
    assert tested.sizes.median == (sizes[19] + sizes[20]) / 2
    assert tested.sizes.largest == sizes[-1]
    assert [size for _, size in tested.sizes.largest_recipients] == sizes[:-6:-1]
    assert tested.sizes.clipped.count == 0


def test_emails_that_gmail_cuts_are_counted(
    outcome: Outcome, shop: Dataset, renderer: Renderer
) -> None:
    long = "{% if profile.first_name is defined %}" + "word " * 20_000 + "{% endif %}"
    template = replace(TEMPLATE, source=BODY.replace("Hello", long))

    tested = run_test(template, outcome, shop, renderer)

    assert tested.sizes is not None
    assert tested.sizes.largest > 102_000
    assert tested.sizes.clipped.count == 30
    assert "u00" not in {one.user_id for one in tested.sizes.clipped.recipients}


def test_the_slowest_are_people_with_seconds_the_slowest_first(
    outcome: Outcome, shop: Dataset, renderer: Renderer
) -> None:
    tested = run_test(TEMPLATE, outcome, shop, renderer)

    seconds = [seconds for _, seconds in tested.slowest]
    assert len(seconds) == 5
    assert seconds == sorted(seconds, reverse=True)
    assert seconds[-1] > 0


def test_progress_reaches_the_end_and_a_stop_is_obeyed(
    outcome: Outcome, shop: Dataset, renderer: Renderer
) -> None:
    seen: list[AudienceProgress] = []
    people = recipients(outcome, shop)

    run_audience_test(TEMPLATE, ContextSource(shop), people, renderer, on_progress=seen.append)
    with pytest.raises(Cancelled):
        run_audience_test(
            TEMPLATE, ContextSource(shop), people, renderer, is_cancelled=lambda: True
        )

    assert [progress.done_count for progress in seen] == [32, 40]
    assert {progress.total_count for progress in seen} == {40}


HANGING = "{% for i in range(9999) %}" * 4 + "{% endfor %}" * 4


def test_an_email_that_hangs_for_everybody_ends_the_test_after_a_few_people(
    outcome: Outcome, shop: Dataset
) -> None:
    template = replace(TEMPLATE, source=BODY.replace("Hello", HANGING))

    with Renderer(time_limit=timedelta(seconds=0.1)) as impatient:
        tested = run_test(template, outcome, shop, impatient)

    (failure,) = tested.failures
    assert "took longer than 0.1 s" in failure.message
    assert (tested.tested_count, tested.recipient_count) == (PATIENCE, 40)
    assert (failure.share.count, failure.share.rate) == (PATIENCE, 1.0)
    assert [one.user_id for one in failure.share.recipients] == ["u00", "u01", "u02", "u03", "u04"]
    assert tested.slowest == []


def test_an_email_that_hangs_for_some_is_tested_on_everybody(
    outcome: Outcome, shop: Dataset
) -> None:
    only_some = "{% if profile.first_name is not defined %}" + HANGING + "{% endif %}"
    template = replace(TEMPLATE, source=BODY.replace("Hello", only_some))

    with Renderer(time_limit=timedelta(seconds=0.1)) as impatient:
        tested = run_test(template, outcome, shop, impatient)

    assert (tested.tested_count, tested.rendered_count) == (40, 30)
    assert {one.user_id for one, _ in tested.slowest}.isdisjoint(
        one.user_id for one in tested.failures[0].share.recipients
    )


def test_fields_of_products_are_counted_by_people_not_by_products(
    outcome: Outcome, shop: Dataset, renderer: Renderer
) -> None:
    source = BODY.replace("{{ item.product_id }}", "{{ item.colour }}{{ item.colour | upper }}")

    tested = run_test(replace(TEMPLATE, source=source, subject="a"), outcome, shop, renderer)

    by_name = {missing.name: missing for missing in tested.missing}
    colour = by_name["cart.products[].colour"]
    assert (colour.share.count, colour.share.rate, list(colour.places)) == (
        *(40, 1.0),
        [("mail.mjml", 3)],
    )
    assert set(by_name) == {"cart.products[].colour", "profile.first_name"}


def test_a_steps_own_subject_takes_the_place_of_the_emails(outcome: Outcome) -> None:
    _, mail, _, again = outcome.campaigns[0].steps

    assert as_sent(TEMPLATE, mail) is TEMPLATE  # type: ignore[arg-type]  # a send step
    assert as_sent(TEMPLATE, again).subject == "Again"  # type: ignore[arg-type]  # a send step


def test_a_step_that_sends_nothing_and_an_audience_of_nobody_are_refused(
    outcome: Outcome, shop: Dataset, renderer: Renderer
) -> None:
    for step in ("pause", "nothing"):
        with pytest.raises(UnusableInput, match=f"'Carts' sends nothing in a step '{step}'"):
            recipients_of_step(outcome, shop, 0, step)
    with pytest.raises(UnusableInput, match="to nobody"):
        run_audience_test(TEMPLATE, ContextSource(shop), [], renderer)


@pytest.mark.parametrize(
    ("source", "paths"),
    [
        ("{% for p in viewed %}x{% endfor %}", ["viewed"]),
        ("{% for p in cart.products[:4] %}x{% endfor %}", ["cart.products"]),
        ("{% for p in viewed %}x{% else %}nothing{% endfor %}", []),
        ("{% if viewed %}{% for p in viewed %}x{% endfor %}{% endif %}", []),
        ("{% if cart %}{% for p in cart.products %}x{% endfor %}{% endif %}", []),
        ("{% if viewed %}a{% endif %}{% for p in viewed %}x{% endfor %}", ["viewed"]),
        ("{% if reviewed %}{% for p in viewed %}x{% endfor %}{% endif %}", ["viewed"]),
        (
            "{% for o in orders %}{% for p in o.products %}x{% endfor %}{% endfor %}",
            ["orders"],
        ),
        ("{% set some = viewed %}{% for p in some %}x{% endfor %}", []),
        ("{% for n in range(3) %}x{% endfor %}", []),
        ("{# {% for p in viewed %} #}", []),
        ("{% include 'partials/p.mjml' %}", ["recommendations"]),
    ],
)
def test_loops_that_may_stay_empty_are_found(source: str, paths: list[str]) -> None:
    partials = {"partials/p.mjml": "\n{% for r in recommendations %}x{% endfor %}"}
    template = EmailTemplate(name="mail", source=source, subject="a", partials=partials)

    assert [block.path for block in loops_of(template)] == paths
