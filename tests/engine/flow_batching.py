"""Feeds histories to triggers and flows of several campaigns, in one batch or in several."""

from collections.abc import Sequence
from typing import Any

from core.domain.campaigns import Campaign
from core.domain.firings import Admission
from core.domain.instants import iso
from core.domain.outcomes import EnrolmentState, MessageOutcome, Reactions, StepOutcome
from core.domain.reach import is_yes, zone_called
from core.domain.triggers import properties_of
from core.domain.values import at_path
from core.engine.assignment import buckets
from core.engine.batches import Int32s
from core.engine.crowd import Crowd, PlanFirings
from core.engine.enrolments import Person
from core.engine.ledger import Ledger
from core.engine.memory import NEVER, no_memory
from core.engine.plans import Plan, plan_of
from core.engine.recording import Book
from core.engine.triggers import advance
from tests.engine.batching import Feeder, audience
from tests.reference.flow import Told
from tests.reference.matching import Event

Profiles = dict[str, dict[str, Any]] | None


def walk(
    campaigns: Sequence[Campaign],
    feeder: Feeder,
    batches: Sequence[Sequence[Event]],
    watermarks: Sequence[int],
    profiles: Profiles,
    reactions: Reactions = Reactions.OBSERVED,
) -> Told:
    """Walk campaigns over batches, and tell what happened as the plain reading does."""
    plans = [plan_of(campaign, reactions) for campaign in campaigns]
    book = Book()
    crowd = Crowd(plans, lambda users: _persons(users, feeder, plans, profiles), book)
    memories = [no_memory(campaign.trigger) for campaign in campaigns]
    wanted = [audience(campaign, feeder, profiles or {}) for campaign in campaigns]
    named = {name for c in campaigns for name in properties_of(c.trigger)}
    named = named.union(*(plan.properties() for plan in plans))
    firings: list[list[tuple[Any, ...]]] = [[] for _ in campaigns]
    key_texts: list[Sequence[str]] = [() for _ in campaigns]
    for events, watermark in zip(batches, watermarks, strict=True):
        batch = feeder.batch(events, named)
        found = []
        for place, (plan, is_wanted) in enumerate(zip(plans, wanted, strict=True)):
            trigger = plan.campaign.trigger
            memories[place], raised = advance(trigger, memories[place], batch, watermark)
            causes = [feeder.events[row] for row in raised.row.tolist()]
            properties = {
                name: [at_path(cause.properties, name) for cause in causes]
                for name in plan.trigger_properties()
            }
            kept = PlanFirings(
                firings=raised, is_wanted=is_wanted[raised.user], properties=properties
            )
            found.append(kept)
        outcomes = crowd.proceed(batch, found, watermark)
        for place, (kept, outcome) in enumerate(zip(found, outcomes, strict=True)):
            # The keys of a batch begin with those of the batches before it.
            if len(kept.firings.key_texts) > len(key_texts[place]):
                key_texts[place] = kept.firings.key_texts
            words = [Admission(code).word for code in outcome]
            told = zip(feeder.told(kept.firings), words, strict=True)
            name = campaigns[place].name
            firings[place] += [(name, *firing, word) for firing, word in told]
    ledger = book.ledger(key_texts)
    return Told(
        firings=[row for rows in firings for row in rows],
        messages=_messages(ledger, campaigns, feeder),
        trace=_trace(ledger, campaigns, feeder),
        enrolments=_enrolments(ledger, campaigns, feeder),
    )


def _persons(
    users: Int32s, feeder: Feeder, plans: Sequence[Plan], profiles: Profiles
) -> list[Person]:
    ids = [feeder.users[user] for user in users]
    asks_consent = any("consent" in traits for traits in (profiles or {}).values())
    salts = {salt for plan in plans for salt in plan.salts}
    by_salt = {salt: buckets(salt, ids).tolist() for salt in salts}
    return [
        _person(
            user_id,
            profiles,
            {salt: drawn[place] for salt, drawn in by_salt.items()},
            asks_consent=asks_consent,
        )
        for place, user_id in enumerate(ids)
    ]


def _person(
    user_id: str, profiles: Profiles, drawn: dict[str, int], *, asks_consent: bool
) -> Person:
    if profiles is None:
        return Person(user_id=user_id, buckets=drawn)
    traits = profiles.get(user_id, {})
    zone = traits.get("timezone")
    lacks_consent = asks_consent and user_id in profiles and not is_yes(traits.get("consent"))
    return Person(
        user_id=user_id,
        zone=zone_called(zone),
        traits=traits,
        buckets=drawn,
        always_reachable=False,
        has_address=traits.get("email") not in (None, ""),
        has_profile=user_id in profiles,
        asks_consent=asks_consent,
        is_unsubscribed=is_yes(traits.get("unsubscribed")) or lacks_consent,
        is_suppressed=is_yes(traits.get("suppressed")),
    )


def _who(
    ledger: Ledger, number: int, campaigns: Sequence[Campaign], feeder: Feeder
) -> tuple[Campaign, tuple[str, str, int]]:
    entries = ledger.enrolments
    campaign = campaigns[entries.campaign[number]]
    user = feeder.users[entries.user[number]]
    return campaign, (campaign.name, user, int(entries.entered_at[number]))


def _messages(
    ledger: Ledger, campaigns: Sequence[Campaign], feeder: Feeder
) -> list[tuple[Any, ...]]:
    messages, told = ledger.messages, []
    for n in range(len(messages)):
        campaign, who = _who(ledger, messages.enrolment[n], campaigns, feeder)
        step, variant = campaign.steps[messages.step[n]], messages.variant[n]
        name = "" if variant < 0 else messages.variants[variant]
        word = MessageOutcome(messages.outcome[n]).word
        told.append((*who, step.id, name, int(messages.due_at[n]), word, step.template))
    return told


def _trace(ledger: Ledger, campaigns: Sequence[Campaign], feeder: Feeder) -> list[tuple[Any, ...]]:
    trace, told = ledger.trace, []
    for n in range(len(trace)):
        campaign, who = _who(ledger, trace.enrolment[n], campaigns, feeder)
        step = "" if trace.step[n] < 0 else campaign.steps[trace.step[n]].id
        outcome = StepOutcome(trace.outcome[n])
        reason = "" if trace.reason[n] < 0 else trace.reasons[trace.reason[n]]
        if outcome is StepOutcome.WAITING:
            reason = f"until {iso(int(trace.until_at[n]))}"
        told.append((*who, step, int(trace.at[n]), outcome.word, reason))
    return told


def _enrolments(
    ledger: Ledger, campaigns: Sequence[Campaign], feeder: Feeder
) -> list[tuple[Any, ...]]:
    entries, told = ledger.enrolments, []
    for n in range(len(entries)):
        _, who = _who(ledger, n, campaigns, feeder)
        state = EnrolmentState(entries.state[n]).word
        times = (entries.ended_at[n], entries.goal_at[n])
        told.append((*who, state, *(None if at == NEVER else int(at) for at in times)))
    return told


def by_user(told: Told) -> Told:
    """Put each person's rows together, in the order in which they happened."""
    return Told(*(sorted(rows, key=lambda row: row[1]) for rows in told))


def sorted_firings(told: Told) -> Told:
    """Order firings as the file does; among campaigns the plain reading has its own order."""
    firings = sorted(told.firings, key=lambda row: (row[0], row[1], row[3], row[4]))
    return told._replace(firings=firings)
