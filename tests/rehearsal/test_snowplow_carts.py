"""Carts left in a session, compared with what the vendor of a real export says of each session.

The vendor calls a session's cart abandoned if fewer carts were bought than created. An addition
creates a cart if the cart's total is then the price of what was added; a transaction buys one, each
transaction id once. We look for an addition that no transaction of its session follows. Why the two
may differ is read from the raw export, never from our own outcome.
"""

import csv
import gzip
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from pathlib import Path

import pytest

from core import cli
from core.settings import REPOSITORY
from tests.conftest import forget_installation

EXPORT = REPOSITORY.parent / "shared" / "data" / "snowplow_ecommerce"
ACTION = "unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_1_0_0"
APP_SESSION = "contexts_com_snowplowanalytics_snowplow_client_session_1_0_1"
WINDOW = timedelta(hours=24)
UNTIL = datetime(2023, 1, 1, tzinfo=UTC)
CAMPAIGN = """name: Cart left in the session
trigger:
  kind: absence
  start: {event: add_to_cart}
  unless: {event: transaction}
  key: domain_sessionid
  within: 24h
"""

pytestmark = pytest.mark.skipif(
    not EXPORT.is_dir(), reason="the shared real data are not beside us"
)

Row = Mapping[str, str]
Pair = tuple[str, str]  # user and session


class Reason(StrEnum):
    """Why we and the vendor say different things of a session's cart."""

    ADDED_AGAIN_THEN_BOUGHT = (
        "Several additions came before one purchase. To the vendor each created a cart of its own,"
        " and all but one were not bought; to us nothing was left after the purchase."
    )
    NO_CART_CREATED = (
        "Something was added and not bought, but to the vendor no cart was ever created: the cart's"
        " total is not the price of what was added, as the tracker sent the one product twice."
    )


DIFFERENCES = {
    "0a42e1e29bd84c4f87003cb8c4c7098e31a93eed89b10f10c83e0c9c3810318d": (
        Reason.ADDED_AGAIN_THEN_BOUGHT
    ),
    "996606dcff3c830229a5971b18ac3cf771d5e08b07b4e7f4b36716cbaaf7a6f6": (
        Reason.ADDED_AGAIN_THEN_BOUGHT
    ),
    "bbcf9fb2fcb583dec133a6ee760201e1f9e584b9bb099492e497ca3d5872d662": Reason.NO_CART_CREATED,
}
# Its ten rows come from an app that sends session and user only inside a context, and were
# rejected. The vendor does not call its cart abandoned, so that both say the same of it.
UNSEEN_SESSION = "c04bddd7-81ad-4f02-a468-f53a47079637"


@dataclass(frozen=True, kw_only=True)
class Deed:
    """An addition to the cart or, with its id, a transaction, as the raw export tells it."""

    at: datetime
    transaction_id: str | None = None
    creates_cart: bool = False

    @property
    def is_addition(self) -> bool:
        return self.transaction_id is None


def table(name: str) -> list[Row]:
    with gzip.open(EXPORT / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def session_of(event: Row) -> str:
    """Give the session of a raw event: websites have a column for it, apps a context."""
    told_by_app = event[APP_SESSION]
    if event["domain_sessionid"] or not told_by_app:
        return event["domain_sessionid"]
    return str(json.loads(told_by_app)[0]["sessionId"])


def instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@pytest.fixture(scope="module")
def events() -> list[Row]:
    return table("events")


@pytest.fixture(scope="module")
def deeds(events: list[Row]) -> Mapping[str, Sequence[Deed]]:
    """Additions and transactions of each session in order, joined from the raw tables."""
    kinds = {row["root_id"]: row["type"] for row in table("ctx_action")}
    totals = {row["root_id"]: Decimal(row["total_value"]) for row in table("ctx_cart")}
    orders = {row["root_id"]: row["transaction_id"] for row in table("ctx_transaction")}
    prices: dict[str, Decimal] = defaultdict(Decimal)
    for product in table("ctx_product"):
        prices[product["root_id"]] += Decimal(product["price"] or 0)
    found = defaultdict(list)
    for event in events:
        at, root = instant(event["derived_tstamp"]), event["event_id"]
        if kinds.get(root) == "add_to_cart":
            creates = totals[root] == prices[root]
            found[session_of(event)].append(Deed(at=at, creates_cart=creates))
        elif kinds.get(root) == "transaction":
            found[session_of(event)].append(Deed(at=at, transaction_id=orders[root]))
    return {session: sorted(own, key=lambda deed: deed.at) for session, own in found.items()}


@pytest.fixture(scope="module")
def verdicts() -> Mapping[Pair, bool]:
    """The vendor's verdict on each session of which it gives one."""
    return {
        (row["domain_userid"], row["domain_sessionid"]): row["session_cart_abandoned"].lower()
        == "true"
        for row in table("expected_sessions")
        if row["session_cart_abandoned"]
    }


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An installation in which the export was imported by the command line."""
    folder = tmp_path_factory.mktemp("snowplow")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REHEARSAL_HOME", str(folder / "home"))
        patch.delenv("REHEARSAL_DATABASE_URL", raising=False)
        forget_installation()
        run("import", EXPORT / "events.csv.gz", "--dataset", "shop")
        yield folder
    forget_installation()


@pytest.fixture(scope="module")
def found(home: Path) -> set[Pair]:
    """The people and sessions that the rehearsal found."""
    (home / "cart.yaml").write_text(CAMPAIGN, encoding="utf-8")
    out = home / "out"
    run("rehearse", home / "cart.yaml", "--dataset", "shop", "--out", out, "--until", UNTIL)
    with (out / "firings.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["outcome"] for row in rows} == {"enrolled"}
    return {(row["user_id"], row["key"]) for row in rows}


def run(*arguments: object) -> None:
    assert cli.main([str(argument) for argument in arguments]) == cli.OK


def is_left(own: Sequence[Deed]) -> bool:
    """Say by our definition whether the session's cart was left."""
    return bool(own) and own[-1].is_addition


def is_abandoned(own: Sequence[Deed]) -> bool:
    """Say by the vendor's definition whether the session's cart was abandoned."""
    bought = {deed.transaction_id for deed in own if not deed.is_addition}
    return len(bought) < sum(deed.creates_cart for deed in own)


def reason(own: Sequence[Deed]) -> Reason | None:
    """Say why the two definitions differ on a session; None where nothing explains it."""
    again = [second for first, second in pairwise(own) if first.is_addition and second.is_addition]
    if not is_left(own) and any(deed.creates_cart for deed in again):
        return Reason.ADDED_AGAIN_THEN_BOUGHT
    if is_left(own) and not any(deed.creates_cart for deed in own):
        return Reason.NO_CART_CREATED
    return None


def test_the_window_is_longer_than_any_session_and_the_end_leaves_nobody_waiting(
    events: list[Row],
) -> None:
    times = defaultdict(list)
    for event in events:
        times[session_of(event)].append(instant(event["derived_tstamp"]))

    longest = max(max(own) - min(own) for own in times.values())

    assert longest < WINDOW
    assert max(max(own) for own in times.values()) + WINDOW < UNTIL


def test_the_people_found_are_the_vendors_but_for_listed_and_explained_differences(
    found: set[Pair], verdicts: Mapping[Pair, bool], deeds: Mapping[str, Sequence[Deed]]
) -> None:
    abandoned = {pair for pair, is_so in verdicts.items() if is_so}

    differing = {session for _, session in found ^ abandoned}

    assert {session: reason(deeds[session]) for session in differing} == DIFFERENCES
    assert (len(found), len(abandoned), len(found & abandoned)) == (10, 11, 9)


def test_no_session_without_a_reason_to_differ_differs(
    found: set[Pair], verdicts: Mapping[Pair, bool], deeds: Mapping[str, Sequence[Deed]]
) -> None:
    same = {pair: is_so for pair, is_so in verdicts.items() if pair[1] not in DIFFERENCES}

    assert len(same) == 13
    assert {pair: pair in found for pair in same} == same
    assert {session: why for session in deeds if (why := reason(deeds[session]))} == DIFFERENCES


def test_each_definition_as_written_down_here_gives_what_each_side_found(
    found: set[Pair], verdicts: Mapping[Pair, bool], deeds: Mapping[str, Sequence[Deed]]
) -> None:
    ours = {session for session, own in deeds.items() if is_left(own)}
    vendors = {pair: is_abandoned(deeds.get(pair[1], ())) for pair in verdicts}

    assert ours == {session for _, session in found}
    assert vendors == verdicts


def test_the_vendor_has_a_verdict_on_every_session_in_which_something_was_added(
    verdicts: Mapping[Pair, bool], deeds: Mapping[str, Sequence[Deed]]
) -> None:
    with_additions = {
        session for session, own in deeds.items() if any(deed.is_addition for deed in own)
    }

    assert with_additions <= {session for _, session in verdicts}
    assert len(with_additions) == 15


def test_the_rows_left_out_say_nothing_of_their_user_and_change_no_verdict(
    home: Path, events: list[Row], verdicts: Mapping[Pair, bool], found: set[Pair]
) -> None:
    nobodys = [event for event in events if not (event["user_id"] or event["domain_userid"])]
    unseen, others = (
        [event for event in nobodys if (session_of(event) == UNSEEN_SESSION) is wanted]
        for wanted in (True, False)
    )

    assert reject_reasons(home) == ["no user_id"] * len(nobodys)
    assert len(unseen) == 10
    assert [action_of(event) for event in others] == ["checkout_step"]
    assert [is_so for (_, own), is_so in verdicts.items() if own == UNSEEN_SESSION] == [False]
    assert UNSEEN_SESSION not in {session for _, session in found}


def reject_reasons(home: Path) -> list[str]:
    (path,) = home.glob("home/datasets/*/rejects/*")
    with path.open(encoding="utf-8", newline="") as file:
        return [row["reason"] for row in csv.DictReader(file)]


def action_of(event: Row) -> str:
    return str(json.loads(event[ACTION])["type"])
