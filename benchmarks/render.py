"""Rendering: how many personalised cart e-mails one core makes in a second, and beside what."""

import json
import os
import resource
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.measuring import ROUNDS, Measurement, measure
from benchmarks.places import Place
from benchmarks.report import Section, rate_demand
from core.rendering.emails import EmailTemplate, Outcome, RenderedEmail
from core.rendering.environment import mjml_environment
from core.rendering.hardening import harden
from core.rendering.mime import Mailbox, as_message
from core.rendering.render import compiled
from core.rendering.renderer import Renderer
from core.rendering.templates import load_template
from core.settings import REPOSITORY

TEMPLATE = REPOSITORY / "templates" / "cart_recovery.mjml"
REFERENCE = Path(__file__).with_name("mjml_reference")
MOST_EMAILS, MOST_OF_REFERENCE = 2_000, 200
MOST_PRODUCTS = 3
WARM_UP_EMAILS = 64
WANTED_ALONE, WANTED_WHOLE = 2_000, 400
_SENDER = Mailbox(address="shop@example.com", name="Fellgrove")
_SENT_AT = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
_UNSUBSCRIBE = "https://shop.example.com/unsubscribe/"
LABEL_BY_TASK = {  # of tasks in `benchmarks.work`
    "render_alone": "Jinja, hardening, MJML",
    "render_whole": "Whole path to MIME, through the renderer's process",
    "render_reference": "Reference implementation (npm `mjml`), MJML only",
}

_INSTALL = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent")


class ReferenceMissingError(Exception):
    """The reference implementation cannot be run here; the message says why."""


def rendering(place: Place, rounds: int = ROUNDS) -> Section:
    """Measure making e-mails on one core, and the reference implementation beside it."""
    tasks, note = list(LABEL_BY_TASK), ""
    try:
        install_reference(place)
    except ReferenceMissingError as missing:
        tasks.remove("render_reference")
        note = str(missing)
    load = machine.description()
    found = measure(tasks, place, rounds)
    alone, whole = found["render_alone"], found["render_whole"]
    return Section(
        title="Render",
        command=_command(place, rounds),
        machine=load,
        sentences=_sentences(whole),
        demands=[
            rate_demand(
                "Jinja, hardening and MJML, e-mails per second", alone.rates("emails"), WANTED_ALONE
            ),
            rate_demand(
                "Whole path to MIME, e-mails per second", whole.rates("emails"), WANTED_WHOLE
            ),
        ],
        header=("", "e-mails/s, best", "e-mails/s, median", "ms each, best"),
        rows=[_row(LABEL_BY_TASK[task], found[task]) for task in tasks],
        notes=[note or _about_reference(alone, found["render_reference"])],
    )


def alone(place: Place) -> Mapping[str, Any]:
    """Fill in, harden and compile, in this process."""
    template = load_template(TEMPLATE)
    body = mjml_environment(template).get_template(template.file)

    def make(count: int) -> None:
        for context in contexts(template, count):
            compiled(harden(body.render(context)).mjml)

    with one_core():
        make(WARM_UP_EMAILS)
        began, began_at_work = time.perf_counter(), work_seconds()
        make(count := _email_count(place))
        seconds = time.perf_counter() - began
    return {
        "emails": count,
        "seconds": seconds,
        "cpu_seconds": work_seconds() - began_at_work,
    }


def whole(place: Place) -> Mapping[str, Any]:
    """Render in the process that can be ended, as live does, and write the message with its text.

    Both processes share the core: the renderer's is started here and inherits the restriction.
    """
    count = _email_count(place)
    with one_core():
        began = work_seconds()
        _written(0)
        between = work_seconds()
        seconds, size = _written(count)
        ended = work_seconds()
    # What both took, without starting and ending the process, which the first time was all.
    cpu_seconds = (ended - between) - (between - began)
    return {"emails": count, "seconds": seconds, "cpu_seconds": cpu_seconds, "bytes": size}


def _written(count: int) -> tuple[float, int]:
    """Start a renderer, warm it up, write messages; give the seconds and the largest's bytes."""
    template = load_template(TEMPLATE)
    with Renderer() as renderer:

        def make(count: int) -> int:
            emails = renderer.render_many(template, contexts(template, count))
            return max((len(message_of(one, n)) for n, one in enumerate(emails)), default=0)

        make(WARM_UP_EMAILS)
        began = time.perf_counter()
        size = make(count)
        return time.perf_counter() - began, size


def reference(place: Place) -> Mapping[str, Any]:
    """Compile the same filled-in e-mails with the reference implementation, in Node."""
    template = load_template(TEMPLATE)
    body = mjml_environment(template).get_template(template.file)
    count = min(MOST_OF_REFERENCE, _email_count(place))
    filled = reference_folder(place) / "filled.json"
    filled.write_text(json.dumps([body.render(one) for one in contexts(template, count)]))
    with one_core():
        done = subprocess.run(
            ["node", "render.mjs", filled.name],
            cwd=filled.parent,
            capture_output=True,
            text=True,
            check=True,
        )
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


def install_reference(place: Place) -> None:
    """See to it that the reference implementation is there; raises ReferenceMissingError."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise ReferenceMissingError(
            "Node was not there, so the reference implementation (npm `mjml`) was not measured."
        )
    folder = reference_folder(place)
    shutil.copytree(REFERENCE, folder, dirs_exist_ok=True)
    if (folder / "node_modules" / "mjml").exists():
        return
    installed = subprocess.run(_INSTALL, cwd=folder, capture_output=True, check=False)
    if installed.returncode:
        raise ReferenceMissingError(
            "npm could not install the reference implementation, so it was not measured."
        )


def reference_folder(place: Place) -> Path:
    """Give the folder where the reference implementation is installed; git does not see it."""
    return place.root / f"mjml-{_reference_version()}"


def contexts(template: EmailTemplate, count: int) -> Iterator[dict[str, Any]]:
    """Give that many people with carts: names, amounts and the number of products differ."""
    cart = template.sample["cart"]
    assert isinstance(cart, dict)
    products = list(islice(cycle(cart["products"]), MOST_PRODUCTS))
    for number in range(count):
        some = [
            {**one, "quantity": 1 + number % 3} for one in products[: 1 + number % MOST_PRODUCTS]
        ]
        total = sum(one["price"] * one["quantity"] for one in some)
        profile = {"user_id": f"u{number:05}", "first_name": f"Greta {number}"}
        own = {"profile": profile, "cart": {**cart, "products": some, "total": total}}
        yield {**template.sample, **own, "subject": "Your basket", "preheader": "Pick up"}


def message_of(email: Outcome, number: int) -> bytes:
    """Write the message to the person of that number; a refusal has none, and ends the run."""
    assert isinstance(email, RenderedEmail), email
    return as_message(
        email,
        sender=_SENDER,
        recipient=Mailbox(address=f"greta.{number}@example.com", name=f"Greta {number}"),
        message_id=f"<{number}@example.com>",
        sent_at=_SENT_AT,
        unsubscribe_url=f"{_UNSUBSCRIBE}{number}",
    )


def work_seconds() -> float:
    """Give the processor seconds of this process and of those that it started and that ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this process, and those it starts, on one core; where the system can do that."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _email_count(place: Place) -> int:
    return min(MOST_EMAILS, max(1, place.event_count // 100))


def _sentences(whole: Measurement) -> list[str]:
    facts = whole.facts[0]
    cores = (
        "Everything that takes part is kept on one core (`sched_setaffinity`)."
        if hasattr(os, "sched_setaffinity")
        else "This system cannot keep processes on one core, so two may have taken part."
    )
    return [
        f"{facts['emails']:,} e-mails of the starter *{TEMPLATE.stem}* to people of different"
        f" names, with one to three products, up to {facts['bytes'] / 1e3:,.0f} kB as a message.",
        cores,
        "The whole path takes two processes, as live does: one that can be ended at any time"
        " renders HTML, text, subject and preheader; the other hands it people and writes messages"
        " with both parts. Starting it is not counted, and processor time is that of both.",
        "The reference implementation compiles the same filled-in MJML in Node, without its"
        " checks, and once before it is measured.",
    ]


def _row(label: str, measurement: Measurement) -> list[str]:
    best, median, _ = measurement.rates("emails")
    return [label, f"{best:,.0f}", f"{median:,.0f}", f"{1000 / best:.2f}"]


def _about_reference(alone: Measurement, reference: Measurement) -> str:
    times = alone.rates("emails").best / reference.rates("emails").best
    return (
        f"The reference implementation is npm `mjml` {_reference_version()}. Filling in, hardening"
        f" and compiling together are {times:,.1f} times as fast as its compiling alone."
    )


def _reference_version() -> str:
    package = json.loads((REFERENCE / "package.json").read_text(encoding="utf-8"))
    return str(package["dependencies"]["mjml"])


def _command(place: Place, rounds: int) -> str:
    said = f"python -m benchmarks render --events {place.event_count}"
    return said if rounds == ROUNDS else f"{said} --rounds {rounds}"
