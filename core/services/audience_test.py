"""Renders an e-mail for everybody whom a rehearsal would have sent it, before anybody gets it."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from statistics import median
from time import perf_counter
from typing import TypeVar

from core.domain.email_context import EmailContext
from core.domain.errors import Cancelled, UnusableInput
from core.domain.steps import SendStep
from core.history.reading import Dataset
from core.rehearsal.outcome import Outcome as RehearsalOutcome
from core.rendering.emails import Context, EmailTemplate, Mode, NotRendered, Outcome, RenderedEmail
from core.rendering.renderer import Renderer
from core.services.email_blocks import Block, empty_blocks, loops_of
from core.services.email_checks import GMAIL_CLIPS_AT
from core.services.email_context import ContextSource, Recipient, contexts_of, recipients_of
from core.services.email_rendering import links_of

Key = TypeVar("Key")

PEOPLE_SHOWN = 20
LARGEST_SHOWN = 5
PATIENCE = 5  # e-mails in a row that took too long, after which the rest is not tried
_AT_ONCE = 32
_SLOW_BATCHES = 2
_MEASURED_FOR = 3.0  # seconds at most, to measure the slowest once more


@dataclass(frozen=True, slots=True, kw_only=True)
class AudienceProgress:
    """How many of the e-mails were rendered."""

    done_count: int
    total_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many e-mails something concerns, of all that were tested, and the first of them."""

    count: int
    rate: float
    recipients: Sequence[Recipient]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A reason for which there is no e-mail, in one sentence, and for whom."""

    message: str
    file: str | None
    line: int | None
    share: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingShare:
    """A field that some lack, with the places where it is used, and who lacks it."""

    name: str
    places: Sequence[tuple[str, int]]
    share: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptyBlock:
    """A list of the e-mail in which there is nothing for some."""

    block: Block
    share: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Bytes of HTML: the median, the largest, and those that Gmail cuts."""

    median: float
    largest: int
    clipped: Share
    largest_recipients: Sequence[tuple[Recipient, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AudienceTest:
    """What came of rendering an e-mail for everybody: the most frequent of each kind first.

    Shares are of all that were tested: somebody who gets the e-mail twice counts twice. Those are
    all recipients, unless `PATIENCE` of them in a row took too long, which ends the test. `sizes`
    is None where nothing could be rendered. `slowest` gives seconds, measured once more and alone.
    """

    recipient_count: int
    tested_count: int
    people_count: int
    rendered_count: int
    count_by_variant: Mapping[str | None, int]
    failures: Sequence[Failure]
    missing: Sequence[MissingShare]
    empty_blocks: Sequence[EmptyBlock]
    sizes: Sizes | None
    slowest: Sequence[tuple[Recipient, float]]


Report = Callable[[AudienceProgress], None]


def recipients_of_step(
    outcome: RehearsalOutcome, dataset: Dataset, place: int, step_id: str
) -> list[Recipient]:
    """List whom a send step of the campaign at a place would have sent its e-mail, by person.

    Raises UnusableInput where the campaign has no such send step.
    """
    steps = {step.id: step for step in outcome.campaigns[place].steps}
    step = steps.get(step_id)
    if not isinstance(step, SendStep):
        raise UnusableInput(
            f"the campaign {outcome.campaigns[place].name!r} sends nothing in a step {step_id!r}; "
            "choose one of its e-mails"
        )
    return [
        recipient
        for recipient in recipients_of(outcome, dataset, place, step.template)
        if recipient.campaign is not None and recipient.campaign.step == step_id
    ]


def as_sent(template: EmailTemplate, step: SendStep) -> EmailTemplate:
    """Give the e-mail as a step sends it: with the step's own subject, if it has one."""
    return template if step.subject is None else replace(template, subject=step.subject)


def run_audience_test(
    template: EmailTemplate,
    source: ContextSource,
    recipients: Sequence[Recipient],
    renderer: Renderer,
    *,
    on_progress: Report = lambda progress: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> AudienceTest:
    """Render an e-mail for each recipient as of the time of their send, and count what came of it.

    Raises Cancelled when somebody stops it, UnusableInput if there is nobody to test it with.
    """
    if not recipients:
        raise UnusableInput(
            "This rehearsal would have sent the e-mail to nobody; choose another step or rehearsal."
        )
    tally = _Tally(template, recipients)
    people = contexts_of(source, recipients, links_of(template))
    for batch, outcomes in _rendered(template, people, renderer):
        if is_cancelled():
            raise Cancelled("The audience test was stopped; nothing was kept.")
        tally.add(batch, outcomes)
        on_progress(AudienceProgress(done_count=tally.done_count, total_count=len(recipients)))
    return tally.result(renderer)


Batch = list[tuple[int, EmailContext]]


def _rendered(
    template: EmailTemplate, people: Iterator[tuple[int, EmailContext]], renderer: Renderer
) -> Iterator[tuple[Batch, list[Outcome]]]:
    """Render for all while their contexts are built, and give them batch by batch."""
    waiting: deque[tuple[int, EmailContext]] = deque()

    def contexts() -> Iterator[Context]:
        for person in people:
            waiting.append(person)
            yield person[1].as_mapping()

    made = renderer.render_many(template, contexts(), Mode.SEND, patience=PATIENCE)
    while outcomes := list(islice(made, _AT_ONCE)):
        yield [waiting.popleft() for _ in outcomes], outcomes


def _most_frequent(counted: Mapping[Key, "_Counted"]) -> list[tuple[Key, "_Counted"]]:
    return sorted(counted.items(), key=lambda entry: -entry[1].count)


@dataclass(slots=True)
class _Counted:
    """How often something was met, and where first."""

    count: int = 0
    places: list[int] = field(default_factory=list)

    def add(self, place: int) -> None:
        self.count += 1
        if len(self.places) < PEOPLE_SHOWN:
            self.places.append(place)


def _is_made(outcome: Outcome) -> bool:
    return isinstance(outcome, RenderedEmail)


class _Tally:
    """Counts what comes of e-mails, batch by batch."""

    def __init__(self, template: EmailTemplate, recipients: Sequence[Recipient]) -> None:
        self.done_count = 0
        self._template, self._recipients = template, recipients
        self._loops = loops_of(template)
        self._failures: dict[tuple[str, str | None, int | None], _Counted] = {}
        self._missing: dict[str, _Counted] = {}
        self._places_of_missing: dict[str, set[tuple[str, int]]] = {}
        self._empty: dict[Block, _Counted] = {}
        self._clipped = _Counted()
        self._sizes: list[tuple[int, int]] = []
        self._slow: list[tuple[float, Batch]] = []
        self._counted_at = perf_counter()

    def add(self, batch: Batch, outcomes: Sequence[Outcome]) -> None:
        """Count a batch; the time since the last one tells roughly how slow it was."""
        now = perf_counter()
        made = [one for one, outcome in zip(batch, outcomes, strict=True) if _is_made(outcome)]
        self._slow.append((now - self._counted_at, made))
        self._slow = sorted(self._slow, key=lambda timed: -timed[0])[:_SLOW_BATCHES]
        for (place, context), outcome in zip(batch, outcomes, strict=True):
            self._count(place, outcome)
            if _is_made(outcome):
                for block in empty_blocks(self._loops, context.as_mapping()):
                    self._empty.setdefault(block, _Counted()).add(place)
        self.done_count += len(batch)
        self._counted_at = perf_counter()

    def result(self, renderer: Renderer) -> AudienceTest:
        recipients = self._recipients
        failed = sum(counted.count for counted in self._failures.values())
        variants = [r.campaign.variant if r.campaign else None for r in recipients]
        return AudienceTest(
            recipient_count=len(recipients),
            tested_count=self.done_count,
            people_count=len({recipient.user_id for recipient in recipients}),
            rendered_count=self.done_count - failed,
            count_by_variant={name: variants.count(name) for name in dict.fromkeys(variants)},
            failures=[
                Failure(message=message, file=file, line=line, share=self._share(counted))
                for (message, file, line), counted in _most_frequent(self._failures)
            ],
            missing=[
                MissingShare(
                    name=name,
                    places=sorted(self._places_of_missing[name]),
                    share=self._share(counted),
                )
                for name, counted in _most_frequent(self._missing)
            ],
            empty_blocks=[
                EmptyBlock(block=block, share=self._share(counted))
                for block, counted in _most_frequent(self._empty)
            ],
            sizes=self._size_figures(),
            slowest=self._slowest(renderer),
        )

    def _count(self, place: int, outcome: Outcome) -> None:
        for name in dict.fromkeys(missing.name for missing in outcome.missing):
            self._missing.setdefault(name, _Counted()).add(place)
        for missing in outcome.missing:
            used = self._places_of_missing.setdefault(missing.name, set())
            used.add((missing.file, missing.line))
        if isinstance(outcome, NotRendered):
            reason = (outcome.message, outcome.file, outcome.line)
            self._failures.setdefault(reason, _Counted()).add(place)
            return
        self._sizes.append((outcome.html_bytes, place))
        if outcome.html_bytes > GMAIL_CLIPS_AT:
            self._clipped.add(place)

    def _size_figures(self) -> Sizes | None:
        if not self._sizes:
            return None
        largest = sorted(self._sizes, key=lambda sized: (-sized[0], sized[1]))[:LARGEST_SHOWN]
        return Sizes(
            median=median(size for size, _ in self._sizes),
            largest=largest[0][0],
            clipped=self._share(self._clipped),
            largest_recipients=[(self._recipients[place], size) for size, place in largest],
        )

    def _slowest(self, renderer: Renderer) -> list[tuple[Recipient, float]]:
        """Render the slowest batches again, one by one, for only that tells who it was."""
        timed: list[tuple[Recipient, float]] = []
        for place, context in chain.from_iterable(batch for _, batch in self._slow):
            if sum(seconds for _, seconds in timed) > _MEASURED_FOR:
                break
            began = perf_counter()
            renderer.render(self._template, context.as_mapping(), Mode.SEND)
            timed.append((self._recipients[place], perf_counter() - began))
        return sorted(timed, key=lambda one: -one[1])[:LARGEST_SHOWN]

    def _share(self, counted: _Counted) -> Share:
        return Share(
            count=counted.count,
            rate=counted.count / self.done_count,
            recipients=[self._recipients[place] for place in counted.places],
        )
