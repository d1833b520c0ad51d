"""The files of SEMANTICS 10 from a kept rehearsal, as one archive to take along."""

import json
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np

from core.engine.ledger import Ledger
from core.history.reading import Dataset
from core.rehearsal.outcome import Outcome
from core.services.campaign_files import campaign_yaml
from core.services.csv_fields import texts_of_array
from core.services.firing_lines import FIRINGS_HEADER, firing_lines
from core.services.flow_files import file_name
from core.services.ledger_lines import MESSAGES_HEADER, TRACE_HEADER, LedgerLines
from core.services.rehearse import FIRINGS, MESSAGES, SUMMARY, TRACE
from core.services.stored_rehearsals import RehearsalRecord


def archive(record: RehearsalRecord, outcome: Outcome, dataset: Dataset) -> bytes:
    """Give a ZIP with the same CSV files that `rehearse` writes, its summary and the campaigns.

    The dataset must be the one that was rehearsed, unchanged.
    """
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as files:
        files.writestr(FIRINGS, _firings(outcome, dataset))
        messages, trace = _flows(outcome, dataset)
        files.writestr(MESSAGES, messages)
        files.writestr(TRACE, trace)
        summary = json.dumps(record.summary, ensure_ascii=False, indent=2, sort_keys=True)
        files.writestr(SUMMARY, summary + "\n")
        for name, text in campaign_texts(record).items():
            files.writestr(f"campaigns/{name}", text)
    return packed.getvalue()


def campaign_texts(record: RehearsalRecord) -> dict[str, str]:
    """Give the campaigns of a rehearsal as YAML, by a file name of their own."""
    texts: dict[str, str] = {}
    for number, named in enumerate(record.campaigns, start=1):
        name = file_name({"name": named.campaign.name})
        texts[f"{number}-{name}" if name in texts else name] = campaign_yaml(named.campaign)
    return texts


def _by_name(outcome: Outcome) -> list[int]:
    """List the places of the campaigns in the order of the files."""
    names = [campaign.name for campaign in outcome.campaigns]
    return sorted(range(len(names)), key=names.__getitem__)


def _firings(outcome: Outcome, dataset: Dataset) -> bytes:
    users = texts_of_array(dataset.user_ids())
    parts = [f"{FIRINGS_HEADER}\n".encode()]
    for place in _by_name(outcome):
        replayed = outcome.firings[place]
        events = texts_of_array(dataset.event_ids(replayed.row))
        lines = firing_lines(replayed, users, events, np.arange(len(replayed), dtype=np.int64))
        parts.append(lines.tobytes())
    return b"".join(parts)


def _flows(outcome: Outcome, dataset: Dataset) -> tuple[bytes, bytes]:
    ledger = Ledger(enrolments=outcome.enrolments, messages=outcome.messages, trace=outcome.trace)
    lines = LedgerLines(outcome.campaigns, dataset.user_ids()).of(ledger)
    messages, trace = [f"{MESSAGES_HEADER}\n".encode()], [f"{TRACE_HEADER}\n".encode()]
    for place in _by_name(outcome):
        messages.append(lines[place].messages.tobytes())
        trace.append(lines[place].trace.tobytes())
    return b"".join(messages), b"".join(trace)
