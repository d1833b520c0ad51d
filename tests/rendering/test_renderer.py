"""The renderer keeps order, survives, ends, and gives what rendering in this process gives."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count

import psutil
import pytest

from core.domain.errors import CampaignError
from core.rendering.emails import Mode, NotRendered, Refusal, RenderedEmail
from core.rendering.render import render
from core.rendering.renderer import Renderer
from core.rendering.templates import load_templates
from tests.rendering.mails import TEMPLATES, mail, words

NUMBER = mail(
    words(
        "number {{ n }}{% if n == 7 %}"
        + "{% for i in range(9999) %}" * 4
        + "{% endfor %}" * 4
        + "{% endif %}"
    )
)


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    with Renderer(workers=2, time_limit=timedelta(seconds=0.5)) as renderer:
        yield renderer


def shown(outcome: RenderedEmail | NotRendered) -> str:
    return outcome.text.strip() if isinstance(outcome, RenderedEmail) else outcome.reason


@pytest.mark.parametrize("mode", Mode)
def test_a_process_of_its_own_gives_the_same(renderer: Renderer, mode: Mode) -> None:
    for template in load_templates(TEMPLATES).values():
        assert renderer.render(template, template.sample, mode) == render(
            template, template.sample, mode
        )
        assert renderer.render(template, {}, mode) == render(template, {}, mode)


def test_many_come_in_the_order_of_the_people_also_around_one_that_hangs(
    renderer: Renderer,
) -> None:
    outcomes = renderer.render_many(NUMBER, ({"n": n} for n in range(100)))

    expected = [f"number {n}" if n != 7 else Refusal.TIME for n in range(100)]
    assert [shown(outcome) for outcome in outcomes] == expected


def test_nobody_to_render_for_gives_nothing(renderer: Renderer) -> None:
    assert list(renderer.render_many(NUMBER, [])) == []


def test_who_stops_asking_stops_the_work(renderer: Renderer) -> None:
    asked = count(1000)

    outcomes = renderer.render_many(NUMBER, ({"n": n} for n in asked))
    first = next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]  # a generator, as its type does not say

    assert shown(first) == "number 1000"
    assert next(asked) < 1000 + 32 * 6
    assert shown(renderer.render(NUMBER, {"n": 1})) == "number 1"


def test_threads_share_a_renderer(renderer: Renderer) -> None:
    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(lambda n: renderer.render(NUMBER, {"n": n}), range(10, 60)))

    assert [shown(outcome) for outcome in outcomes] == [f"number {n}" for n in range(10, 60)]


def test_a_worker_that_is_killed_is_replaced() -> None:
    before = {child.pid for child in psutil.Process().children()}
    with Renderer() as renderer:
        assert shown(renderer.render(NUMBER, {"n": 1})) == "number 1"
        (worker,) = (c for c in psutil.Process().children() if c.pid not in before)

        worker.kill()
        outcome = renderer.render(NUMBER, {"n": 2})
        after = renderer.render(NUMBER, {"n": 3})

    assert isinstance(outcome, NotRendered)
    assert outcome.reason is Refusal.CRASH
    assert shown(after) == "number 3"


def test_closing_leaves_no_process_and_may_be_repeated() -> None:
    before = {child.pid for child in psutil.Process().children()}
    renderer = Renderer(workers=2)
    renderer.render(NUMBER, {"n": 1})

    renderer.close()
    renderer.close()

    assert {child.pid for child in psutil.Process().children()} <= before
    with pytest.raises(CampaignError):
        renderer.render(NUMBER, {"n": 1})


def test_a_worker_sees_no_environment_and_has_a_limit(
    renderer: Renderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REHEARSAL_SECRET", "x")
    before = {child.pid for child in psutil.Process().children()}
    with Renderer() as fresh:
        fresh.render(NUMBER, {"n": 1})
        (worker,) = (c for c in psutil.Process().children() if c.pid not in before)

        assert "REHEARSAL_SECRET" not in worker.environ()
        assert worker.memory_info().vms < 512_000_000


def test_a_first_email_is_there_in_half_a_second_once_the_process_stands(
    renderer: Renderer,
) -> None:
    template = mail(words("first {{ n }}"))
    renderer.render(NUMBER, {"n": 1})

    began = time.monotonic()
    renderer.render(template, {"n": 1})

    assert time.monotonic() - began < 0.5


def test_patience_ends_the_work_after_so_many_in_a_row_that_hang() -> None:
    hanging = ({"n": 7 if n >= 3 and n != 5 else n} for n in count())

    with Renderer(time_limit=timedelta(seconds=0.1)) as impatient:
        outcomes = list(impatient.render_many(NUMBER, hanging, patience=3))

    assert [shown(outcome) for outcome in outcomes] == [
        *("number 0", "number 1", "number 2"),
        *(Refusal.TIME, Refusal.TIME, "number 5"),
        *[Refusal.TIME] * 3,
    ]
