"""An invented file of results, to see what the page makes of one before having one's own."""

import io
from datetime import UTC, datetime, timedelta

import numpy as np

EXAMPLE_NAME = "Example: first e-mail after 1 or 4 hours (invented)"
EXAMPLE_WINDOW = timedelta(days=7)
_SEED, _PEOPLE, _DAYS = 20, 8_000, 28
_VARIANTS = {"1 hour": 0.090, "4 hours": 0.112}
_DEVICES = ("phone", "desktop")
_START = datetime(2026, 3, 2, tzinfo=UTC)


def example_csv() -> str:
    """Write the example: the same people each time, shared out by chance, goals with their times.

    What they do is drawn from the shares of `_VARIANTS`; money is log-normal and follows what
    somebody spent before.
    """
    draw = np.random.default_rng(_SEED)
    written = io.StringIO()
    written.write("user,variant,exposed_at,goal,value,value_before,device\n")
    seconds = np.sort(draw.integers(0, _DAYS * 86_400, _PEOPLE))
    for number, second in enumerate(seconds.tolist()):
        variant = list(_VARIANTS)[int(draw.integers(len(_VARIANTS)))]
        came_at = _START + timedelta(seconds=second)
        before = round(float(draw.lognormal(3.4, 0.6)), 2)
        reached_at, value = "", 0.0
        if draw.random() < _VARIANTS[variant]:
            wait = timedelta(seconds=int(draw.exponential(86_400)) % (7 * 86_400) + 60)
            reached_at = _written(came_at + wait)
            value = round(before * float(draw.lognormal(0, 0.3)), 2)
        device = _DEVICES[int(draw.integers(len(_DEVICES)))]
        written.write(
            f"p{number:05},{variant},{_written(came_at)},{reached_at},{value},{before},{device}\n"
        )
    return written.getvalue()


def _written(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
