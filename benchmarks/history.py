"""A generated shop history of any size: the same events for the same count, in order of arrival.

A person comes in sessions. Most of what a session looks at is one product, which the person
returns to for a few days, so that several views of one product within 48 hours do happen.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

NAMES = ("view", "add", "purchase", "other")
PRODUCTS = 20_000
DAYS = 60

_SEED = 20_250_101
_START = 1_735_689_600_000  # 1 January 2025 in ms
_HOUR = 3_600_000
_DAY = 24 * _HOUR
_EVENTS_PER_PERSON = 20
_EVENTS_PER_SESSION = 8
_SHARES = (0.45, 0.06, 0.02, 0.47)
_FAITHFUL = 0.3  # of a session's events that have a product: how many are about the one product
_MEAN_PAUSE = 45_000  # ms between two events of a session
_DAYS_OF_INTEREST = 4
# How busy each hour of the day is.
_HOURS = (4, 2, 1, 1, 1, 2, 4, 7, 9, 10, 11, 11, 11, 11, 11, 11, 12, 13, 15, 17, 18, 16, 12, 8)

Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Sessions:
    """Sessions as equally long arrays: person, start (ms), number of events, main product."""

    person: Int64s
    start: Int64s
    length: Int64s
    product: Int64s


def write_history(path: Path, event_count: int) -> None:
    """Write `event_count` events as CSV: user_id, event, timestamp, product_id, price, event_id."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    with duckdb.connect() as connection:
        connection.register("events", _events(event_count))
        connection.execute(f"COPY ({_AS_TEXT}) TO '{draft}' (FORMAT csv, HEADER true)")
    draft.replace(path)


_AS_TEXT = """
    SELECT 'customer-' || person AS user_id,
           event,
           strftime(make_timestamp(millisecond * 1000), '%Y-%m-%dT%H:%M:%S.%gZ') AS timestamp,
           'P' || product AS product_id,
           (199 + product * 7919 % 29800)::DECIMAL(9, 2) / 100 AS price,
           format('{:016x}', number) AS event_id
    FROM events"""


def _events(event_count: int) -> pa.Table:
    rng = np.random.default_rng(_SEED)
    sessions = _sessions(event_count, rng)
    session = np.repeat(np.arange(len(sessions.length)), sessions.length)[:event_count]
    at = sessions.start[session] + _since_start(sessions.length, event_count, rng)
    name = rng.choice(len(NAMES), size=event_count, p=_SHARES).astype(np.int8)
    product = sessions.product[session]
    strays = rng.random(event_count) >= _FAITHFUL
    product[strays] = _zipf(PRODUCTS, 0.9, int(strays.sum()), rng)
    order = np.argsort(at, kind="stable")
    has_product = (name != NAMES.index("other"))[order]
    return pa.table(
        {
            "person": sessions.person[session][order],
            "event": pa.DictionaryArray.from_arrays(pa.array(name[order]), pa.array(NAMES)),
            "millisecond": at[order],
            "product": pa.array(product[order], mask=~has_product),
            "number": _unordered_numbers(event_count),
        }
    )


def _sessions(event_count: int, rng: np.random.Generator) -> _Sessions:
    """Give everybody one session, and the rest to people by Zipf's law."""
    people = max(1, event_count // _EVENTS_PER_PERSON)
    count = people + event_count // _EVENTS_PER_SESSION
    person = np.concatenate((np.arange(people), _zipf(people, 0.8, count - people, rng)))
    length = rng.geometric(1 / _EVENTS_PER_SESSION, size=count)
    day = rng.integers(0, DAYS, size=count)
    hour = rng.choice(len(_HOURS), size=count, p=np.array(_HOURS) / sum(_HOURS))
    start = _START + day * _DAY + hour * _HOUR + rng.integers(0, _HOUR, size=count)
    liked = _zipf(PRODUCTS, 0.9, max(1000, people), rng)
    product = liked[(person * 31 + day // _DAYS_OF_INTEREST * 7919) % len(liked)]
    shuffled = rng.permutation(people)  # the busiest people are not the first in the alphabet
    return _Sessions(shuffled[person], start, length, product)


def _since_start(length: Int64s, event_count: int, rng: np.random.Generator) -> Int64s:
    """Give each event's time since its session began, in ms."""
    pause = rng.exponential(_MEAN_PAUSE, size=event_count).astype(np.int64)
    elapsed = np.cumsum(pause)
    firsts = np.concatenate(([0], np.cumsum(length)[:-1]))
    firsts = firsts[firsts < event_count]
    spread = np.diff(np.append(firsts, event_count))
    return elapsed - np.repeat(elapsed[firsts], spread)


def _zipf(count: int, exponent: float, size: int, rng: np.random.Generator) -> Int64s:
    """Draw numbers below `count`, the nth of them in proportion to n to the minus `exponent`."""
    cumulated = np.cumsum(np.arange(1, count + 1, dtype=np.float64) ** -exponent)
    found: Int64s = np.searchsorted(cumulated, rng.random(size) * cumulated[-1])
    return found


def _unordered_numbers(count: int) -> npt.NDArray[np.uint64]:
    """Give distinct numbers that look like random ones, as ids do."""
    numbers = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    numbers ^= numbers >> np.uint64(32)
    return numbers * np.uint64(0xD6E8FEB86659FD93)
