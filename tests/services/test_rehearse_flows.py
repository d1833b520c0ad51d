"""Flows in the files of a rehearsal: messages.csv, trace.csv and the counts of summary.json."""

import random
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.domain.errors import UnusableInput
from core.domain.outcomes import EnrolmentState, MessageOutcome
from core.history.reading import open_dataset
from core.services.rehearsal_summary import NO_PROFILES
from core.services.rehearse import rehearse, rehearse_to_files
from tests.history.datasets import START, event, write_events
from tests.services.shops import CART, VIEWED, campaign, rows_of, stored

FLOW: dict[str, Any] = {
    **CART,
    "quiet_hours": {"from": "22:00", "to": "06:00"},
    "steps": [
        {
            "id": "arms",
            "kind": "split",
            "salt": "seed",
            "variants": [
                {"name": "early, bold", "weight": 1, "next": "mail"},
                {"name": "late", "weight": 1, "next": "pause"},
            ],
        },
        {"id": "pause", "kind": "delay", "for": "4h", "next": "mail"},
        {"id": "mail", "kind": "send", "template": "cart_recovery", "next": "wait"},
        {
            "id": "wait",
            "kind": "wait_for",
            "event": {"event": "view"},
            "timeout": "1d",
            "then": "done",
            "otherwise": "again",
        },
        {"id": "again", "kind": "send", "template": "cart_recovery"},
        {"id": "done", "kind": "exit"},
    ],
}


def test_10_messages_and_trace_of_two_people_by_hand(tmp_path: Path) -> None:
    # The bucket of `a` under the salt `seed` is 0.0505 (6.1): the first arm. START is midnight UTC.
    dataset = stored(
        tmp_path,
        [event("a", "add", 1), event("a", "view", 40), event("a", "buy", 60)],
        {"a": {"email": "a@example.org"}},
    )

    rehearse_to_files([campaign(FLOW)], dataset, tmp_path / "out", until=START + timedelta(days=3))

    name, at = "Cart abandonment", "2025-05-02T01:00:00.000000Z"
    assert (tmp_path / "out" / "messages.csv").read_text("utf-8").splitlines() == [
        "campaign,user_id,enrolled_at,step,variant,due_at,outcome,template",
        f'{name},a,{at},mail,"early, bold",2025-05-02T06:00:00.000000Z,sent,cart_recovery',
    ]
    assert (tmp_path / "out" / "trace.csv").read_text("utf-8").splitlines() == [
        "campaign,user_id,enrolled_at,step,at,outcome,reason",
        f'{name},a,{at},arms,{at},assigned,"early, bold"',
        f"{name},a,{at},mail,{at},deferred,quiet_hours",
        f"{name},a,{at},mail,2025-05-02T06:00:00.000000Z,sent,",
        f"{name},a,{at},wait,2025-05-02T06:00:00.000000Z,waiting,until 2025-05-03T06:00:00.000000Z",
        f"{name},a,{at},done,2025-05-02T16:00:00.000000Z,exited,exit",
        f"{name},a,{at},wait,2025-05-02T16:00:00.000000Z,matched,",
    ]


def test_7_5_the_files_of_flows_do_not_depend_on_how_many_events_are_read_at_once(
    tmp_path: Path,
) -> None:
    dataset = busy_shop(tmp_path)
    capped = {"frequency_cap": {"max": 2, "per": "7d"}, "reentry": {"cooldown": "3d"}}
    campaigns = [campaign(FLOW, **capped), campaign(FLOW, name="B", trigger=VIEWED["trigger"])]

    for rows in (1, 100, 10**6):
        rehearse_to_files(campaigns, dataset, tmp_path / f"out{rows}", rows_at_once=rows)

    whole = contents(tmp_path / "out1000000")
    assert len(rows_of(tmp_path / "out1000000" / "trace.csv")) > 100
    assert contents(tmp_path / "out1") == whole
    assert contents(tmp_path / "out100") == whole


def test_the_outcome_in_memory_and_the_summary_count_what_the_files_hold(tmp_path: Path) -> None:
    dataset = busy_shop(tmp_path)
    campaigns = [campaign(FLOW, holdout=0.3), campaign(VIEWED)]

    rehearsal = rehearse_to_files(campaigns, dataset, tmp_path / "out", rows_at_once=100)

    outcome, (cart, viewed) = rehearsal.outcome, rehearsal.summary["campaigns"]
    messages = rows_of(tmp_path / "out" / "messages.csv")
    by_step = Counter((row[3], row[6]) for row in messages)
    assert by_step == {
        (step, word): count
        for step, counts in cart["messages"].items()
        for word, count in counts.items()
        if count
    }
    assert by_step["mail", "holdout"] > 0
    assert by_step["mail", "sent"] > 0
    sent = outcome.messages.outcome == MessageOutcome.SENT
    assert sent.sum() == sum(count for (_, word), count in by_step.items() if word == "sent")
    enrolled = [row[0] for row in rows_of(tmp_path / "out" / "firings.csv") if row[5] == "enrolled"]
    is_cart = outcome.enrolments.campaign == 0
    assert is_cart.sum() == enrolled.count("Cart abandonment") == cart["enrolled"]
    assert (~is_cart).sum() == enrolled.count("Viewed again") == viewed["enrolled"] > 0
    active = (outcome.enrolments.state[is_cart] == EnrolmentState.ACTIVE).sum()
    assert active == cart["enrolments"]["active"]
    assert (outcome.enrolments.user[1:] >= outcome.enrolments.user[:-1]).all()
    assert len(outcome.trace) == len(rows_of(tmp_path / "out" / "trace.csv"))


def test_nobody_enters_before_the_campaign_was_switched_on(tmp_path: Path) -> None:
    dataset = busy_shop(tmp_path)
    since = START + timedelta(days=4)

    whole = rehearse([campaign(FLOW, reentry="always")], dataset).outcome
    later = rehearse([campaign(FLOW, reentry="always")], dataset, since=since).outcome

    from_then = whole.enrolments.entered_at >= since.timestamp() * 1_000_000
    assert 0 < len(later.enrolments) < len(whole.enrolments)
    assert len(later.enrolments) == from_then.sum()


def busy_shop(home: Path) -> Any:
    drawn = random.Random(7)
    events = [
        event(
            f"u{drawn.randrange(25)}",
            drawn.choice(["add", "add", "buy", "view"]),
            drawn.randrange(24 * 14),
            event_id=f"e{n}",
            properties={"product": drawn.choice(["p1", "p,2", 3])},
        )
        for n in range(500)
    ]
    write_events(home, "shop", events, part_rows=50)
    return open_dataset(home, "shop")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_silence_after_the_last_event_is_pointed_out_and_bounded(tmp_path: Path) -> None:
    dataset = busy_shop(tmp_path)

    later = rehearse([campaign(FLOW)], dataset, until=START + timedelta(days=60))

    assert any("goes on after the last event" in note for note in later.summary["notes"])
    assert rehearse([campaign(FLOW)], dataset).summary["notes"] == [NO_PROFILES]
    with pytest.raises(UnusableInput, match=r"--until lies more than 10 years after"):
        rehearse([campaign(FLOW)], dataset, until=START + timedelta(days=9_999))
    with pytest.raises(UnusableInput, match="--since lies after the end"):
        rehearse([campaign(FLOW)], dataset, since=START + timedelta(days=99))
