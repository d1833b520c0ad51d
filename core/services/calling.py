"""Other systems are told what flows want them to know: again until they take it, or given up."""

import secrets
import time
from collections.abc import Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from core.domain.errors import UnusableInput
from core.domain.instants import as_microseconds, from_microseconds
from core.domain.steps import WebhookStep
from core.domain.values import JsonValue
from core.domain.webhook_signatures import signature, signing_bytes, written_secret
from core.live.calling.addresses import host_of, refused_because
from core.live.calling.bodies import Facts, body_of
from core.live.calling.connections import Answered, Failed, post
from core.live.calling.schedule import judge
from core.services.call_facts import call_id, facts_of
from core.store import live_calls
from core.store.app_settings import keep_setting, setting
from core.store.database import reading, writing
from core.store.live_calls import StoredCall

SETTING = "webhook_secret"
_SECRET_BYTES = 32
ROTATION = timedelta(hours=24)
AT_ONCE, PER_HOST = 8, 2
# Longer than a call may take with its wait for a place, shorter than anybody's patience.
_LEASE = timedelta(minutes=2)
_FRESH_AT_ONCE = 500
_LONGEST_PASS = 15.0  # seconds in which new calls are begun
_LOOK = 0.2

Secrets = Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadCall:
    """A call that was given up: where it went, how often it was tried, and why in a sentence."""

    id: int
    launch_id: int
    user_id: str
    step: str
    host: str
    url: str
    attempt_count: int
    reason: str
    died_at: datetime


@dataclass(frozen=True, slots=True)
class _Ready:
    call: StoredCall
    url: str
    body: bytes


class Caller:
    """Makes the calls that are due, several at once, so that a slow system keeps no other waiting.

    `allowed` names hosts that may be called though they lie in a private network.
    """

    def __init__(self, database: Engine, allowed: Collection[str] = ()) -> None:
        self._database = database
        self._allowed = frozenset(allowed)

    def run(self, now: datetime) -> int:
        """Make the calls that are due; give how many were made."""
        with reading(self._database) as session:
            if not live_calls.has_due(session, as_microseconds(now)):
                return 0
        return _Pass(self._database, self._allowed, now).run()


class _Pass:
    """One pass: what is due is taken as places become free, until nothing is or time is up."""

    def __init__(self, database: Engine, allowed: Collection[str], now: datetime) -> None:
        self._database = database
        self._allowed = allowed
        self._secrets = _signing_secrets(database, now)
        self._began_at, self._began = now, time.monotonic()
        self._under_way: dict[Future[None], str] = {}

    def run(self) -> int:
        count = 0
        with ThreadPoolExecutor(AT_ONCE, "calling") as pool:
            while True:
                for ready in self._next():
                    done = pool.submit(self._call, ready)
                    self._under_way[done] = ready.call.host or ""
                    count += 1
                if not self._under_way:
                    return count
                self._wait()

    def _now(self) -> datetime:
        return self._began_at + timedelta(seconds=time.monotonic() - self._began)

    def _next(self) -> list[_Ready]:
        places = AT_ONCE - len(self._under_way)
        if not places or time.monotonic() - self._began > _LONGEST_PASS:
            return []
        with reading(self._database) as session:
            if not live_calls.has_due(session, as_microseconds(self._now())):
                return []
        return _taken(self._database, self._now(), self._free(), places)

    def _free(self) -> dict[str, int]:
        busy = list(self._under_way.values())
        return {host: PER_HOST - busy.count(host) for host in busy}

    def _wait(self) -> None:
        done, _ = wait(self._under_way, timeout=_LOOK, return_when=FIRST_COMPLETED)
        for one in done:
            del self._under_way[one]
            one.result()

    def _call(self, ready: _Ready) -> None:
        result = post(
            ready.url,
            ready.body,
            _headers(ready, self._secrets, self._now()),
            allowed=self._allowed,
        )
        _settle(self._database, ready.call, result, self._now())


def dead_calls(
    database: Engine, *, launch_id: int | None = None, limit: int = 100
) -> list[DeadCall]:
    """List calls that were given up, the latest first."""
    with reading(database) as session:
        return [_dead(call) for call in live_calls.dead_calls(session, launch_id, limit)]


def refusal(url: str, allowed: Collection[str]) -> str | None:
    """Say why a step's address will not be called; None if it will, as far as can be told now."""
    return refused_because(url, allowed)


def call_again(database: Engine, dead_id: int, *, at: datetime) -> DeadCall:
    """Let a call that was given up be tried anew, under the same id for the other side.

    Raises UnusableInput if it is not among those given up.
    """
    with writing(database) as session:
        call = live_calls.queue_again(session, dead_id, as_microseconds(at))
    if call is None:
        raise UnusableInput("This call was sent again already; look at the log.")
    return _dead(call)


def call_counts(database: Engine) -> dict[str, int]:
    """Count calls by state: queued, calling, done, dead, withheld."""
    with reading(database) as session:
        return live_calls.call_counts(session)


def calling_secret(database: Engine, now: datetime) -> str:
    """Give the secret with which calls are signed; the first to ask makes it."""
    return _signing_secrets(database, now)[0]


def rotate_calling_secret(database: Engine, *, changed_at: datetime) -> str:
    """Sign with a new secret from now on, and for a day with the former one as well."""
    former = calling_secret(database, changed_at)
    fresh = _fresh_secret()
    kept: dict[str, JsonValue] = {
        "secret": fresh,
        "former": former,
        "former_until": (changed_at + ROTATION).isoformat(),
    }
    with writing(database) as session:
        keep_setting(session, SETTING, kept, changed_at=changed_at)
    return fresh


def _fresh_secret() -> str:
    return written_secret(secrets.token_bytes(_SECRET_BYTES))


def _signing_secrets(database: Engine, now: datetime) -> Secrets:
    with reading(database) as session:
        kept = setting(session, SETTING)
    if not isinstance(kept, dict):
        with writing(database) as session:
            kept = setting(session, SETTING)  # somebody may have been faster
            if not isinstance(kept, dict):
                kept = {"secret": _fresh_secret()}
                keep_setting(session, SETTING, kept, changed_at=now)
    until = kept.get("former_until")
    is_former_used = until is not None and datetime.fromisoformat(str(until)) > now
    return [str(kept["secret"]), *([str(kept["former"])] if is_former_used else [])]


def _taken(database: Engine, now: datetime, free: dict[str, int], places: int) -> list[_Ready]:
    at = as_microseconds(now)
    until = as_microseconds(now + _LEASE)
    with writing(database) as session:
        live_calls.withhold(session, at)
        fresh = live_calls.fresh_calls(session, _FRESH_AT_ONCE)
        hosts = {number: host_of(_step(document).url) for number, document in fresh}
        live_calls.note_hosts(session, hosts, at)
        calls = live_calls.claim(session, at, until, free, PER_HOST, places)
        facts = facts_of(session, calls)
    return [_ready(call, facts[call.id]) for call in calls]


def _ready(call: StoredCall, facts: Facts) -> _Ready:
    step = _step(call.document)
    return _Ready(call, step.url, body_of(step.body, facts))


def _step(document: str) -> WebhookStep:
    return WebhookStep.model_validate_json(document)


def _headers(ready: _Ready, keys: Secrets, now: datetime) -> dict[str, str]:
    at = int(now.timestamp())
    named = call_id(ready.call.key)
    marks = [signature(signing_bytes(key), named, at, ready.body) for key in keys]
    return {
        "content-type": "application/json",
        "user-agent": "Rehearsal",
        "webhook-id": named,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(marks),
    }


def _settle(database: Engine, call: StoredCall, result: Answered | Failed, now: datetime) -> None:
    verdict = judge(result, call.attempt_count, now)
    next_at = None if verdict.next_at is None else as_microseconds(verdict.next_at)
    state = live_calls.DONE if verdict.is_done else live_calls.QUEUED
    if not verdict.is_done and next_at is None:
        state = live_calls.DEAD
    with writing(database) as session:
        live_calls.settle(
            session,
            call,
            state,
            now=as_microseconds(now),
            answer=verdict.said or None,
            next_at=next_at,
        )


def _dead(call: StoredCall) -> DeadCall:
    return DeadCall(
        id=call.id,
        launch_id=call.launch_id,
        user_id=call.user_id,
        step=call.step,
        host=call.host or "",
        url=_step(call.document).url,
        attempt_count=call.attempt_count,
        reason=call.answer or "",
        died_at=from_microseconds(call.changed_at),
    )
