"""The campaign file as a model: defaults, and faults that name key and place (SEMANTICS 9)."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from core.domain.campaigns import Always, Campaign, ReentryPer, Stage, traits_of
from core.domain.triggers import AbsenceTrigger, Anchor, InactivityTrigger
from tests.domain.faults import campaign_with, faults_of
from tests.reference.histories import CampaignCase, campaign_cases

ABSENCE = {
    "kind": "absence",
    "start": {"event": "cart_add"},
    "unless": {"event": "purchase"},
    "within": "24h",
}
COUNT = {"kind": "count", "match": {"event": "view"}, "at_least": 4, "within": "48h"}
SUM = {**COUNT, "kind": "sum", "property": "price"}
SEQUENCE = {"kind": "sequence", "steps": [{"event": "a"}, {"event": "b"}], "within": "1h"}
SEND = {"id": "mail", "kind": "send", "template": "cart_recovery"}
WAIT = {"id": "wait", "kind": "wait_for", "event": {"event": "view"}, "timeout": "24h"}
SPLIT = {
    "id": "test",
    "kind": "split",
    "variants": [{"name": "a", "weight": 1}, {"name": "b", "weight": 1}],
}


def test_9_what_is_left_out_has_its_default() -> None:
    campaign = Campaign.model_validate({"name": "c", "trigger": ABSENCE})

    assert campaign.timezone == "UTC"
    assert campaign.reentry is Always.ALWAYS
    assert campaign.reentry_per is ReentryPer.USER
    assert campaign.exit_on_goal is True
    assert campaign.concurrent is False
    assert campaign.holdout == 0
    assert campaign.holdout_salt_or_default() == "holdout:c"
    assert campaign.max_event_age == timedelta(hours=72)
    assert campaign.stale_after == timedelta(hours=24)
    assert (campaign.stage, campaign.audience, campaign.goal) == (None, None, None)
    assert (campaign.quiet_hours, campaign.frequency_cap, campaign.steps) == (None, None, ())
    assert isinstance(campaign.trigger, AbsenceTrigger)
    assert campaign.trigger.anchor is Anchor.LAST
    assert campaign.trigger.key is None


def test_3_5_inactivity_is_about_any_event_unless_it_says_otherwise() -> None:
    campaign = Campaign.model_validate(
        {"name": "c", "trigger": {"kind": "inactivity", "for": "7d"}}
    )

    assert isinstance(campaign.trigger, InactivityTrigger)
    absence = campaign.trigger.as_absence()
    assert absence.start == absence.unless
    assert absence.start.event == ("*",)
    assert (absence.within, absence.anchor) == (timedelta(days=7), Anchor.LAST)


@pytest.mark.parametrize("stage", list(Stage))
def test_9_the_four_stages_of_the_journey(stage: Stage) -> None:
    assert Campaign.model_validate(campaign_with(stage=str(stage))).stage is stage


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        # Unknown keys, each with its place.
        (campaign_with(nam="x"), "nam: unknown key 'nam'; did you mean 'name'?"),
        (campaign_with(trigger={**ABSENCE, "withinn": "1h"}), "trigger.withinn: unknown key"),
        (
            campaign_with(trigger={**ABSENCE, "start": {"event": "a", "were": []}}),
            "trigger.start.were: unknown key 'were'; did you mean 'where'?",
        ),
        (
            campaign_with(
                trigger={
                    **ABSENCE,
                    "start": {"event": "a", "where": [{"property": "p", "op": "eq", "val": 1}]},
                }
            ),
            "trigger.start.where[0].val: unknown key 'val'; did you mean 'value'?",
        ),
        (campaign_with(goal={"event": {"event": "a"}, "for": "7d"}), "goal.for: unknown key"),
        (campaign_with(reentry={"cooldwn": "7d"}), "reentry.cooldwn: unknown key 'cooldwn'"),
        (
            campaign_with(steps=[{**SEND, "tmplate": "x"}]),
            "steps[0].tmplate: unknown key 'tmplate'; did you mean 'template'?",
        ),
        (
            campaign_with(audience={"all": [{"trait": "c", "op": "exists", "vlue": 1}]}),
            "audience.all[0].vlue: unknown key 'vlue'; did you mean 'value'?",
        ),
        # Missing keys.
        ({"trigger": ABSENCE}, "name: the key 'name' is missing"),
        ({"name": "c"}, "trigger: the key 'trigger' is missing"),
        (campaign_with(trigger={"start": {"event": "a"}}), "trigger: the key 'kind' is missing"),
        (
            campaign_with(trigger={k: v for k, v in ABSENCE.items() if k != "within"}),
            "trigger.within: the key 'within' is missing",
        ),
        (
            campaign_with(trigger={k: v for k, v in SUM.items() if k != "property"}),
            "trigger.property: the key 'property' is missing",
        ),
        (campaign_with(trigger={"kind": "inactivity"}), "trigger.for: the key 'for' is missing"),
        (campaign_with(goal={"event": {"event": "a"}}), "goal.within: the key 'within' is missing"),
        (campaign_with(steps=[{"kind": "exit"}]), "steps[0].id: the key 'id' is missing"),
        # Unknown kinds and words.
        (
            campaign_with(trigger={"kind": "presence"}),
            "trigger: unknown kind 'presence'; known are",
        ),
        (
            campaign_with(steps=[{"id": "a", "kind": "mail"}]),
            "steps[0]: unknown kind 'mail'; known",
        ),
        (campaign_with(stage="awarenes"), "stage: 'awarenes' is not one of"),
        (campaign_with(trigger={**ABSENCE, "anchor": "middle"}), "trigger.anchor: 'middle' is not"),
        (campaign_with(reentry="never"), "reentry: is `always`, `once` or {cooldown: 7d}"),
        (campaign_with(reentry_per="person"), "reentry_per: 'person' is not one of"),
        (
            campaign_with(steps=[{**WAIT, "since": "start"}]),
            "steps[0].since: 'start' is not one of",
        ),
        (
            campaign_with(
                steps=[{"id": "d", "kind": "delay", "until": "09:00", "on": ["mon", "sunday"]}]
            ),
            "steps[0].on[1]: 'sunday' is not one of",
        ),
        # Durations.
        (
            campaign_with(trigger={**ABSENCE, "within": "-1h"}),
            "trigger.within: '-1h' is a negative",
        ),
        (campaign_with(trigger={**ABSENCE, "within": "0s"}), "trigger.within: '0s' lasts no time"),
        (campaign_with(trigger={**ABSENCE, "within": 24}), "trigger.within: 24 is not a duration"),
        (campaign_with(reentry={"cooldown": "soon"}), "reentry.cooldown: 'soon' is not a duration"),
        (campaign_with(max_event_age="0h"), "max_event_age: '0h' lasts no time"),
        # Numbers.
        (campaign_with(holdout=1.1), "holdout: "),
        (campaign_with(holdout=-0.1), "holdout: "),
        (campaign_with(holdout="0.1"), "holdout: "),
        (campaign_with(holdout=True), "holdout: "),
        (campaign_with(holdout=float("nan")), "holdout: "),
        (campaign_with(trigger={**COUNT, "at_least": 0}), "trigger.at_least: "),
        (campaign_with(trigger={**COUNT, "at_least": 2.5}), "trigger.at_least: "),
        (campaign_with(trigger={**COUNT, "at_least": "4"}), "trigger.at_least: "),
        (campaign_with(trigger={**SUM, "at_least": float("inf")}), "trigger.at_least: "),
        (campaign_with(frequency_cap={"max": 0, "per": "7d"}), "frequency_cap.max: "),
        (
            campaign_with(
                steps=[{**SPLIT, "variants": [{"name": "a", "weight": 0}, SPLIT["variants"][1]]}]
            ),
            "steps[0].variants[0].weight: ",
        ),
        # Times of day, zones, names.
        (
            campaign_with(quiet_hours={"from": "24:00", "to": "08:00"}),
            "quiet_hours.from: '24:00' is not a time of day",
        ),
        (
            campaign_with(quiet_hours={"from": "٢٣:00", "to": "08:00"}),
            "quiet_hours.from: '٢٣:00' is not a time of day",
        ),
        (
            campaign_with(quiet_hours={"from": "08:00", "to": "08:00"}),
            "quiet_hours: quiet hours that start and end at the same time",
        ),
        (campaign_with(timezone="Berlin"), "timezone: 'Berlin' is no time zone"),
        (campaign_with(name=""), "name: "),
        (campaign_with(name=" c"), "name: a name is one line without spaces around it"),
        (campaign_with(name="a\nb"), "name: a name is one line"),
        (campaign_with(name=5), "name: should be text; put 5 in quotes"),
        # Shapes.
        (campaign_with(trigger="event"), "trigger: "),
        (campaign_with(trigger={**SEQUENCE, "steps": [{"event": "a"}]}), "trigger.steps: "),
        (campaign_with(trigger={**SEQUENCE, "steps": [{"event": "a"}] * 6}), "trigger.steps: "),
        (campaign_with(steps={"id": "a", "kind": "exit"}), "steps: should be a list"),
        (
            campaign_with(steps=[{**SPLIT, "variants": [{"name": "a", "weight": 1}]}]),
            "steps[0].var",
        ),
        (
            campaign_with(steps=[{**SPLIT, "variants": [{"name": "a", "weight": 1}] * 2}]),
            "steps[0]: two variants have the same name",
        ),
        (
            campaign_with(steps=[{"id": "d", "kind": "delay"}]),
            "steps[0]: a delay needs either `for` or `until`",
        ),
        (
            campaign_with(steps=[{"id": "d", "kind": "delay", "for": "1h", "until": "09:00"}]),
            "steps[0]: a delay needs either `for` or `until`",
        ),
        (
            campaign_with(steps=[{"id": "d", "kind": "delay", "for": "1h", "on": ["mon"]}]),
            "steps[0]: `on` goes with `until`",
        ),
        (
            campaign_with(steps=[{"id": "h", "kind": "webhook", "url": "ftp://example.com"}]),
            "steps[0].url: ",
        ),
        (campaign_with(audience={"all": []}), "audience.all: "),
        (
            campaign_with(audience={"nobody": 1}),
            "audience: a condition needs one of the keys trait",
        ),
        # What has no meaning where it stands.
        (campaign_with(reentry_per="key"), "`reentry_per: key` needs a `key` on the trigger"),
        (
            campaign_with(audience={"any": [{"not": {"did": {"event": "a"}}}]}),
            "audience: `did` has a meaning only after entry",
        ),
        (campaign_with(audience={"opened": "mail"}), "audience: `opened` has a meaning only after"),
        (
            campaign_with(
                trigger={
                    **COUNT,
                    "match": {
                        "event": "a",
                        "where": [{"property": "p", "op": "eq", "value": "$trigger.p"}],
                    },
                }
            ),
            "trigger: $trigger.p has a meaning only in the flow and the goal",
        ),
    ],
)
def test_9_a_fault_names_the_key_and_its_place(document: dict[str, Any], fault: str) -> None:
    # A fault inside may bring others about around it, such as "too few" of faulty ones.
    faults = faults_of(document)
    assert [told for told in faults if told.startswith(fault)] != [], faults


def test_9_no_key_is_suggested_for_itself() -> None:
    faults = faults_of(campaign_with(goal={"event": {"event": "a"}, "for": "7d"}))

    assert "goal.for: unknown key 'for'" in [told.split(";")[0] for told in faults]
    assert not any("did you mean 'for'" in told for told in faults)


def test_9_every_fault_of_a_file_is_told() -> None:
    document = campaign_with(
        name="", stage="x", trigger={**ABSENCE, "within": "x"}, steps=[{**SEND, "next": 5}]
    )

    places = [fault.split(":")[0] for fault in faults_of(document)]

    assert places == ["name", "stage", "trigger.within", "steps[0].next"]


def test_2_4_the_flow_and_the_goal_may_refer_to_the_firing() -> None:
    this_cart = [{"property": "cart_id", "op": "eq", "value": "$key"}]
    campaign = Campaign.model_validate(
        campaign_with(
            trigger={**ABSENCE, "key": "cart_id"},
            goal={"event": {"event": "purchase", "where": this_cart}, "within": "7d"},
            steps=[{**WAIT, "event": {"event": "view", "where": this_cart}}],
        )
    )

    assert campaign.goal is not None
    assert campaign.goal.event.references() == ["$key"]


@settings(max_examples=200, deadline=None)
@given(case=campaign_cases())
def test_a_campaign_is_read_back_from_what_it_writes(case: CampaignCase) -> None:
    campaign = Campaign.model_validate(case.campaign)

    assert Campaign.model_validate(campaign.model_dump(mode="json", by_alias=True)) == campaign
    assert Campaign.model_validate_json(campaign.model_dump_json(by_alias=True)) == campaign


def test_a_campaign_never_changes() -> None:
    campaign = Campaign.model_validate(campaign_with())

    with pytest.raises(ValueError, match="frozen"):
        campaign.name = "other"  # type: ignore[misc]


def test_templates_are_named_once() -> None:
    steps = [SEND, {**SEND, "id": "again"}, {**SEND, "id": "other", "template": "welcome"}]

    campaign = Campaign.model_validate(campaign_with(steps=steps))

    assert campaign.templates() == {"cart_recovery", "welcome"}


def test_the_traits_of_an_audience_are_named_however_deep() -> None:
    audience = {"any": [{"not": {"all": [{"trait": "a.b", "op": "exists"}]}}, {"segment": "VIP"}]}

    campaign = Campaign.model_validate(campaign_with(audience=audience))

    assert traits_of(campaign.audience) == {"a.b", "segments"}
