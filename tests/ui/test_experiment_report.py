"""What the tables and the report of a test say."""

import re
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from core.domain.experiments import Change, ChangeKind
from core.services.experiment_people import Exclusion, GoalColumn, MailColumns, Origin
from core.services.experiment_results import ExperimentResults, experiment_results
from core.stats.intervals import IntervalEstimate
from core.ui.experiments import result_words, tables
from core.ui.experiments.report import report
from tests.services.experiment_cases import LATE, START, WINDOW, settings, shop

CLEAR = {"1 h": (2_000, 200), "4 h": (2_000, 300)}


def read(counts: dict[str, tuple[int, int]] = CLEAR) -> ExperimentResults:
    given = settings(tuple(counts), planned_people_count=sum(n for n, _ in counts.values()))
    return experiment_results(shop(counts), given, now=LATE)


def plain(html: bytes) -> str:
    """Give the text of a report without its scripts and marks."""
    body = re.sub(r"<(script|style).*?</\1>", "", html.decode(), flags=re.DOTALL)
    return re.sub(r"<[^>]+>", " ", body)


def test_the_report_says_what_the_page_says_and_fetches_nothing() -> None:
    results = read()
    changes = (Change(number=1, at=START, by="Ada", kind=ChangeKind.NOTED, note="<b>sale</b>"),)

    html = report(results, changes)

    assert "4 h wins: +50 %" in plain(html)
    assert "200" in plain(html)
    assert "Holds at any look" in plain(html)
    assert "Do you mean <b>" not in html.decode()
    assert "&lt;b&gt;sale&lt;/b&gt;" in html.decode()
    assert "default-src 'none'" in html.decode()
    assert html.decode().count('<div class="chart wide">') == 3


def test_a_report_of_groups_of_the_wrong_size_compares_nothing() -> None:
    html = plain(report(read({"1 h": (2_000, 200), "4 h": (1_500, 300)})))

    assert "Do not trust this test" in html
    assert "wins" not in html.split("How the numbers come about")[0]
    assert "Read once" not in html.split("How the numbers come about")[0]
    assert "Money per person beside" not in html


def test_people_still_in_their_time_are_told_apart() -> None:
    people = shop(CLEAR, days=30)
    now = START + timedelta(days=20)
    seen = people.exposed_at <= int(now.timestamp() * 1e6)
    results = experiment_results(people, settings(), now=START + timedelta(days=31))

    said = "\n".join(result_words.people_notes(results))

    assert seen.any()
    assert f"{results.in_window_count:,} people are still in their time" in said
    assert results.in_window_count > 0


def test_people_beyond_the_planned_ones_are_told_apart_from_the_range_that_decides() -> None:
    people = shop({"1 h": (2_000, 200), "4 h": (2_000, 230)})
    results = experiment_results(people, settings(planned_people_count=3_000), now=LATE)

    said = "\n".join(result_words.people_notes(results))

    assert "3,000 people were planned" in said
    assert "The range that decides is theirs" in said


def test_who_is_left_out_and_who_is_in_other_tests_is_said() -> None:
    people = replace(
        shop(CLEAR),
        excluded={Exclusion.SEVERAL_VARIANTS: 3},
        is_in_other_tests=np.arange(4_000) < 40,
    )

    said = "\n".join(result_words.people_notes(experiment_results(people, settings(), now=LATE)))

    assert "Left out: 3 people who came under two variants." in said
    assert "40 people are in another running test" in said


def test_clicks_of_scanners_are_in_no_count_of_clicks() -> None:
    place = np.arange(4_000)
    mails = MailColumns(
        opened=place < 2_000,
        opened_by_machine_only=place < 1_500,
        clicked=place < 400,
        clicked_by_machine_only=place < 100,
    )
    results = experiment_results(replace(shop(CLEAR), mails=mails), settings(), now=LATE)

    shown, opens = tables.variants(results), tables.opens(results)

    assert sum(int(cell) for cell in shown.loc["Clicked"]) == 300
    assert "Opened" not in " ".join(shown.index)
    assert opens is not None
    assert sum(int(cell.replace(",", "")) for cell in opens.loc["… by machines only"]) == 1_500


def test_a_violated_guardrail_is_said_before_anything_is_decided() -> None:
    people = shop(CLEAR)
    left = GoalColumn(
        name="unsubscribe", is_reached=(people.variant == 1) & people.goals[0].is_reached
    )
    given = settings(
        guardrails=[{"name": "unsubscribe", "event": {"event": "left"}, "margin": 0.01}]
    )
    results = experiment_results(replace(people, guardrails=(left,)), given, now=LATE)

    (said,) = result_words.guardrail_alarms(results)

    assert said.startswith("Guardrail violated: unsubscribe, 4 h: +15.0 points (")
    assert "up to 1.0 points are tolerated" in said
    found = tables.guardrails(results)
    assert found is not None
    assert found["State"].tolist() == ["violated"]


def test_guardrails_are_no_alarm_where_nothing_may_be_compared() -> None:
    people = shop({"1 h": (2_000, 200), "4 h": (1_500, 300)})
    has_left = (people.variant == 1) & people.goals[0].is_reached
    left = GoalColumn(name="unsubscribe", is_reached=has_left)
    given = settings(
        guardrails=[{"name": "unsubscribe", "event": {"event": "left"}, "margin": 0.01}]
    )

    results = experiment_results(replace(people, guardrails=(left,)), given, now=LATE)

    assert results.ratio.is_alarm
    assert result_words.guardrail_alarms(results) == []


def test_a_rehearsal_has_counts_and_no_comparison() -> None:
    results = experiment_results(shop(CLEAR, origin=Origin.REPLAY), settings(), now=LATE)

    shown = tables.variants(results)

    assert "Range that decides" not in shown.index
    assert "wins" not in plain(report(results)).split("How the numbers come about")[0]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ((0.101, 0.0931, 0.1102), "10.1 % (9.3 to 11.0 %)"),
        ((0.5, 0.41, 0.59), "50 % (41 to 59 %)"),
        ((0.001, 0.0004, 0.0021), "0.10 % (0.04 to 0.21 %)"),
    ],
)
def test_shares_are_written_with_as_many_digits_as_say_something(
    found: tuple[float, float, float], said: str
) -> None:
    value, low, high = found

    written = tables.rate(IntervalEstimate(value=value, low=low, high=high, confidence=0.95))

    assert written == said


def test_points_and_money_have_real_minus_signs_and_one_precision() -> None:
    estimate = IntervalEstimate(value=-0.456, low=-1.2, high=0.3, confidence=0.95)

    assert result_words.points_range(0.0006, -0.0051, 0.0063) == "+0.06 points (−0.51 to 0.63)"
    assert result_words.points_range(-0.0001, -0.02, 0.02) == "0.0 points (−2.0 to 2.0)"
    assert result_words.money_range(estimate) == "−0.46 (−1.20 to 0.30)"
    assert result_words.money(-1234.4) == "−1,234"


def test_disagreeing_readings_are_explained() -> None:
    results = read({"1 h": (2_000, 200), "4 h": (2_000, 245)})

    said = result_words.why_they_differ(results)

    assert "For 4 h they disagree" in said
    assert results.settings.window == WINDOW
