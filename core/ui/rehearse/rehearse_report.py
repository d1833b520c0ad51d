"""A rehearsal as a report to print: the same figures and sentences as on the page, in one file."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.campaigns import Campaign
from core.domain.instants import as_microseconds
from core.rehearsal.outcome import Outcome
from core.rehearsal.reports.funnel import CampaignFunnel, funnels
from core.rehearsal.reports.pressure import Pressure, pressure
from core.rehearsal.reports.ranges import CampaignRange, ranges
from core.rehearsal.reports.timing import CampaignSends
from core.rehearsal.reports.withheld import CampaignWithheld, withheld
from core.services import rehearsal_questions
from core.services.rehearsal_questions import CampaignBeforeRates, GoalRates, SplitTest
from core.services.sends_forecast import SendsForecast, sends_forecast
from core.services.stored_rehearsals import NamedVersion, RehearsalRecord
from core.ui import formats
from core.ui.rehearse import (
    rehearse_ab,
    rehearse_bought,
    rehearse_figures,
    rehearse_held,
    rehearse_overview,
    rehearse_paths,
    rehearse_pressure,
    rehearse_records,
    rehearse_when,
    rehearse_words,
)
from core.ui.rehearse.rehearse_report_html import (
    chart,
    heading,
    note,
    numbers,
    page,
    paragraph,
    table,
)


def report(record: RehearsalRecord, outcome: Outcome, everybody: Outcome | None) -> bytes:
    """Write the report of all campaigns of a rehearsal as one HTML file."""
    parts = _head(record)
    for found in _found(record, outcome, everybody):
        parts += _campaign(found)
    parts += _pressure(pressure(outcome))
    names = ", ".join(named.campaign.name for named in record.campaigns)
    return page(f"Rehearsal of {names}", parts).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What is told of one campaign; `place` is its place in the run."""

    place: int
    named: NamedVersion
    funnel: CampaignFunnel
    rates: GoalRates
    sends: CampaignSends
    ahead: SendsForecast
    held: CampaignWithheld
    before: CampaignBeforeRates
    splits: Sequence[SplitTest]
    depends: CampaignRange | None

    @property
    def campaign(self) -> Campaign:
        return self.named.campaign


def _found(record: RehearsalRecord, outcome: Outcome, everybody: Outcome | None) -> list[_Found]:
    since = None if record.since is None else as_microseconds(record.since)
    begun = rehearse_when.beginning(outcome, since)
    counted, rates = funnels(outcome), rehearsal_questions.goal_rates(outcome)
    sends, held = rehearse_when.sends_since(outcome, since), withheld(outcome)
    before = rehearsal_questions.before_send_rates(outcome)
    tests = rehearsal_questions.split_tests(outcome)
    depending = None if everybody is None else ranges(outcome, everybody)
    return [
        _Found(
            place=place,
            named=named,
            funnel=counted[place],
            rates=rates[place],
            sends=sends[place],
            ahead=sends_forecast(begun, place, seed=record.seed),
            held=held[place],
            before=before[place],
            splits=[test for test in tests if test.counts.place == place],
            depends=None if depending is None else depending[place],
        )
        for place, named in enumerate(record.campaigns)
    ]


def _head(record: RehearsalRecord) -> list[str]:
    facts = record.summary["dataset"]
    return [
        heading(1, "Rehearsal"),
        paragraph(rehearse_records.campaign_list(record)),
        paragraph(
            f"On {rehearse_records.extent(record)}: {facts['events']:,} events of "
            f"{formats.people(facts['users'])}."
        ),
        note(
            f"Made {record.made_at:%-d %b %Y, %H:%M} UTC; seed {record.seed}; rehearsal "
            f"{record.rehearsal_id}; state of the data {formats.plain(record.fingerprint)}."
        ),
        *(note(formats.plain(said)) for said in record.summary["notes"]),
        note(rehearse_bought.NO_PROOF),
    ]


def _campaign(found: _Found) -> list[str]:
    shown = rehearse_overview.headline(found.campaign, found.funnel, found.rates)
    title = f"{found.campaign.name}, {rehearse_records.version(found.named)}"
    parts = [
        heading(2, title, is_first=found.place == 0),
        numbers({number.label: number.value for number in shown}),
        *(note(f"{number.label}: {number.help}") for number in shown),
        paragraph(rehearse_overview.entry_line(found.campaign, found.funnel)),
    ]
    if found.campaign.steps:
        parts.append(table(rehearse_overview.flow_table(found.campaign, found.funnel)))
        parts.append(note("Counts of the flow are entries: who enters twice counts twice."))
        parts += _when(found)
        parts += _paths(found)
    parts += _held(found)
    if found.campaign.goal is not None:
        parts += _bought(found)
    return [*parts, *_splits(found), *_ranges(found)]


def _when(found: _Found) -> list[str]:
    if not found.sends.total.sum():
        return []
    labels = rehearse_words.mail_labels(found.campaign)
    drawn = rehearse_figures.sends(found.sends, labels, found.ahead)
    return [
        heading(3, "When"),
        chart(drawn, f"when-{found.place}"),
        *(paragraph(sentence) for sentence in rehearse_when.forecast_sentences(found.ahead)),
        note(f"Days in {found.sends.timezone}."),
    ]


def _paths(found: _Found) -> list[str]:
    if not found.funnel.enrolment_count:
        return []
    drawn = rehearse_paths.figure_of(found.campaign, found.funnel)
    return [
        heading(3, "Paths"),
        paragraph(rehearse_paths.ended(found.funnel)),
        chart(drawn, f"paths-{found.place}"),
        table(rehearse_paths.ways_table(found.campaign, found.funnel)),
    ]


def _held(found: _Found) -> list[str]:
    refused = {r: count for r, count in found.funnel.refused_count_by_reason.items() if count}
    parts = []
    if found.held.withheld_count:
        parts += [
            heading(3, "Held back"),
            table(rehearse_held.messages_table(found.held, found.campaign)),
            table(rehearse_held.steps_table(found.held, found.campaign)),
        ]
    if refused:
        shown = rehearse_held.refused_table(refused, found.campaign)
        parts += [heading(3, "Not let in"), table(shown)]
    return parts


def _bought(found: _Found) -> list[str]:
    sentences = rehearse_bought.before_sentences(found.before.sends, found.campaign)
    parts = [
        heading(3, rehearse_words.goal_title(found.campaign.goal)),
        *(paragraph(sentence) for sentence in sentences),
    ]
    if sentences:
        parts.append(note(rehearse_bought.before_note(found.before.sends, found.campaign)))
    parts.append(paragraph(rehearse_bought.after_sentence(found.rates, found.campaign)))
    if found.rates.held_out is not None:
        parts.append(table(rehearse_bought.groups_table(found.rates)))
    return [*parts, *(note(said) for said in rehearse_bought.notes(found.rates))]


def _splits(found: _Found) -> list[str]:
    parts = []
    for test in found.splits:
        parts += [
            heading(3, rehearse_words.step_title(found.campaign, test.counts.step_id)),
            table(rehearse_ab.split_table(test)),
            *(paragraph(formats.plain(alarm)) for alarm in test.alarms),
            note(rehearse_ab.split_note(test)),
        ]
    return parts


def _ranges(found: _Found) -> list[str]:
    if found.depends is None or not found.depends.depends:
        return []
    return [
        heading(3, "What depends on how people react"),
        table(rehearse_ab.ranges_table(found.depends, found.campaign)),
        note(rehearse_ab.range_note(found.depends)),
    ]


def _pressure(found: Pressure) -> list[str]:
    if not found.most_sent_count:
        return []
    parts = [
        heading(2, "How much one person gets"),
        *(paragraph(sentence) for sentence in rehearse_pressure.sentences(found)),
        chart(rehearse_figures.people_by_emails(found.people_by_sent_count), "pressure"),
    ]
    if found.crowded.people_count:
        parts.append(table(rehearse_pressure.crowd_table(found)))
    if found.collisions:
        parts.append(table(rehearse_pressure.collision_table(found)))
    return parts
