"""Reports read from what the engine really did: they agree with the summary and with each other."""

from pathlib import Path
from typing import Any

from core.domain.campaigns import Campaign
from core.domain.outcomes import MessageOutcome
from core.history.reading import Dataset, open_dataset
from core.rehearsal.reports.changes import changes
from core.rehearsal.reports.conversions import before_sends
from core.rehearsal.reports.funnel import CampaignFunnel, funnels
from core.rehearsal.reports.withheld import withheld
from core.services.campaign_files import load_campaign
from core.services.imports import SAMPLE_NAME
from core.services.rehearse import rehearse

STARTERS = Path(__file__).resolve().parents[2] / "templates/campaigns"


def starters() -> list[Campaign]:
    return [load_campaign(path) for path in sorted(STARTERS.glob("*.yaml"))]


def sample(home: Path) -> Dataset:
    return open_dataset(home, SAMPLE_NAME)


def test_the_funnel_says_what_the_summary_says(sample_home: Path) -> None:
    rehearsal = rehearse(starters(), sample(sample_home))

    found = {funnel.campaign: funnel for funnel in funnels(rehearsal.outcome)}

    assert len(found) >= 10
    for said in rehearsal.summary["campaigns"]:
        assert_agrees(found[said["campaign"]], said)


def assert_agrees(funnel: CampaignFunnel, said: dict[str, Any]) -> None:
    assert (funnel.firing_count, funnel.enrolment_count) == (said["firings"], said["enrolled"])
    assert funnel.refused_count_by_reason == said["refused"]
    assert funnel.people_count == said["people_enrolled"]
    assert funnel.held_out_people_count == said["people_held_out"]
    for step_id, counts in said.get("messages", {}).items():
        step = funnel.step(step_id)
        assert step.sent_count == counts[MessageOutcome.SENT.word]
        assert step.withheld_count == sum(counts.values()) - step.sent_count
    for step in funnel.steps:
        ended = step.left_by_goal_count + step.exited_count + step.waiting_count
        assert step.arrived_count == sum(step.passed_count_by_way.values()) + ended


def test_nobody_is_lost_between_the_reports_of_one_rehearsal(sample_home: Path) -> None:
    outcome = rehearse(starters(), sample(sample_home)).outcome

    reports = zip(funnels(outcome), withheld(outcome), before_sends(outcome), strict=True)
    for funnel, held_back, before in reports:
        assert held_back.sent_count == sum(step.sent_count for step in funnel.steps)
        for send in before.sends:
            known = send.enrolment_count + send.censored_count
            assert funnel.step(send.step_id).arrived_count <= known <= funnel.enrolment_count


def test_another_wait_moves_mails_and_loses_those_who_bought_meanwhile(sample_home: Path) -> None:
    campaign = next(c for c in starters() if c.name == "Cart abandonment")
    trigger = campaign.trigger.model_copy(update={"within": 2 * campaign.trigger.within})
    later = campaign.model_copy(update={"trigger": trigger})
    before, after = (rehearse([c], sample(sample_home)).outcome for c in (campaign, later))

    found = changes(before, after)

    one, two = (sum(s.sent_count for s in funnels(o)[0].steps) for o in (before, after))
    assert one - found.lost_count == two - found.gained_count == found.moved_count
    assert found.earlier_count == 0
    assert found.people_gained_count == 0
    assert found.people_lost_count > 0
    assert {person.reason.value for person in found.people_lost} <= {"not_caught"}
