"""The files of SEMANTICS 10 from a kept rehearsal, as one archive to take along."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, replace
from io import BytesIO
from itertools import pairwise
from typing import Any, TypeVar
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np

from core.engine.ledger import Ledger, Messages, Trace
from core.history.reading import Dataset
from core.rehearsal.history import run_starts
from core.rehearsal.outcome import Outcome
from core.services.campaign_files import campaign_yaml
from core.services.csv_fields import Bytes, texts_of_array
from core.services.firing_lines import firing_lines
from core.services.flow_files import file_name
from core.services.ledger_lines import LedgerLines
from core.services.rehearse import FIRINGS, HEADERS, MESSAGES, SUMMARY, TRACE
from core.services.stored_rehearsals import RehearsalRecord

Rows = TypeVar("Rows", Messages, Trace)

# Enrolments whose lines are in memory at once.
ENROLMENTS_AT_ONCE = 50_000
_QUICKLY = 1  # harder packing saves a quarter of the size and takes four times as long


def archive(
    record: RehearsalRecord,
    outcome: Outcome,
    dataset: Dataset,
    *,
    enrolments_at_once: int = ENROLMENTS_AT_ONCE,
) -> bytes:
    """Give a ZIP with the same CSV files that `rehearse` writes, its summary and the campaigns.

    The dataset must be the one that was rehearsed, unchanged. The same record gives the same bytes;
    `enrolments_at_once` bounds the memory and changes nothing else.
    """
    summary = json.dumps(record.summary, ensure_ascii=False, indent=2, sort_keys=True)
    lines = LedgerLines(outcome.campaigns, dataset.user_ids())
    parts, places = _parts(outcome, enrolments_at_once), _by_name(outcome)
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED, compresslevel=_QUICKLY) as files:
        _pack(files, FIRINGS, _table(FIRINGS, _firings(outcome, places, dataset)))
        for file, written in ((MESSAGES, lines.messages_of), (TRACE, lines.trace_of)):
            _pack(files, file, _table(file, (written(part, n) for n in places for part in parts)))
        _pack(files, SUMMARY, [f"{summary}\n".encode()])
        for name, text in campaign_texts(record).items():
            _pack(files, f"campaigns/{name}", [text.encode()])
    return packed.getvalue()


def campaign_texts(record: RehearsalRecord) -> dict[str, str]:
    """Give the campaigns of a rehearsal as YAML, by a file name of their own."""
    texts: dict[str, str] = {}
    for number, named in enumerate(record.campaigns, start=1):
        name = file_name({"name": named.campaign.name})
        texts[f"{number}-{name}" if name in texts else name] = campaign_yaml(named.campaign)
    return texts


def _pack(files: ZipFile, name: str, pieces: Iterable[bytes]) -> None:
    """Pack a file piece by piece, with no date: the same content makes the same archive."""
    with files.open(name, "w", force_zip64=True) as file:
        for piece in pieces:
            file.write(piece)


def _table(file: str, lines: Iterable[Bytes]) -> Iterator[bytes]:
    yield f"{HEADERS[file]}\n".encode()
    for part in lines:
        yield part.tobytes()


def _by_name(outcome: Outcome) -> list[int]:
    """List the places of the campaigns in the order of the files."""
    names = [campaign.name for campaign in outcome.campaigns]
    return sorted(range(len(names)), key=names.__getitem__)


def _firings(outcome: Outcome, places: Sequence[int], dataset: Dataset) -> Iterator[Bytes]:
    users = texts_of_array(dataset.user_ids())
    for place in places:
        replayed = outcome.firings[place]
        events = texts_of_array(dataset.event_ids(replayed.row))
        yield firing_lines(replayed, users, events, np.arange(len(replayed), dtype=np.int64))


def _parts(outcome: Outcome, enrolments_at_once: int) -> list[Ledger]:
    """Cut the ledger, which stands by user, between users; enrolments keep their places."""
    enrolments = outcome.enrolments
    starts = np.flatnonzero(run_starts(enrolments.user))
    _, first = np.unique(starts // enrolments_at_once, return_index=True)
    users = enrolments.user[starts[first[1:]]]
    cuts = []
    for rows in (outcome.messages, outcome.trace):
        inner = np.searchsorted(enrolments.user[rows.enrolment], users).tolist()
        cuts.append(list(pairwise([0, *inner, len(rows)])))
    return [
        Ledger(
            enrolments=enrolments,
            messages=_between(outcome.messages, *mails),
            trace=_between(outcome.trace, *steps),
        )
        for mails, steps in zip(*cuts, strict=True)
    ]


def _between(rows: Rows, begin: int, end: int) -> Rows:
    """Take some rows out, without copying them."""
    values: dict[str, Any] = {f.name: getattr(rows, f.name) for f in fields(rows)}
    arrays: dict[str, Any] = {
        n: v[begin:end] for n, v in values.items() if isinstance(v, np.ndarray)
    }
    return replace(rows, **arrays)
