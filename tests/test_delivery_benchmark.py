"""The benchmark of delivery sends the e-mails it counts, and says what bounds them."""

from pathlib import Path

import pytest

from benchmarks import delivery, report
from benchmarks.measuring import Measurement, Run
from benchmarks.places import Place

MAILS = 6


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, MAILS * delivery.EVENTS_PER_MAIL)


def test_all_that_is_queued_is_composed_signed_and_sent(place: Place) -> None:
    facts = delivery.whole(place)

    assert facts["mails"] == MAILS
    assert facts["seconds"] > 0
    assert list(place.folder.iterdir()) == []


def test_the_section_says_what_an_e_mail_costs(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measured(tasks: list[str], _place: Place, _rounds: int) -> dict[str, Measurement]:
        each = {delivery.WHOLE: 4.0, delivery.COMPOSING: 2.0, delivery.HANDING_OVER: 1.0}
        return {
            task: Measurement(
                [
                    Run(
                        seconds=9.0,
                        cpu_seconds=9.0,
                        peak_memory=1,
                        facts={
                            "mails": 1_000,
                            "seconds": each[task],
                            "cpu_seconds": each[task],
                            "bytes": 25_000,
                        },
                    )
                ]
            )
            for task in tasks
        }

    monkeypatch.setattr(delivery, "measure", measured)

    said = report.rendered(delivery.delivering(place, 1))

    assert "250/s" in said
    assert "≥ 200/s" in said
    assert "Of 4.0 ms an e-mail of 25 kB, composing takes 2.0 and handing over 1.0" in said
