"""The figures of the reports, worked out once more from the result files and the raw sample data.

Only the comparison itself reads what the core made of them: counts come from the CSV files and from
`data/` by pandas, shares from a hash written down a second time.
"""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.domain.campaigns import Campaign
from core.history.reading import open_dataset
from core.rehearsal.outcome import Outcome
from core.rehearsal.reports.arms import splits
from core.rehearsal.reports.conversions import GoalCount, before_sends, goals_after_entry
from core.rehearsal.reports.funnel import StepFunnel, funnels
from core.rehearsal.reports.pressure import pressure
from core.rehearsal.reports.timing import sends_per_day
from core.rehearsal.reports.withheld import withheld
from core.services.campaign_files import load_campaign
from core.services.imports import SAMPLE_NAME
from core.services.rehearse import rehearse_to_files

REPOSITORY = Path(__file__).resolve().parents[2]
# A split and a wait; a branch; a wait for what people do; delays until a time of day. The goal of
# all is a purchase.
FILES = ("cart_abandonment", "cart_recovery", "browse_abandonment", "welcome")
ENROLMENT = ["campaign", "user_id", "enrolled_at"]
# The longest way in hours from entry until each mail left, read off the files: before every mail a
# night of 11 hours, or 12 in autumn; 25 until a time of day. Then the steps on the way there.
WAYS = {
    ("Cart abandonment", "mail_now"): (12, ["timing"]),
    ("Cart abandonment", "mail_in_the_morning"): (25 + 12, ["timing", "until_morning"]),
    ("Cart abandonment", "second_mail"): (
        25 + 12 + 48 + 12,
        ["timing", "mail_now", "until_morning", "mail_in_the_morning", "clicked"],
    ),
    ("Cart recovery", "reminder"): (12, []),
    ("Cart recovery", "discount"): (12 + 23 + 12, ["reminder", "next_day", "still_wanted"]),
    ("Cart recovery", "survey"): (
        12 + 23 + 12 + 72 + 12,
        ["reminder", "next_day", "still_wanted", "discount", "a_few_days"],
    ),
    ("Browse abandonment", "reminder"): (12, []),
    ("Browse abandonment", "similar"): (12 + 72 + 12, ["reminder", "looked_again"]),
    ("Welcome", "greeting"): (12, []),
    ("Welcome", "guides"): (12 + 48 + 25 + 12, ["greeting", "two_days", "evening"]),
}


@dataclass(frozen=True, kw_only=True)
class Run:
    """A rehearsal of the sample shop, and its files as pandas reads them.

    `enrolled` are the admitted firings with `goal_at` (raw data), `is_held_out` and `is_decided`.
    """

    campaigns: list[Campaign]
    outcome: Outcome
    summary: dict[str, dict[str, Any]]
    firings: pd.DataFrame
    enrolled: pd.DataFrame
    messages: pd.DataFrame
    trace: pd.DataFrame
    watermark: pd.Timestamp

    @property
    def sent(self) -> pd.DataFrame:
        return self.messages[self.messages.outcome == "sent"]


@pytest.fixture(scope="module", params=["whole", "period"])
def run(
    request: pytest.FixtureRequest,
    _sample_template: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Run:
    period = {
        "whole": {},
        "period": {
            "since": pd.Timestamp("2026-07-01T00:00+02:00").to_pydatetime(),
            "until": pd.Timestamp("2026-08-10T12:00Z").to_pydatetime(),
        },
    }[request.param]
    campaigns = [load_campaign(REPOSITORY / f"templates/campaigns/{name}.yaml") for name in FILES]
    out = tmp_path_factory.mktemp("out")
    rehearsal = rehearse_to_files(
        campaigns, open_dataset(_sample_template, SAMPLE_NAME), out, **period
    )
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    watermark = pd.Timestamp(summary["until"])
    firings = table(out / "firings.csv")
    return Run(
        campaigns=campaigns,
        outcome=rehearsal.outcome,
        summary={said["campaign"]: said for said in summary["campaigns"]},
        firings=firings,
        enrolled=with_goals(firings, campaigns, watermark),
        messages=table(out / "messages.csv"),
        trace=table(out / "trace.csv"),
        watermark=watermark,
    )


def table(path: Path) -> pd.DataFrame:
    found = pd.read_csv(path, dtype=str, keep_default_na=False)
    for name in {"fired_at", "enrolled_at", "due_at", "at"} & set(found):
        found[name] = pd.to_datetime(found[name], format="%Y-%m-%dT%H:%M:%S.%fZ", utc=True)
    return found


def with_goals(
    firings: pd.DataFrame, campaigns: list[Campaign], watermark: pd.Timestamp
) -> pd.DataFrame:
    """Add to the admitted firings the first purchase after them, by the raw data."""
    entered = firings[firings.outcome == "enrolled"].rename(columns={"fired_at": "enrolled_at"})
    entered = entered.reset_index(drop=True)
    by_name = {campaign.name: campaign for campaign in campaigns}
    ends = entered.enrolled_at + entered.campaign.map(lambda name: by_name[name].goal.within)
    pairs = entered.reset_index().merge(purchases(), on="user_id")
    in_time = (pairs.bought_at > pairs.enrolled_at) & (pairs.bought_at <= watermark)
    in_time &= pairs.bought_at <= ends.loc[pairs["index"]].array
    bought_at = pairs[in_time].groupby("index").bought_at.min()
    is_held_out = [
        bucket(f"holdout:{name}", user_id) < round(by_name[name].holdout * 10_000)
        for name, user_id in zip(entered.campaign, entered.user_id, strict=True)
    ]
    return entered.assign(
        goal_at=bought_at.reindex(entered.index),
        is_held_out=is_held_out,
        is_decided=ends <= watermark,
    )


def purchases() -> pd.DataFrame:
    raw = pd.read_csv(REPOSITORY / "data/events.csv.gz", dtype=str, keep_default_na=False)
    raw = raw[raw.event == "purchase"]
    at = pd.to_datetime(raw.timestamp, format="%Y-%m-%dT%H:%M:%SZ", utc=True, errors="coerce")
    return pd.DataFrame({"user_id": raw.user_id, "bought_at": at}).dropna()


def bucket(salt: str, user_id: str) -> int:
    """Hash as 6.1 says, in plain steps."""
    return _fnv(str(_fnv(salt + user_id))) % 10_000


def _fnv(text: str) -> int:
    code = 0x811C9DC5
    units = text.encode("utf-16-le")
    for low, high in zip(units[::2], units[1::2], strict=True):
        code = (code ^ (low | high << 8)) * 0x01000193 & 0xFFFFFFFF
    return code


def test_6_1_the_second_hash_gives_the_published_values() -> None:
    assert (bucket("seed", "a"), bucket("foo", "def")) == (505, 2019)


def test_the_files_hold_enough_to_compare(run: Run) -> None:
    assert set(run.messages.outcome) >= {"sent", "holdout", "frequency_cap", "unsubscribed"}
    assert {"goal", "quiet_hours", "cases[0]", "at once"} <= set(run.trace.reason)
    assert not run.enrolled.duplicated(ENROLMENT).any()
    assert len(run.sent) > 1_000


def test_who_entered_and_who_was_refused(run: Run) -> None:
    for funnel in funnels(run.outcome):
        fired = run.firings[run.firings.campaign == funnel.campaign]
        entered = run.enrolled[run.enrolled.campaign == funnel.campaign]
        held_out = entered[entered.is_held_out]

        refused = Counter(fired.outcome)
        assert refused.pop("enrolled") == funnel.enrolment_count == len(entered)
        assert refused == Counter(funnel.refused_count_by_reason)
        assert (funnel.firing_count, funnel.people_count) == (len(fired), count(entered))
        assert funnel.held_out_count == len(held_out)
        assert funnel.held_out_people_count == count(held_out)
        said = run.summary[funnel.campaign]
        assert said["people_enrolled"] == count(entered)
        assert said["people_held_out"] == count(held_out)


def count(rows: pd.DataFrame) -> int:
    """Count people."""
    return int(rows.user_id.nunique())


def test_how_enrolments_ended(run: Run) -> None:
    for funnel in funnels(run.outcome):
        own = run.trace[run.trace.campaign == funnel.campaign]
        by_goal = ((own.outcome == "exited") & (own.reason == "goal")).sum()
        by_exit = ((own.outcome == "exited") & (own.reason == "exit")).sum()
        completed = (own.outcome == "completed").sum()

        assert (funnel.left_by_goal_count, funnel.exited_count) == (by_goal, by_exit)
        assert funnel.completed_count == completed
        active = funnel.enrolment_count - by_goal - by_exit - completed
        assert funnel.waiting_count == active
        assert run.summary[funnel.campaign]["enrolments"] == {
            "active": active,
            "completed": completed,
            "exited": by_goal + by_exit,
        }


def test_every_step_and_way(run: Run) -> None:
    for funnel in funnels(run.outcome):
        for step in funnel.steps:
            is_here = (run.trace.campaign == funnel.campaign) & (run.trace.step == step.step_id)
            here = run.trace[is_here]
            ends = Counter(zip(here.outcome, here.reason, strict=True))

            assert step.arrived_count == len(here.drop_duplicates(ENROLMENT))
            assert dict(step.passed_count_by_way) == passed(step, here)
            assert step.left_by_goal_count == ends["exited", "goal"]
            assert step.exited_count == ends["exited", "exit"]
            assert step.deferred_count == ends["deferred", "quiet_hours"]
            gone = sum(step.passed_count_by_way.values()) + step.left_by_goal_count
            assert step.waiting_count == step.arrived_count - gone - step.exited_count


def passed(step: StepFunnel, here: pd.DataFrame) -> dict[str, int]:
    """Count who left by which way, from the words of the trace."""
    outcomes, reasons = Counter(here.outcome), Counter(here.reason)
    match step.kind:
        case "wait_for":
            return {"then": outcomes["matched"], "otherwise": outcomes["timed_out"]}
        case "branch":
            return {"cases[0].next": reasons["cases[0]"], "otherwise": reasons["otherwise"]}
        case "split":
            arms = ("at once", "next morning")
            return {f"variants[{n}].next": reasons[arm] for n, arm in enumerate(arms)}
        case "exit":
            return {}
        case _:
            left = ("sent", "withheld", "continued", "recorded")
            return {"next": sum(outcomes[word] for word in left)}


def test_mails_sent_and_withheld(run: Run) -> None:
    for found, funnel in zip(withheld(run.outcome), funnels(run.outcome), strict=True):
        own = run.messages[run.messages.campaign == found.campaign]
        kept = own[own.outcome != "sent"]

        assert found.count_by_reason == kept.outcome.value_counts().to_dict()
        assert found.people_by_reason == kept.groupby("outcome").user_id.nunique().to_dict()
        assert run.summary[found.campaign]["people_with_messages"] == count(
            own[own.outcome == "sent"]
        )
        for step in found.steps:
            here = own[own.step == step.step_id]
            outcomes = Counter(here.outcome)
            said = Counter(run.summary[found.campaign]["messages"][step.step_id])
            assert said == outcomes
            assert step.sent_count == funnel.step(step.step_id).sent_count == outcomes.pop("sent")
            assert Counter(step.count_by_reason) == outcomes
            assert Counter(funnel.step(step.step_id).withheld_count_by_reason) == outcomes


def test_sends_per_local_day(run: Run) -> None:
    for found in sends_per_day(run.outcome):
        own = run.sent[run.sent.campaign == found.campaign]
        local = own.due_at.dt.tz_convert(found.timezone).dt.date

        for step in found.steps:
            counted = local[own.step == step.step_id].value_counts().to_dict()
            shown = zip(found.days, step.counts.tolist(), strict=True)
            assert {day: number for day, number in shown if number} == counted


def test_how_much_one_person_gets(run: Run) -> None:
    found = pressure(run.outcome)
    per_person = run.sent.user_id.value_counts()
    mails = run.sent.reset_index()[["index", "user_id", "campaign", "due_at"]]
    pairs = mails.merge(mails, on="user_id", suffixes=("", "_other"))
    before = pairs.due_at - pairs.due_at_other
    in_week = pairs[(before >= pd.Timedelta(0)) & (before < pd.Timedelta(days=7))]
    in_week = in_week.groupby("index").user_id.agg(["first", "size"])
    near = pairs[(pairs.campaign < pairs.campaign_other) & (before.abs() < pd.Timedelta(days=1))]

    people = Counter(per_person.tolist())
    people[0] = count(run.enrolled) - len(per_person)
    assert Counter(found.people_by_sent_count) == people
    assert found.enrolled_people_count == count(run.enrolled)
    assert found.crowded.people_count == in_week[in_week["size"] >= 3]["first"].nunique() > 0
    assert found.collision_people_count == count(near) > 0
    meeting = near.groupby(["campaign", "campaign_other"]).user_id.nunique().to_dict()
    assert {
        tuple(sorted((pair.first, pair.second))): pair.people_count for pair in found.collisions
    } == meeting


def test_7_3_goals_after_entry_with_the_undecided_apart(run: Run) -> None:
    for found in goals_after_entry(run.outcome):
        own = run.enrolled[run.enrolled.campaign == found.campaign]
        first = own.sort_values("enrolled_at").drop_duplicates("user_id")

        assert found.not_held_out == goal_count(first[~first.is_held_out])
        assert found.held_out == goal_count(first[first.is_held_out])
        reached = own.goal_at.notna()
        assert run.summary[found.campaign]["goal"] == {
            "reached": (reached & own.is_decided).sum(),
            "not_reached": (~reached & own.is_decided).sum(),
            "censored": (~own.is_decided).sum(),
        }


def goal_count(people: pd.DataFrame) -> GoalCount:
    reached, decided = people.goal_at.notna(), people.is_decided
    return GoalCount(
        people_count=decided.sum(),
        goal_count=(decided & reached).sum(),
        censored_count=(~decided).sum(),
        early_goal_count=(~decided & reached).sum(),
    )


def test_who_had_bought_before_each_mail(run: Run) -> None:
    """A mail came up for whom it became due, and for whom the purchase ended on the way to it."""
    found = [(each.campaign, send) for each in before_sends(run.outcome) for send in each.sends]

    assert {(name, send.step_id) for name, send in found} == set(WAYS)
    for name, send in found:
        hours, on_the_way = WAYS[name, send.step_id]
        mails, rows = (each[each.campaign == name] for each in (run.messages, run.trace))
        due = mails[mails.step == send.step_id]
        left = rows[(rows.reason == "goal") & rows.step.isin([*on_the_way, send.step_id])]
        last = run.watermark - pd.Timedelta(hours=hours)
        early = [(each.enrolled_at <= last).sum() for each in (due, left)]
        assert (send.goal_count, send.enrolment_count) == (early[1], sum(early))
        wait = (due.due_at - due.enrolled_at).median() if len(due) else None
        assert send.median_wait == wait


def test_6_1_the_arms_of_the_split(run: Run) -> None:
    (found,) = splits(run.outcome)
    rows = run.trace[(run.trace.campaign == found.campaign) & (run.trace.step == found.step_id)]
    rows = rows.merge(run.enrolled, on=ENROLMENT, validate="one_to_one")
    own = run.messages[run.messages.campaign == found.campaign]
    mails = own.merge(rows[[*ENROLMENT, "reason"]], on=ENROLMENT, validate="many_to_one")

    halves = [
        "at once" if bucket("cart-timing", u) < 5_000 else "next morning" for u in rows.user_id
    ]
    assert rows.reason.tolist() == halves
    for arm in found.arms:
        here = rows[rows.reason == arm.name]
        people = here[~here.is_held_out].sort_values("enrolled_at").drop_duplicates("user_id")
        sent = mails[(mails.reason == arm.name) & (mails.outcome == "sent")]
        assert (arm.exposed_count, arm.held_out_count) == (
            len(people),
            count(here[here.is_held_out]),
        )
        assert (arm.sent_count, arm.recipient_count) == (len(sent), count(sent))
        decided = people[people.is_decided]
        assert arm.decided_count == len(decided)
        assert arm.goal_count == decided.goal_at.notna().sum()
        assert arm.censored_count == len(people) - len(decided)
