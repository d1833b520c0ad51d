"""One person's way through all campaigns of a run, in the order in which things happen (1.6, 5.8).

The walk may be fed in parts: events in order, firings, and how far time has come (7.5).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush

from core.domain.campaigns import Always, ReentryPer
from core.domain.durations import to_microseconds
from core.domain.firings import Admission
from core.domain.outcomes import EnrolmentState
from core.engine import flow
from core.engine.batches import MISSING
from core.engine.enrolments import Enrolment, Operand, Person
from core.engine.happenings import SUPPRESSED, UNSUBSCRIBED, Happenings, Raised
from core.engine.memory import NEVER
from core.engine.plans import Plan
from core.engine.recording import Book

_AFTER_ALL_ROWS = 1 << 62
_BEFORE_ALL_TIMERS = -(1 << 62)
_ALWAYS, _ONCE = -1, 0

# When it is due; then what orders timers of one instant by their creation: time, row, number.
Timer = tuple[int, int, int, int, Enrolment | None, int, int]


@dataclass(slots=True, kw_only=True, eq=False)
class Course:
    """What one campaign knows of the person: whom it looks after and whom it admitted when.

    `kin` are the courses of all versions of the campaign, this one among them; they share
    `admitted_at`.
    """

    plan: Plan
    place: int
    cooldown: int
    per_key: bool
    followed: list[Enrolment] = field(default_factory=list)
    admitted_at: dict[str | None, int] = field(default_factory=dict)
    kin: list["Course"] = field(default_factory=list)


class _Coming:
    """The next firing of a campaign that happens at an event; none for those of deadlines."""

    __slots__ = ("_end", "place", "row", "source")

    def __init__(self, source: Raised, places: range) -> None:
        self.source = source
        self.place = places.start - 1
        self._end = places.start if source.at_deadline else places.stop
        self.row = MISSING
        self.pass_on()

    def pass_on(self) -> None:
        """Look to the firing after this one."""
        self.place += 1
        self.row = self.source.row[self.place] if self.place < self._end else MISSING


class Walk:
    """Lets a person's events, deadlines and timers happen, and moves their enrolments."""

    def __init__(
        self,
        plans: Sequence[Plan],
        person: Person,
        book: Book,
        families: Sequence[int] | None = None,
    ) -> None:
        """Begin without any enrolment.

        `families` gives each plan's campaign by a number; plans of one campaign are versions of it.
        """
        self._person = person
        self._book = book
        self._courses = [_course(plan, place) for place, plan in enumerate(plans)]
        self._timers: list[Timer] = []
        self._timer_count = 0
        self.heeded = 0  # bits of mail events that happened
        self.closed_at = NEVER  # nothing that happened later was decided
        if families is not None:
            _unite(self._courses, families)

    def proceed(
        self,
        happenings: Happenings,
        own: range,
        raised: Sequence[Raised],
        firings: Sequence[range],
        outcomes: Sequence[list[int]],
        settled_at: int,
    ) -> None:
        """Let the person's part of a batch happen, then time pass until `settled_at` (µs).

        Nothing at or before `settled_at` will come later: it is the watermark, or just before the
        person's last event, whatever is later. `own` are the person's places in `happenings`,
        `firings[n]` those in `raised[n]`, and `outcomes[n]` takes the `Admission` of each firing
        at its place.
        """
        self._expect_deadlines(raised, firings)
        timers, ats, rows, mail = self._timers, happenings.at, happenings.row, happenings.mail
        coming = [_Coming(r, f) for r, f in zip(raised, firings, strict=True)]
        lanes = list(zip(self._courses, happenings.bits, coming, strict=True))
        for index in own:
            at = ats[index]
            # Asked here, not in the functions: most events neither let time run out nor end a wait.
            if timers and timers[0][0] < at:
                self._wake_until(at - 1, raised, outcomes)
            if mail[index]:
                self.heed(mail[index])
            for course, bits, firing in lanes:
                if bits[index] and course.followed:
                    self._happen(course, happenings, index, bits[index])
                if firing.row == rows[index]:
                    outcome = self._admit(course, firing.source, firing.place, at, firing.row)
                    outcomes[course.place][firing.place] = outcome
                    firing.pass_on()
        if own:
            self.closed_at = max(self.closed_at, ats[own[-1]] - 1)
        self._wake_until(settled_at, raised, outcomes)

    def _expect_deadlines(self, raised: Sequence[Raised], firings: Sequence[range]) -> None:
        """Set a timer for each deadline; it counts as created when its start was handled (5.8)."""
        for place, (source, places) in enumerate(zip(raised, firings, strict=True)):
            if source.at_deadline:
                for index in places:
                    created = (source.caused_at[index], source.row[index])
                    number = _BEFORE_ALL_TIMERS + place
                    timer = (source.at[index], *created, number, None, place, index)
                    heappush(self._timers, timer)

    def _wake_until(
        self, last: int, raised: Sequence[Raised], outcomes: Sequence[list[int]]
    ) -> None:
        """Run the timers that are due by then, in order; each may set others."""
        timers = self._timers
        while timers and timers[0][0] <= last:
            at, _, _, number, enrolment, place, index = heappop(timers)
            self.closed_at = at
            course = self._courses[place]
            if enrolment is None:
                outcome = self._admit(course, raised[place], index, at, _AFTER_ALL_ROWS)
                outcomes[place][index] = outcome
            elif enrolment.timer == number and enrolment.state is EnrolmentState.ACTIVE:
                flow.wake(course.plan, enrolment, self._person, self._book)
                self._set_timer(course, enrolment, at, _AFTER_ALL_ROWS)

    def _set_timer(self, course: Course, enrolment: Enrolment, at: int, row: int) -> None:
        """Remember when to wake an enrolment that came to rest while `row` was handled."""
        if enrolment.state is EnrolmentState.ACTIVE:
            self._timer_count += 1
            enrolment.timer = self._timer_count
            timer = (enrolment.due_at, at, row, self._timer_count, enrolment, course.place, 0)
            heappush(self._timers, timer)

    def look_back(
        self, at: int, mail: int, bits: Sequence[int], property_of: flow.PropertyOf
    ) -> None:
        """Let an event count that comes after later things were decided (8.1).

        It ends enrolments by their goal and is remembered as done; it retracts nothing. `bits` are
        those of each plan's matchers that it satisfies on its own.
        """
        self.heed(mail)
        for course, held_bits in zip(self._courses, bits, strict=True):
            entered = [e for e in course.followed if e.entered_at < at]
            touched = flow.seen_by(course.plan, entered, held_bits, lambda: property_of)
            for enrolment, held in touched:
                flow.reach_goal(course.plan, enrolment, held, at, self._book)

    def courses(self) -> Sequence[Course]:
        """Give what each plan knows of the person, in the order of the plans."""
        return self._courses

    def timers(self) -> Sequence[Timer]:
        """List the timers that will still do something, in order of their creation."""
        alive = [
            timer
            for timer in self._timers
            if timer[4] is not None and timer[4].timer == timer[3] and timer[4].due_at != NEVER
        ]
        return sorted(alive, key=lambda timer: timer[3])

    def take_up(self, timers: Sequence[tuple[int, int, Enrolment]]) -> None:
        """Set timers again, given in order of their creation: time and row of it, and whose."""
        for at, row, enrolment in timers:
            self._set_timer(self._courses[enrolment.campaign], enrolment, at, row)

    @property
    def person(self) -> Person:
        """The person who walks."""
        return self._person

    def heed(self, bits: int) -> None:
        """Let what became of the address count from now on."""
        self.heeded |= bits
        person = self._person
        if not person.always_reachable:
            person.is_unsubscribed |= bool(bits & UNSUBSCRIBED)
            person.is_suppressed |= bool(bits & SUPPRESSED)

    def _happen(self, course: Course, happenings: Happenings, index: int, bits: int) -> None:
        """Let an event act on the campaign's enrolments: first its goals, then its waits (5.8)."""
        plan, person, book = course.plan, self._person, self._book
        at, row = happenings.at[index], happenings.row[index]
        touched = flow.seen_by(plan, course.followed, bits, partial(happenings.property_of, index))
        if bits & plan.goal_bit:
            for enrolment, held in touched:
                flow.reach_goal(plan, enrolment, held, at, book)
        for enrolment, held in touched:
            if flow.stop_waiting(plan, enrolment, held, at, person, book):
                self._set_timer(course, enrolment, at, row)

    def _admit(self, course: Course, source: Raised, index: int, at: int, row: int) -> Admission:
        """Enrol the person, or give the first reason not to (4)."""
        key = source.key_of(index)
        counted = key if course.per_key else None
        if _is_too_soon(course, counted, at):
            return Admission.REENTRY
        # What a flow changed on the way was not known when the audience was asked.
        person = self._person
        is_wanted = course.plan.is_wanted(person) if person.changed else source.is_wanted[index]
        if not is_wanted:
            return Admission.AUDIENCE
        let_go(course, at)
        if not course.plan.campaign.concurrent and _has_active(course):
            return Admission.ACTIVE
        course.admitted_at[counted] = at
        self._enrol(course, source, index, at, row, key)
        return Admission.ENROLLED

    def _enrol(
        self, course: Course, source: Raised, index: int, at: int, row: int, key: str | None
    ) -> None:
        plan, person = course.plan, self._person
        enrolment = Enrolment(
            number=self._book.next_number,
            campaign=course.place,
            entered_at=at,
            is_held_out=_is_held_out(plan, person),
            row=source.row[index],
            key=key,
            operands=_operands(plan, source, index, key) if plan.referring_bits else {},
        )
        self._book.enrolled(enrolment, source.row[index], source.key[index])
        course.followed.append(enrolment)
        flow.enter(plan, enrolment, person, self._book)
        self._set_timer(course, enrolment, at, row)


def _course(plan: Plan, place: int) -> Course:
    reentry = plan.campaign.reentry
    if isinstance(reentry, Always):
        cooldown = _ALWAYS if reentry is Always.ALWAYS else _ONCE
    else:
        cooldown = to_microseconds(reentry.cooldown)
    per_key = plan.campaign.reentry_per is ReentryPer.KEY
    course = Course(plan=plan, place=place, cooldown=cooldown, per_key=per_key)
    course.kin.append(course)
    return course


def _unite(courses: Sequence[Course], families: Sequence[int]) -> None:
    """Let the versions of a campaign share what re-entry asks (4.1, 4.3)."""
    for course, family in zip(courses, families, strict=True):
        course.kin = [c for c, other in zip(courses, families, strict=True) if other == family]
        course.admitted_at = course.kin[0].admitted_at


def _is_too_soon(course: Course, key: str | None, at: int) -> bool:
    """Say whether an earlier admission refuses this firing (4.1)."""
    last_at = course.admitted_at.get(key)
    if last_at is None or course.cooldown == _ALWAYS:
        return False
    return course.cooldown == _ONCE or last_at > at - course.cooldown


def _has_active(course: Course) -> bool:
    return any(e.state is EnrolmentState.ACTIVE for kin in course.kin for e in kin.followed)


def let_go(course: Course, at: int) -> None:
    """Stop following enrolments that have ended and whose goal is reached or out of time."""
    within = course.plan.goal_within
    course.followed = [
        e
        for e in course.followed
        if e.state is EnrolmentState.ACTIVE
        or (course.plan.goal_bit and e.goal_at == NEVER and at <= e.entered_at + within)
    ]


def _is_held_out(plan: Plan, person: Person) -> bool:
    return plan.holdout_below > 0 and person.buckets[plan.holdout_salt] < plan.holdout_below


def _operands(plan: Plan, source: Raised, index: int, key: str | None) -> dict[int, list[Operand]]:
    """Look up what the flow's references mean for a firing (2.4)."""
    return {
        1 << number: [
            (
                condition,
                key
                if condition.value == "$key"
                else source.properties[condition.value.removeprefix("$trigger.")][index],
            )
            for condition in awaited.references
        ]
        for number, awaited in enumerate(plan.awaited)
        if awaited.references
    }
