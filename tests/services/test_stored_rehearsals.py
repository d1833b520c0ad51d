"""Kept rehearsals: reopened as they were, found by the same link, forgotten on request."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.domain.errors import Cancelled, UnusableInput
from core.domain.outcomes import Reactions
from core.rehearsal.outcome import Outcome
from core.services.rehearse import rehearse
from core.services.stored_rehearsals import (
    NamedVersion,
    fingerprint_of,
    forget,
    open_rehearsal,
    record_of,
    records,
    rehearse_and_keep,
)
from tests.history.datasets import START
from tests.services.shops import VIEWED, campaign, small_shop
from tests.services.test_rehearse_flows import FLOW, busy_shop

MADE_AT = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
ASKS = {
    **FLOW,
    "name": "Asks",
    "steps": [
        {"id": "mail", "kind": "send", "template": "cart_recovery"},
        {
            "id": "opened",
            "kind": "branch",
            "cases": [{"if": {"opened": "mail"}, "next": "thanks"}],
            "otherwise": "thanks",
        },
        {"id": "thanks", "kind": "send", "template": "cart_recovery"},
    ],
}


def test_a_kept_rehearsal_reopens_as_it_was(tmp_path: Path) -> None:
    dataset = busy_shop(tmp_path)
    campaigns = [NamedVersion(campaign=campaign(FLOW), version=3), named(VIEWED)]

    kept = rehearse_and_keep(
        tmp_path, dataset, campaigns, made_at=MADE_AT, since=START + timedelta(days=1), seed=4
    )

    record, outcome = open_rehearsal(tmp_path, kept.rehearsal_id)
    fresh = rehearse(
        [c.campaign for c in campaigns], dataset, since=START + timedelta(days=1), seed=4
    )
    assert record == kept
    assert record.made_at == MADE_AT
    assert record.fingerprint == fingerprint_of(dataset)
    assert [c.version for c in record.campaigns] == [3, None]
    assert record.summary == fresh.summary
    assert len(outcome.messages) > 0
    assert told(outcome) == told(fresh.outcome)


def test_the_same_rehearsal_has_the_same_link_and_another_another(tmp_path: Path) -> None:
    dataset = small_shop(tmp_path)

    first = rehearse_and_keep(tmp_path, dataset, [named()], made_at=MADE_AT)
    again = rehearse_and_keep(tmp_path, dataset, [named()], made_at=MADE_AT + timedelta(hours=1))
    other = rehearse_and_keep(tmp_path, dataset, [named()], made_at=MADE_AT, seed=1)

    assert first.rehearsal_id == again.rehearsal_id != other.rehearsal_id
    assert [r.rehearsal_id for r in records(tmp_path)] == [again.rehearsal_id, other.rehearsal_id]


def test_7_2_a_flow_that_asks_for_reactions_is_rehearsed_both_ways(tmp_path: Path) -> None:
    kept = rehearse_and_keep(tmp_path, busy_shop(tmp_path), [named(ASKS)], made_at=MADE_AT)

    _, observed = open_rehearsal(tmp_path, kept.rehearsal_id)
    _, everybody = open_rehearsal(tmp_path, kept.rehearsal_id, Reactions.EVERYBODY)

    assert kept.has_range
    assert "cases[0]" not in observed.trace.reasons
    assert "cases[0]" in everybody.trace.reasons


def test_a_forgotten_rehearsal_is_gone_and_its_link_says_so(tmp_path: Path) -> None:
    kept = rehearse_and_keep(tmp_path, small_shop(tmp_path), [named()], made_at=MADE_AT)

    forget(tmp_path, kept.rehearsal_id)

    assert records(tmp_path) == []
    for rehearsal_id in (kept.rehearsal_id, "../../etc", "", "."):
        with pytest.raises(UnusableInput, match="no rehearsal under this link"):
            record_of(tmp_path, rehearsal_id)


@pytest.mark.parametrize("damage", ["{", '{"format": 99}', "[]", '{"format": 1}'])
def test_a_damaged_record_hides_one_rehearsal_and_no_other(tmp_path: Path, damage: str) -> None:
    dataset = small_shop(tmp_path)
    good = rehearse_and_keep(tmp_path, dataset, [named()], made_at=MADE_AT)
    bad = rehearse_and_keep(tmp_path, dataset, [named()], made_at=MADE_AT, seed=1)

    (tmp_path / "rehearsals" / bad.rehearsal_id / "rehearsal.json").write_text(damage)

    assert records(tmp_path) == [good]
    with pytest.raises(UnusableInput):
        open_rehearsal(tmp_path, bad.rehearsal_id)


@pytest.mark.parametrize("file", ["observed-trace.parquet", "observed.json"])
@pytest.mark.parametrize("left", [0, 40, None])
def test_a_rehearsal_that_lost_a_file_counts_as_gone_until_it_is_made_again(
    tmp_path: Path, file: str, left: int | None
) -> None:
    dataset = busy_shop(tmp_path)
    kept = rehearse_and_keep(tmp_path, dataset, [named(FLOW)], made_at=MADE_AT)
    path = tmp_path / "rehearsals" / kept.rehearsal_id / file

    if left is None:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:left])

    assert records(tmp_path) == []
    again = rehearse_and_keep(tmp_path, dataset, [named(FLOW)], made_at=MADE_AT)
    assert open_rehearsal(tmp_path, again.rehearsal_id)[0] == kept


def test_damage_that_keeps_the_size_is_said_in_a_sentence(tmp_path: Path) -> None:
    kept = rehearse_and_keep(tmp_path, busy_shop(tmp_path), [named(FLOW)], made_at=MADE_AT)
    path = tmp_path / "rehearsals" / kept.rehearsal_id / "observed-trace.parquet"

    path.write_bytes(bytes(path.stat().st_size))

    with pytest.raises(UnusableInput, match="rehearse again"):
        open_rehearsal(tmp_path, kept.rehearsal_id)


def test_several_who_keep_the_same_at_once_leave_one_that_is_whole(tmp_path: Path) -> None:
    dataset = small_shop(tmp_path)

    with ThreadPoolExecutor(8) as pool:
        made = [
            pool.submit(rehearse_and_keep, tmp_path, dataset, [named()], made_at=MADE_AT)
            for _ in range(40)
        ]
        ids = {each.result().rehearsal_id for each in made}

    (rehearsal_id,) = ids
    open_rehearsal(tmp_path, rehearsal_id)
    assert [path.name for path in (tmp_path / "rehearsals").iterdir()] == [rehearsal_id]


def test_where_nothing_can_be_kept_a_sentence_says_so(tmp_path: Path) -> None:
    (tmp_path / "rehearsals").write_text("in the way")

    with pytest.raises(UnusableInput, match="could not be kept"):
        rehearse_and_keep(tmp_path, small_shop(tmp_path), [named()], made_at=MADE_AT)


def test_what_a_killed_process_left_goes_after_a_day(tmp_path: Path) -> None:
    left, recent = (tmp_path / "rehearsals" / name for name in (".left", ".recent"))
    for draft, age in ((left, 25), (recent, 1)):
        draft.mkdir(parents=True)
        at = (MADE_AT - timedelta(hours=age)).timestamp()
        os.utime(draft, (at, at))

    rehearse_and_keep(tmp_path, small_shop(tmp_path), [named()], made_at=MADE_AT)

    assert (left.exists(), recent.exists()) == (False, True)


def test_a_copied_folder_is_not_a_second_rehearsal(tmp_path: Path) -> None:
    kept = rehearse_and_keep(tmp_path, small_shop(tmp_path), [named()], made_at=MADE_AT)
    folder = tmp_path / "rehearsals"

    shutil.copytree(folder / kept.rehearsal_id, folder / "copy")

    assert records(tmp_path) == [kept]


def test_a_cancelled_rehearsal_leaves_nothing(tmp_path: Path) -> None:
    dataset = small_shop(tmp_path)

    with pytest.raises(Cancelled):
        rehearse_and_keep(tmp_path, dataset, [named()], made_at=MADE_AT, is_cancelled=lambda: True)

    assert records(tmp_path) == []


def named(written: Any = None, **changes: Any) -> NamedVersion:
    return NamedVersion(campaign=campaign(**changes) if written is None else campaign(written))


def told(outcome: Outcome) -> list[Any]:
    """Spell an outcome out, so that two can be compared."""
    tables = [outcome.enrolments, outcome.messages, outcome.trace, *outcome.firings]
    values = [[getattr(table, f.name) for f in fields(table)] for table in tables]
    facts = (outcome.user_count, outcome.first_at, outcome.watermark, outcome.seed)
    return [facts] + [
        [v.tolist() if isinstance(v, np.ndarray) else v for v in table] for table in values
    ]
