"""The outcome of a rehearsal as Parquet files, and back."""

import json
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.domain.campaigns import Campaign
from core.domain.errors import UnusableInput
from core.domain.outcomes import Reactions
from core.engine.ledger import Enrolments, Messages, Trace
from core.rehearsal.outcome import Outcome
from core.rehearsal.replay import CampaignReplay

_TEXTS = b"texts"
_FACTS = ("user_count", "first_at", "watermark", "seed")


def write_outcome(folder: Path, outcome: Outcome) -> None:
    """Write an outcome into a folder; one of each kind of `Reactions` fits there."""
    prefix = outcome.reactions.word
    facts = {name: getattr(outcome, name) for name in _FACTS}
    (folder / f"{prefix}.json").write_text(json.dumps(facts), encoding="utf-8")
    for name in ("enrolments", "messages", "trace"):
        _write(folder / f"{prefix}-{name}.parquet", getattr(outcome, name))
    for place, replayed in enumerate(outcome.firings):
        _write(folder / f"{prefix}-firings-{place}.parquet", replayed)


def read_outcome(folder: Path, campaigns: Sequence[Campaign], reactions: Reactions) -> Outcome:
    """Read the outcome of a run of these campaigns, in their order.

    Raises UnusableInput where a file is missing or damaged.
    """
    try:
        return _outcome(folder, campaigns, reactions)
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError) as error:
        raise UnusableInput(
            f"The files of this rehearsal are damaged or incomplete ({folder}); rehearse again."
        ) from error


def _outcome(folder: Path, campaigns: Sequence[Campaign], reactions: Reactions) -> Outcome:
    prefix = reactions.word
    facts = json.loads((folder / f"{prefix}.json").read_text(encoding="utf-8"))
    return Outcome(
        campaigns=campaigns,
        reactions=reactions,
        firings=[
            CampaignReplay(campaign=campaign, **_read(folder / f"{prefix}-firings-{place}.parquet"))
            for place, campaign in enumerate(campaigns)
        ],
        enrolments=Enrolments(**_read(folder / f"{prefix}-enrolments.parquet")),
        messages=Messages(**_read(folder / f"{prefix}-messages.parquet")),
        trace=Trace(**_read(folder / f"{prefix}-trace.parquet")),
        **{name: facts[name] for name in _FACTS},
    )


def _write(path: Path, record: Enrolments | Messages | Trace | CampaignReplay) -> None:
    """Write the arrays of a record as columns; its texts go beside them."""
    values = {f.name: getattr(record, f.name) for f in fields(record)}
    arrays = {n: pa.array(v) for n, v in values.items() if isinstance(v, np.ndarray)}
    texts = {n: list(v) for n, v in values.items() if isinstance(v, list | tuple)}
    table = pa.table(arrays).replace_schema_metadata({_TEXTS: json.dumps(texts)})
    pq.write_table(table, path, compression="zstd")


def _read(path: Path) -> dict[str, Any]:
    table = pq.read_table(path)
    texts = json.loads(table.schema.metadata[_TEXTS])
    arrays = {
        name: table[name].combine_chunks().to_numpy(zero_copy_only=False)
        for name in table.column_names
    }
    return {**arrays, **texts}
