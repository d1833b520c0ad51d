"""A rehearsal of a stored dataset: what is written is what the rules say, all of it or nothing."""

import json
import os
import random
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from core.domain.campaigns import Campaign
from core.domain.errors import Cancelled, UnusableInput
from core.domain.instants import from_microseconds, iso
from core.history.reading import open_dataset
from core.services.rehearsal_summary import NO_PROFILES
from core.services.rehearse import rehearse, rehearse_to_files
from core.settings import REPOSITORY
from tests.history.datasets import START, event, write_events
from tests.reference.admission import admit
from tests.reference.histories import campaign_cases
from tests.reference.triggers import raw_firings
from tests.rehearsal.worlds import as_domain
from tests.services.shops import CART, VIEWED, campaign, rows_of, small_shop, stored


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_firings_csv_holds_what_the_plain_reading_says_of_the_imported_events(
    data: st.DataObject,
) -> None:
    case = data.draw(campaign_cases())
    other = {**data.draw(campaign_cases()).campaign, "name": "another, drawn"}
    assume(case.events)
    # A null is a missing property, which the store does not keep.
    events = [
        e._replace(properties={name: v for name, v in e.properties.items() if v is not None})
        for e in case.events
    ]
    expected = []
    for written in (other, case.campaign):
        firings = raw_firings(written["trigger"], events, case.watermark)
        for firing, outcome in zip(firings, admit(written, firings, case.profiles), strict=True):
            at = iso(firing.fired_at)
            row = [written["name"], firing.user_id, firing.key or "", at, firing.event_id, outcome]
            expected.append(row)

    with tempfile.TemporaryDirectory() as folder:
        dataset = stored(Path(folder), [as_domain(e) for e in events], case.profiles)
        rehearse_to_files(
            [Campaign.model_validate(case.campaign), Campaign.model_validate(other)],
            dataset,
            Path(folder) / "out",
            until=from_microseconds(case.watermark),
        )
        rows = rows_of(Path(folder) / "out" / "firings.csv")

    assert rows == expected


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def test_the_small_shop_as_a_file(tmp_path: Path, out: Path) -> None:
    rehearse_to_files([campaign(VIEWED), campaign()], small_shop(tmp_path), out)

    assert (out / "firings.csv").read_text("utf-8") == (
        "campaign,user_id,key,fired_at,event_id,outcome\n"
        "Cart abandonment,ann,,2025-05-02T00:00:00.000000Z,ann-add-0,enrolled\n"
        "Cart abandonment,dee,,2025-05-06T04:00:00.000000Z,dee-add-100,enrolled\n"
        "Viewed again,cid,p1,2025-05-01T02:00:00.000000Z,cid-view-2,enrolled\n"
    )
    assert sorted(path.name for path in out.iterdir()) == [
        "firings.csv",
        "messages.csv",
        "summary.json",
        "trace.csv",
    ]


def test_the_summary_counts_the_rows_of_the_file(tmp_path: Path, out: Path) -> None:
    dataset = small_shop(tmp_path)
    german = {"trait": "country", "op": "eq", "value": "DE"}

    rehearse_to_files(
        [campaign(audience=german, holdout=1.0), campaign(VIEWED, reentry="once")],
        dataset,
        out,
        seed=7,
    )

    summary = json.loads((out / "summary.json").read_text("utf-8"))
    rows = rows_of(out / "firings.csv")
    for line in summary["campaigns"]:
        own = [row for row in rows if row[0] == line["campaign"]]
        enrolled = [row for row in own if row[5] == "enrolled"]
        assert line["firings"] == len(own)
        assert line["enrolled"] == len(enrolled)
        assert line["people_enrolled"] == len({row[1] for row in enrolled})
        assert line["people_with_firings"] == len({row[1] for row in own})
        reasons = {reason: sum(row[5] == reason for row in own) for reason in line["refused"]}
        assert line["refused"] == reasons
        assert len(own) == len(enrolled) + sum(reasons.values())
    cart, viewed = summary["campaigns"]
    assert (cart["campaign"], viewed["campaign"]) == ("Cart abandonment", "Viewed again")
    assert cart["refused"] == {"reentry": 0, "audience": 1, "active": 0}
    assert (cart["people_held_out"], viewed["people_held_out"]) == (1, 0)
    assert summary["seed"] == 7
    assert summary["until"] == "2025-05-13T12:00:00.000000Z"
    assert summary["dataset"] == {
        "name": "shop",
        "fingerprint": dataset.manifest.fingerprint,
        "events": 9,
        "users": 4,
        "first_at": "2025-05-01T00:00:00.000000Z",
        "last_at": "2025-05-13T12:00:00.000000Z",
    }


def test_6_2_the_holdout_of_a_rehearsal_is_that_of_its_salt(tmp_path: Path) -> None:
    dataset = stored(tmp_path, [event(f"u{n}", "add", 0) for n in range(500)])
    later = START + timedelta(days=9)

    by_salt = {
        salt: rehearse([campaign(holdout=0.3, holdout_salt=salt)], dataset, until=later)
        for salt in ("one", "holdout:Cart abandonment", None)
    }

    held = {s: r.summary["campaigns"][0]["people_held_out"] for s, r in by_salt.items()}
    assert held["holdout:Cart abandonment"] == held[None]
    assert 100 < held["one"] < 200
    assert held["one"] != held[None]


def test_7_4_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    dataset = small_shop(tmp_path)
    campaigns = [campaign(), campaign(VIEWED)]

    rehearse_to_files(campaigns, dataset, tmp_path / "one")
    rehearse_to_files(campaigns[::-1], dataset, tmp_path / "two")

    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_7_4_another_process_with_another_hash_seed_writes_the_same_bytes(
    tmp_path: Path, out: Path
) -> None:
    dataset = small_shop(tmp_path)
    asks_much = {
        "all": [
            {"trait": trait, "op": "not_exists"} for trait in ("zeta", "alpha", "mu", "nu", "xi")
        ]
    }
    campaigns = [campaign(audience=asks_much), campaign(VIEWED)]
    rehearse_to_files(campaigns, dataset, out)
    script = (
        "import sys; from pathlib import Path; from core.domain.campaigns import Campaign;"
        "from core.history.reading import open_dataset;"
        "from core.services.rehearse import rehearse_to_files;"
        "home, out, *written = sys.argv[1:];"
        "loaded = [Campaign.model_validate_json(text) for text in written];"
        "rehearse_to_files(loaded, open_dataset(Path(home), 'shop'), Path(out))"
    )
    written = [c.model_dump_json(by_alias=True) for c in campaigns]

    subprocess.run(
        [sys.executable, "-c", script, str(tmp_path), str(tmp_path / "again"), *written],
        check=True,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONHASHSEED": "12345"},
    )

    assert contents(tmp_path / "again") == contents(out)


@pytest.mark.parametrize("until_hour", [None, 37])
def test_7_5_how_many_events_are_read_at_once_changes_no_byte(
    tmp_path: Path, until_hour: int | None
) -> None:
    shuffled = random.Random(5)
    events = [
        event(
            f"u{shuffled.randrange(20)}",
            shuffled.choice(["add", "buy", "view"]),
            shuffled.randrange(60),
            event_id=f"e{n}",
            properties={"product": shuffled.choice(["p1", "p,2", 3, None])},
        )
        for n in range(600)
    ]
    write_events(tmp_path, "shop", events, part_rows=50)
    dataset = open_dataset(tmp_path, "shop")
    assert dataset.group_count > 5
    until = None if until_hour is None else START + timedelta(hours=until_hour)
    campaigns = [campaign(VIEWED), campaign(), campaign(VIEWED, name="Again", reentry="once")]

    for rows in (1, 100, 10**6):
        rehearse_to_files(
            campaigns, dataset, tmp_path / f"out{rows}", until=until, rows_at_once=rows
        )

    whole = contents(tmp_path / "out1000000")
    assert len(rows_of(tmp_path / "out1000000" / "firings.csv")) > 50
    assert contents(tmp_path / "out1") == whole
    assert contents(tmp_path / "out100") == whole


def test_1_5_nothing_later_than_until_is_decided(tmp_path: Path) -> None:
    dataset = small_shop(tmp_path)
    deadline = START + timedelta(hours=24)

    before = rehearse([campaign()], dataset, until=deadline - timedelta(microseconds=1))
    at = rehearse([campaign()], dataset, until=deadline)

    assert [len(r.replays[0]) for r in (before, at)] == [0, 1]


def test_a_rehearsal_up_to_a_time_before_all_events_writes_only_the_header(
    tmp_path: Path, out: Path
) -> None:
    long_ago = datetime(2001, 1, 1, tzinfo=UTC)

    rehearsal = rehearse_to_files([campaign()], small_shop(tmp_path), out, until=long_ago)

    assert (out / "firings.csv").read_text("utf-8") == (
        "campaign,user_id,key,fired_at,event_id,outcome\n"
    )
    assert rehearsal.summary["campaigns"][0]["people_enrolled"] == 0


def test_time_passes_after_the_last_event_up_to_until(tmp_path: Path) -> None:
    dataset = stored(tmp_path, [event("ann", "add", 0)])

    rehearsal = rehearse([campaign()], dataset, until=START + timedelta(days=2))

    assert rehearsal.replays[0].fired_at.tolist() == [1746144000_000_000]


NASTY = (
    *("comma,", 'quote"', '"', '""', "line\nfeed", "carriage\rreturn", "both\r\n", " spaces ", "'"),
    *("ünïcödé", "😀", "a\tb", "=1+1", "\u2028", "\u0085", "\x1c", "\x0b", "00123", "123.456", "-"),
    *("semi;colon", "back\\slash", "#", "None", "e\u0301", "١", "1234567890123456789", 'a,b\n"c"'),
)


def test_fields_are_quoted_so_that_every_program_reads_them_back(tmp_path: Path, out: Path) -> None:
    events = [
        event(user_id, "view", hour, event_id=f"{user_id}|{key}", properties={"product": key})
        for hour, (user_id, key) in enumerate(zip(NASTY, NASTY[::-1], strict=True))
    ]
    quoted = campaign(VIEWED, name='Quotes", commas', trigger={**VIEWED["trigger"], "at_least": 1})

    rehearse_to_files([quoted], stored(tmp_path, events), out)

    # By code points, which is also the order of their bytes in UTF-8.
    expected = sorted(
        ['Quotes", commas', user_id, key, f"{user_id}|{key}", "enrolled"]
        for user_id, key in zip(NASTY, NASTY[::-1], strict=True)
    )
    rows = rows_of(out / "firings.csv")
    assert [row[:3] + row[4:] for row in rows] == expected


def test_rows_are_sorted_by_campaign_user_and_time(tmp_path: Path, out: Path) -> None:
    names = ("b", "a", "ä", "Z", "a,b", "aa")
    users = ("u10", "u9", "U1", "ü", "u", "01", "1")
    events = [event(u, "view", (7 * n) % 20, event_id=f"{n}") for n, u in enumerate(users * 3)]
    every = {"kind": "event", "match": {"event": "view"}}

    rehearse_to_files(
        [campaign(name=name, trigger=every) for name in names], stored(tmp_path, events), out
    )

    rows = rows_of(out / "firings.csv")
    assert len(rows) == len(names) * len(events)
    order = [(row[0], row[1], row[3]) for row in rows]
    assert order == sorted(order)


def test_a_failure_half_way_leaves_the_former_files(tmp_path: Path, out: Path) -> None:
    dataset = small_shop(tmp_path)
    rehearse_to_files([campaign()], dataset, out)
    former = contents(out)

    def fail(progress: Any) -> None:
        raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        rehearse_to_files([campaign(VIEWED)], dataset, out, on_progress=fail)

    assert contents(out) == former


def test_a_cancelled_rehearsal_leaves_the_former_files(tmp_path: Path, out: Path) -> None:
    dataset = small_shop(tmp_path)
    rehearse_to_files([campaign()], dataset, out)
    former = contents(out)

    with pytest.raises(Cancelled, match="cancelled"):
        rehearse_to_files([campaign(VIEWED)], dataset, out, is_cancelled=lambda: True)

    assert contents(out) == former


def test_a_folder_in_the_place_of_a_file_changes_nothing(tmp_path: Path, out: Path) -> None:
    dataset = small_shop(tmp_path)
    rehearse_to_files([campaign()], dataset, out)
    former = (out / "firings.csv").read_bytes()
    (out / "summary.json").unlink()
    (out / "summary.json").mkdir()

    with pytest.raises(UnusableInput, match=r"summary\.json is a folder"):
        rehearse_to_files([campaign(VIEWED)], dataset, out)

    assert (out / "firings.csv").read_bytes() == former
    assert sorted(path.name for path in out.iterdir()) == [
        "firings.csv",
        "messages.csv",
        "summary.json",
        "trace.csv",
    ]


def test_a_file_in_the_place_of_the_folder_is_one_clear_sentence(tmp_path: Path) -> None:
    dataset = small_shop(tmp_path)
    (tmp_path / "taken").write_text("something else")

    with pytest.raises(UnusableInput, match=r"taken: .*give another --out folder"):
        rehearse_to_files([campaign()], dataset, tmp_path / "taken")

    assert (tmp_path / "taken").read_text() == "something else"


def test_progress_counts_events_up_to_all_of_them(tmp_path: Path) -> None:
    dataset = small_shop(tmp_path)
    seen: list[tuple[int, int]] = []

    rehearse(
        [campaign()], dataset, on_progress=lambda p: seen.append((p.done_count, p.total_count))
    )

    assert seen[-1] == (9, 9)
    assert all(one[0] <= two[0] for one, two in pairwise(seen))


def test_two_campaigns_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="'Cart abandonment'; rename one"):
        rehearse([campaign(), campaign()], small_shop(tmp_path))


def test_no_campaign_at_all_is_refused(tmp_path: Path, out: Path) -> None:
    with pytest.raises(UnusableInput, match="campaign"):
        rehearse_to_files([], small_shop(tmp_path), out)


def test_a_reader_is_told_that_nobody_has_a_profile(tmp_path: Path) -> None:
    dataset = stored(tmp_path, [event("ann", "add", 0)])

    assert rehearse([campaign()], dataset).summary["notes"] == [NO_PROFILES]


def test_a_reader_is_told_of_a_trait_that_nobody_has(tmp_path: Path) -> None:
    dataset = small_shop(tmp_path)
    audience = {
        "all": [
            {"trait": "country", "op": "exists"},
            {"trait": "shoe size", "op": "gte", "value": 40},
        ]
    }

    notes = rehearse([campaign(audience=audience)], dataset).summary["notes"]

    assert len(notes) == 1
    assert notes[0].startswith("Cart abandonment: no profile has the trait 'shoe size'")


def test_nobody_without_a_profile_is_in_an_audience_that_asks_for_a_trait(tmp_path: Path) -> None:
    dataset = stored(
        tmp_path,
        [event(user_id, "add", 0) for user_id in ("ann", "bob", "cid")],
        {"ann": {"country": "DE"}, "bob": {"country": "AT"}, "zoe": {"country": "DE"}},
    )
    german = campaign(audience={"trait": "country", "op": "eq", "value": "DE"})
    not_german = campaign(audience={"trait": "country", "op": "ne", "value": "DE"})
    later = START + timedelta(days=2)

    outcomes = [
        rehearse([asked], dataset, until=later).replays[0].is_enrolled.tolist()
        for asked in (german, not_german)
    ]

    assert outcomes == [[True, False, False], [False, True, True]]


def test_an_unknown_event_name_catches_nobody(tmp_path: Path) -> None:
    never = campaign(CART, trigger={"kind": "event", "match": {"event": "no such event"}})

    rehearsal = rehearse([never], small_shop(tmp_path))

    assert rehearsal.summary["campaigns"][0]["firings"] == 0


def test_1_3_uploading_the_same_events_again_changes_no_firing(tmp_path: Path) -> None:
    events = [event("ann", "add", 0), event("bob", "add", 1), event("bob", "buy", 90)]
    write_events(tmp_path, "shop", events)
    rehearse_to_files([campaign()], open_dataset(tmp_path, "shop"), tmp_path / "one")

    write_events(tmp_path, "shop", events)
    rehearse_to_files([campaign()], open_dataset(tmp_path, "shop"), tmp_path / "two")

    assert contents(tmp_path / "one") == contents(tmp_path / "two")
