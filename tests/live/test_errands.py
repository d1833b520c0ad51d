"""What the evaluator does beside deciding goes on, whatever fails once."""

import threading
from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy.exc import PendingRollbackError

from core.services.errands import Errand, beside
from tests.live.launched import START

PATIENCE = 10.0  # seconds


@pytest.mark.parametrize("failure", [PendingRollbackError("no connection"), KeyError("address")])
def test_an_errand_that_failed_is_run_again(failure: Exception) -> None:
    again = threading.Event()

    with beside([Errand(name="sending", every=0.001, run=failing_once(failure, again))], now):
        is_run_again = again.wait(PATIENCE)

    assert is_run_again


def failing_once(failure: Exception, again: threading.Event) -> Callable[[datetime], int]:
    """Fail at first, and tell of the second time."""
    failures = [failure]

    def run(_now: datetime) -> int:
        if failures:
            raise failures.pop()
        again.set()
        return 0

    return run


def now() -> datetime:
    return START
