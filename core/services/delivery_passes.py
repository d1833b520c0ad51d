"""One pass of a sender: claim what is due, compose it, hand it over, note what became of it."""

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Engine

from core.domain.errors import UnusableInput
from core.domain.instants import as_microseconds
from core.domain.live_reasons import LiveReason
from core.live.delivery.folder import Folder
from core.live.delivery.letters import Composed, Composer, NotComposed, Withheld
from core.live.delivery.limits import Limits
from core.live.delivery.pool import Pool
from core.live.delivery.reasons import DeliveryReason
from core.live.delivery.smtp import SECONDS
from core.live.delivery.verdicts import NotTaken, Refused, Stage, Taken, Verdict
from core.live.delivery.ways import NoServer, Way
from core.services.delivering import Outgoing, Readied, note_trouble, readied
from core.services.delivery_claims import BATCH, Claim, claim_batch
from core.services.delivery_letters import Item, composed_each, letter_of
from core.services.delivery_settling import (
    Answer,
    begin_group,
    settle_group,
    settle_unmade,
    tell_withheld,
)
from core.services.masking import masked
from core.services.signing import signing_key
from core.store import live_launches, live_outbox
from core.store.database import reading, writing
from core.store.live_outbox import OutboxMessage

logger = logging.getLogger(__name__)

SILENT_FOR = timedelta(minutes=2)  # then another sender takes what was not begun
GONE_AFTER = timedelta(minutes=10)  # then what was begun is called unknown
_BETWEEN = 0.1  # seconds until limits let more through
WRITTEN_AT_ONCE = 20  # letters, while as many before are handed over
_FIRST_REST, _LONGEST_REST = 2.0, 300.0  # seconds


@dataclass(slots=True)
class DeliveryReport:
    """What a pass did, in messages; `is_cut` says that limits kept more from leaving."""

    claimed_count: int = 0
    sent_count: int = 0
    other_count: int = 0
    is_cut: bool = False

    @property
    def count(self) -> int:
        """Give how many messages came further."""
        return self.sent_count + self.other_count


@dataclass(frozen=True, slots=True)
class _Written:
    """Letters of a part of a claim, and the messages that have none."""

    items: list[Item] = field(default_factory=list)
    unmade: dict[OutboxMessage, Withheld | NotComposed] = field(default_factory=dict)
    unusable: dict[OutboxMessage, Withheld | NotComposed] = field(default_factory=dict)


class Delivery:
    """A sender: the only one of its process, so that the limits hold; one pass at a time."""

    def __init__(
        self,
        database: Engine,
        composer: Composer,
        outgoing: Outgoing,
        *,
        clock: Callable[[], datetime],
        seconds: float = SECONDS,
        silent_for: timedelta = SILENT_FOR,
        gone_after: timedelta = GONE_AFTER,
    ) -> None:
        """Begin; nothing is connected before something is due.

        `seconds` is how long to wait for an answer of the mail server.
        """
        self._database, self._composer, self._outgoing = database, composer, outgoing
        self._clock, self._seconds = clock, seconds
        self._silent_for, self._gone_after = silent_for, gone_after
        self._limits = Limits(1.0, 1.0)
        self._way: tuple[int, Way] | None = None
        self._answers: list[Answer] = []
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="letters")
        self._rest_until, self._rest = 0.0, _FIRST_REST
        self._may_be_troubled = True  # somebody else may have said so

    def run(self, now: datetime) -> int:
        """Do one pass, as an errand; give how many messages came further."""
        return self.deliver_due(now).count

    def run_long(self, lasting: timedelta, rest: Callable[[float], object]) -> int:
        """Do passes until nothing is due any more, or for so long; `rest` sleeps (seconds).

        For a cron or a cloud function, which comes again much later.
        """
        end, count = self._clock() + lasting, 0
        while True:
            report = self.deliver_due(self._clock())
            count += report.count
            if not (report.count or report.is_cut) or self._clock() >= end:
                return count
            if not report.count:
                rest(_BETWEEN)

    def deliver_due(self, now: datetime) -> DeliveryReport:
        """Send what is due and may leave now, up to a batch, of campaigns and of sandboxes.

        Raises CampaignError, OSError or DBAPIError where the database or the settings fail; what
        was known of letters by then is kept, and noted first the next time.
        """
        report = DeliveryReport()
        self._settle()
        prepared = readied(self._database, self._outgoing)
        has_seeds = prepared is not None and bool(prepared.settings.seed_addresses)
        if not self._has_work(now, with_sandbox=has_seeds):
            return report
        report.other_count += self._tidy(now)
        if prepared is None or now.timestamp() < self._rest_until:
            return report
        for is_sandbox in (False, True) if has_seeds else (False,):
            self._deliver(prepared, now, report, is_sandbox=is_sandbox)
        return report

    def close(self) -> None:
        """Note what is known, and say good-bye to the mail server."""
        self._settle()
        self._writer.shutdown()
        self._leave()

    def _leave(self) -> None:
        if self._way is not None:
            self._way[1].close()
            self._way = None

    def _has_work(self, now: datetime, *, with_sandbox: bool) -> bool:
        silent = as_microseconds(now - self._silent_for)
        with reading(self._database) as session:
            return live_outbox.has_work(
                session, as_microseconds(now), silent, with_sandbox=with_sandbox
            )

    def _tidy(self, now: datetime) -> int:
        """Take over from senders that are gone; withhold what was stopped; tell of the withheld."""
        at = as_microseconds(now)
        with writing(self._database) as session:
            live_outbox.requeue_silent(session, as_microseconds(now - self._silent_for), at)
            gone = live_outbox.give_up_silent(session, as_microseconds(now - self._gone_after), at)
            live_outbox.withhold_stopped(session, LiveReason.STOPPED, at)
            names = {launch.id: launch.name for launch in live_launches.stored_launches(session)}
            return gone + tell_withheld(session, names, now=at)

    def _deliver(
        self, prepared: Readied, now: datetime, report: DeliveryReport, *, is_sandbox: bool
    ) -> None:
        with writing(self._database) as session:
            claim = claim_batch(
                session,
                self._limits,
                prepared.settings,
                now=as_microseconds(now),
                is_sandbox=is_sandbox,
                most=BATCH,
            )
        report.is_cut |= claim.is_cut
        if not claim.messages:
            return
        report.claimed_count += len(claim.messages)
        way, secret = self._way_of(prepared), signing_key(self._database, now)
        # The next letters are written while those before are handed over.
        written = [
            self._writer.submit(self._write, part, claim, prepared, secret, now)
            for part in _parts(claim.messages, WRITTEN_AT_ONCE)
        ]
        try:
            for part in written:
                letters = part.result()
                report.other_count += self._settle_unmade(letters, claim)
                self._hand_over(letters.items, claim, way, report)
            self._settle()
        except NoServer as error:
            self._give_up([part for part in written if not part.cancel()], claim)
            self._take_a_rest(str(error))
            report.is_cut = False

    def _write(
        self,
        messages: Sequence[OutboxMessage],
        claim: Claim,
        prepared: Readied,
        secret: bytes,
        now: datetime,
    ) -> _Written:
        """Write letters; who gets none is named with the reason."""
        written = _Written()
        made = composed_each(self._composer, messages, now)
        for message, outcome in zip(messages, made, strict=True):
            if not isinstance(outcome, Composed):
                written.unmade[message] = outcome
                continue
            try:
                letter = letter_of(message, outcome, prepared, secret, now)
            except UnusableInput as error:
                written.unusable[message] = NotComposed(message=str(error))
                continue
            address = claim.addresses.get(message.user_id, "")
            written.items.append(Item(message=message, letter=letter, address=address))
        return written

    def _settle_unmade(self, written: _Written, claim: Claim) -> int:
        """Note which messages have no letter; give how many."""
        if written.unmade or written.unusable:
            now, wrong = as_microseconds(self._clock()), DeliveryReason.ADDRESS
            with writing(self._database) as session:
                settle_unmade(session, written.unmade, claim, now=now)
                settle_unmade(session, written.unusable, claim, now=now, reason=wrong)
        return len(written.unmade) + len(written.unusable)

    def _hand_over(
        self, items: Sequence[Item], claim: Claim, way: Way, report: DeliveryReport
    ) -> None:
        """Hand letters over, few at a time: only those are in doubt if the program ends now."""
        for first in range(0, len(items), way.size):
            group = items[first : first + way.size]
            way.prepare(len(group), self._seconds_now())
            begun = self._begin(group, claim, is_repeatable=way.is_repeatable)
            verdicts = way.hand_over([item.letter for item in begun], self._seconds_now())
            self._note(begun, verdicts, claim, way, report)

    def _begin(self, group: Sequence[Item], claim: Claim, *, is_repeatable: bool) -> list[Item]:
        """Note what became of the group before, and that this one is about to leave."""
        now = as_microseconds(self._clock())
        with writing(self._database) as session:
            settle_group(session, self._answers, now=now)
            begun = begin_group(session, group, claim, now=now, is_repeatable=is_repeatable)
        self._answers = []
        return begun

    def _note(
        self,
        begun: Sequence[Item],
        verdicts: Sequence[Verdict],
        claim: Claim,
        way: Way,
        report: DeliveryReport,
    ) -> None:
        at = as_microseconds(self._clock())
        self._answers = [
            Answer(item=item, claim=claim, verdict=verdict, at=at, reason=way.reason)
            for item, verdict in zip(begun, verdicts, strict=True)
        ]
        sent_count = sum(isinstance(verdict, Taken) for verdict in verdicts)
        report.sent_count += sent_count
        report.other_count += len(verdicts) - sent_count
        trouble = _trouble(verdicts)
        if trouble:
            raise NoServer(trouble)
        if sent_count and self._may_be_troubled:
            self._rest, self._may_be_troubled = _FIRST_REST, False
            note_trouble(self._database, "", at=self._clock())

    def _settle(self) -> None:
        """Note what became of letters; kept for the next time where the database fails."""
        if self._answers:
            now = as_microseconds(self._clock())
            with writing(self._database) as session:
                settle_group(session, self._answers, now=now)
            self._answers = []

    def _give_up(self, under_way: Sequence[Future[_Written]], claim: Claim) -> None:
        """Let what was claimed and not begun wait again."""
        wait(under_way)
        now = as_microseconds(self._clock())
        with writing(self._database) as session:
            settle_group(session, self._answers, now=now)
            held = live_outbox.held(session, [one.id for one in claim.messages], claim.sender)
            live_outbox.put_back(session, list(held), claim.sender, now=now)
        self._answers = []

    def _take_a_rest(self, trouble: str) -> None:
        """Let the mail server be for a while, each time for longer, and say why."""
        logger.warning("e-mails do not leave", extra={"trouble": trouble})
        self._rest_until = self._seconds_now() + self._rest
        self._rest = min(2 * self._rest, _LONGEST_REST)
        self._may_be_troubled = True
        note_trouble(self._database, trouble, at=self._clock())

    def _way_of(self, prepared: Readied) -> Way:
        """Give the way by which letters leave, anew where the number of connections changed."""
        count = prepared.settings.connection_count
        if self._way is None or self._way[0] != count:
            self._leave()
            self._way = (count, self._new_way(count))
        return self._way[1]

    def _new_way(self, count: int) -> Way:
        server = self._outgoing.server
        if server is None:
            return Folder(self._outgoing.folder)
        return Pool(server, count, seconds=self._seconds)

    def _seconds_now(self) -> float:
        return self._clock().timestamp()


def _parts(messages: Sequence[OutboxMessage], size: int) -> Iterator[Sequence[OutboxMessage]]:
    """Cut messages into parts of a size, in their order."""
    for first in range(0, len(messages), size):
        yield messages[first : first + size]


def _trouble(verdicts: Sequence[Verdict]) -> str:
    """Say what is wrong where no letter of a group could be taken, whoever gets it."""
    is_any_taken = any(isinstance(verdict, Taken) for verdict in verdicts)
    for verdict in verdicts:
        if isinstance(verdict, Refused) and verdict.is_of_us and not is_any_taken:
            whom = "the sender" if verdict.stage is Stage.SENDER else "to send for us"
            said = f"{verdict.code} {masked(verdict.said)}"
            return (
                f"The mail server refuses {whom} ({said}); check the "
                "sender's address on the page Settings, and user and password in "
                "REHEARSAL_SMTP_URL."
            )
    if verdicts and all(isinstance(verdict, NotTaken) for verdict in verdicts):
        said = next(verdict.said for verdict in verdicts if isinstance(verdict, NotTaken))
        return f"The mail server ends the connection before it takes anything ({said})."
    return ""
