"""Opens and clicks are shown with and without machines, and how much these hide is known."""

import numpy as np
import pytest

from core.stats.intervals import Reason
from core.stats.opens import OpenRates, Opens, diluted_lift, open_rates


def test_machine_opens_hide_most_of_a_lift() -> None:
    """55 % machine opens make +20 % look like +2.8 %, where 20 % of the others open by hand.

    Of 1,000 people in each arm 550 are opened for by machines; of the 450 others 90 and 108 open:
    640 and 658 opens, and 658 / 640 - 1 = 2.8 %.
    """
    found = diluted_lift(0.20, machine_rate=0.55, human_rate=0.20)

    assert found == pytest.approx(658 / 640 - 1)
    assert found == pytest.approx(0.028, abs=0.0005)


def test_the_dilution_is_what_a_mailing_shows() -> None:
    """Independent: a million people per arm drawn one by one (seed 5)."""
    random = np.random.default_rng(5)
    is_machine = random.random((2, 1_000_000)) < 0.55
    by_hand = random.random((2, 1_000_000)) < np.array([[0.20], [0.24]])
    opened = (is_machine | by_hand).mean(axis=1)

    assert diluted_lift(0.2, machine_rate=0.55, human_rate=0.2) == pytest.approx(
        opened[1] / opened[0] - 1, abs=0.003
    )


def test_without_machines_nothing_is_hidden() -> None:
    assert diluted_lift(0.2, machine_rate=0, human_rate=0.3) == pytest.approx(0.2)


def test_rates_stand_beside_those_without_machines() -> None:
    opens = Opens(
        people_count=1_000,
        opened_count=640,
        human_opened_count=90,
        clicked_count=50,
        human_clicked_count=20,
    )

    found = open_rates(opens)

    assert isinstance(found, OpenRates)
    assert found.opened.value == 0.64
    assert found.opened_without_machines.value == 0.09
    assert found.clicked.value == 0.05
    assert found.clicked_without_scanners.value == 0.02
    assert found.machine_share == pytest.approx(550 / 640)


def test_without_people_there_is_a_reason_and_without_opens_no_share() -> None:
    nobody = dict.fromkeys(
        ("opened_count", "human_opened_count", "clicked_count", "human_clicked_count"), 0
    )

    unopened = open_rates(Opens(people_count=10, **nobody))

    assert open_rates(Opens(people_count=0, **nobody)) is Reason.NO_PEOPLE
    assert isinstance(unopened, OpenRates)
    assert unopened.machine_share is None


def test_more_people_cannot_open_than_got_the_mail() -> None:
    too_many = Opens(
        people_count=10,
        opened_count=11,
        human_opened_count=3,
        clicked_count=0,
        human_clicked_count=0,
    )

    with pytest.raises(ValueError, match="11 of 10"):
        open_rates(too_many)
