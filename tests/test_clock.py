from datetime import UTC

from core import clock


def test_the_present_is_aware_in_utc_and_does_not_go_backwards() -> None:
    earlier = clock.now()

    later = clock.now()

    assert earlier.tzinfo is UTC
    assert earlier <= later
