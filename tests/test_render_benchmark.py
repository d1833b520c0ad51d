"""The benchmark of rendering makes the e-mails it counts, and says what it could not measure."""

import json
import os
from email import message_from_bytes
from pathlib import Path

import pytest

from benchmarks import render, report
from benchmarks.measuring import Measurement, Run
from benchmarks.places import Place
from core.rendering.render import render as rendered
from core.rendering.templates import load_template

EMAILS = 10


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, 100 * EMAILS)


def _measured(*seconds: float) -> Measurement:
    facts = [{"emails": 1_000, "seconds": one, "cpu_seconds": one / 2} for one in seconds]
    runs = [Run(seconds=9.0, cpu_seconds=9.0, peak_memory=1, facts=fact) for fact in facts]
    return Measurement(runs)


def test_people_differ_in_name_and_cart_and_each_is_rendered_whole() -> None:
    template = load_template(render.TEMPLATE)
    people = list(render.contexts(template, 6))

    emails = [rendered(template, person) for person in people]

    assert len({email.html for email in emails if hasattr(email, "html")}) == 6
    assert [len(person["cart"]["products"]) for person in people] == [1, 2, 3, 1, 2, 3]
    assert [getattr(email, "missing", None) for email in emails] == [()] * 6


def test_the_whole_path_ends_in_a_message_with_both_parts(place: Place) -> None:
    template = load_template(render.TEMPLATE)
    (person,) = render.contexts(template, 1)
    email = rendered(template, person)

    message = message_from_bytes(render.message_of(email, 7))
    facts = render.whole(place)

    assert [part.get_content_type() for part in message.walk()][1:] == ["text/plain", "text/html"]
    assert message["Message-ID"] == "<7@example.com>"
    assert facts["emails"] == EMAILS
    assert facts["bytes"] > 20_000
    assert facts["seconds"] > 0


def test_cores_are_given_back_after_a_measurement() -> None:
    before = os.sched_getaffinity(0)

    with render.one_core():
        during = os.sched_getaffinity(0)

    assert len(during) == 1
    assert os.sched_getaffinity(0) == before


def test_a_rate_is_that_of_the_best_run_and_holds_from_what_was_asked() -> None:
    measured = _measured(0.5, 1.0, 2.0)

    demand = report.rate_demand("rate", measured.rates("emails"), 2_000)

    assert (demand.found, demand.by_medians, demand.wanted) == ("2,000/s", "1,000/s", "≥ 2,000/s")
    assert demand.by_processor == "4,000/s"
    assert demand.is_met
    assert not report.rate_demand("rate", measured.rates("emails"), 2_001).is_met


def test_without_node_the_others_are_measured_and_the_report_says_so(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")

    text = report.rendered(render.rendering(place, rounds=1))

    assert "Node was not there" in text
    assert "Whole path to MIME" in text
    assert f"`python -m benchmarks render --events {100 * EMAILS} --rounds 1`" in text


def test_the_lock_file_of_the_reference_names_versions_and_no_addresses() -> None:
    lock = (render.REFERENCE / "package-lock.json").read_text(encoding="utf-8")
    packages = json.loads(lock)["packages"]

    assert "://" not in lock
    assert all(entry.get("integrity") for name, entry in packages.items() if name)
