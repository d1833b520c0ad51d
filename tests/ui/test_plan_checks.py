"""How far the checks of a plan are, and which plan they are of."""

from datetime import UTC, datetime

from core.services.experiment_checks import CheckProgress
from core.services.experiment_history import SplitChoice
from core.ui.experiments.plan_checks import Stage, name_of, told
from tests.services.test_experiment_plan import history, planned, settings

CHOICE = SplitChoice(
    rehearsal_id="0123456789ab",
    place=0,
    campaign="Cart",
    split="timing",
    variants=("now", "later"),
    made_at=datetime(2026, 1, 1, tzinfo=UTC),
    dataset="shop",
    version=None,
)


def stage(done: int, total: int, *, is_power: bool) -> Stage:
    return Stage(is_power=is_power, progress=CheckProgress(done_count=done, total_count=total))


def test_the_bar_goes_on_from_the_first_check_to_the_second() -> None:
    shares = [
        stage(0, 1_000, is_power=False).share,
        stage(1_000, 1_000, is_power=False).share,
        stage(0, 500, is_power=True).share,
        stage(500, 500, is_power=True).share,
    ]

    assert shares == [0.0, 2 / 3, 2 / 3, 1.0]


def test_it_says_how_many_tests_of_which_kind_are_done() -> None:
    assert told(None) == "Looking up the people of the split"
    assert told(stage(340, 1_000, is_power=False)) == ("340 of 1,000 tests without any difference")
    assert told(stage(20, 500, is_power=True)) == "20 of 500 tests with an effect"


def test_a_check_is_of_another_plan_once_something_that_decides_has_changed() -> None:
    def name(**changes: object) -> str:
        chosen = settings(**changes)
        plan = planned(history(), chosen)
        return name_of(CHOICE, chosen, plan)

    assert name() != name(smallest_lift=0.3)
    assert name() != name(holdout=0.1)
    assert name() == name(name="Another name")
