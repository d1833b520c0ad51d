"""The report: what was measured as Markdown, one section per benchmark."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.measuring import Measurement, Rates

INTRODUCTION = """# Benchmarks

Written by `make bench`. Every figure comes from a process of its own, which first did the same on \
a small history, so that compiled code and libraries are loaded; files are in the system's cache. \
Each was run three times unless its command says otherwise, in turns with what it is compared to. \
Promises are held against the best runs; beside them stand the medians, and the seconds of work on \
all cores together, which suffer least from whatever else the machine does. MB are 10⁶ bytes."""

ORDER = (
    *("Replay", "Rehearse", "Import", "Interactive", "Render", "Ingest", "Experiments", "Live"),
    "Delivery",
)
TIMES_HEADER = ("", "best, s", "median, s", "processor, s", "peak memory, MB")


@dataclass(frozen=True)
class Demand:
    """Something that is promised: what it is, how it came out, what was wanted, and if it holds.

    `found` is by the best runs; `by_processor` compares seconds of work, all cores added up.
    """

    about: str
    found: str
    by_medians: str
    by_processor: str
    wanted: str
    is_met: bool


@dataclass(frozen=True)
class Section:
    """A benchmark's outcome; `sentences` say what was done."""

    title: str
    command: str
    machine: str
    sentences: Sequence[str]
    demands: Sequence[Demand]
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = field(default=())


def rate_demand(about: str, rates: Rates, wanted: int) -> Demand:
    """Promise so many per second."""
    found = [f"{rate:,.0f}/s" for rate in rates]
    return Demand(about, *found, f"≥ {wanted:,}/s", rates.best >= wanted)


def times_row(label: str, measurement: Measurement) -> list[str]:
    """Give a measurement as a row under `TIMES_HEADER`."""
    return [
        label,
        f"{measurement.best:.2f}",
        f"{measurement.median:.2f}",
        f"{measurement.cpu_seconds:.2f}",
        f"{measurement.peak_memory / 1e6:,.0f}",
    ]


def ratio_demand(
    about: str,
    numerator: Measurement,
    denominator: Measurement,
    *,
    at_most: float | None = None,
    at_least: float | None = None,
) -> Demand:
    """Demand of two measurements that their ratio stays within a limit."""
    found = numerator.best / denominator.best
    limits = [f"≤ {at_most:g} ×"] if at_most is not None else []
    limits += [f"≥ {at_least:g} ×"] if at_least is not None else []
    return Demand(
        about=about,
        found=f"{found:.2f} ×",
        by_medians=f"{numerator.median / denominator.median:.2f} ×",
        by_processor=f"{numerator.cpu_seconds / denominator.cpu_seconds:.2f} ×",
        wanted=" and ".join(limits),
        is_met=(at_most is None or found <= at_most) and (at_least is None or found >= at_least),
    )


def rendered(section: Section) -> str:
    """Write a section: the demands first, then the figures."""
    demands = [
        (
            d.about,
            f"**{d.found}**",
            d.by_medians,
            d.by_processor,
            d.wanted,
            "yes" if d.is_met else "**no**",
        )
        for d in section.demands
    ]
    parts = [
        f"## {section.title}",
        " ".join(section.sentences),
        _table(("", "by best runs", "by medians", "by processor time", "wanted", "met"), demands),
        _table(section.header, section.rows),
        *section.notes,
        f"`{section.command}` on {section.machine}.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def put_into(path: Path, section: Section) -> None:
    """Put a section into the report in place of its former self; the others stay as they are."""
    known = _sections(path.read_text(encoding="utf-8")) if path.exists() else {}
    known[section.title] = rendered(section)
    path.parent.mkdir(parents=True, exist_ok=True)
    titles = sorted(known, key=lambda title: ORDER.index(title) if title in ORDER else len(ORDER))
    written = [known[title] for title in titles]
    path.write_text("\n".join([f"{INTRODUCTION}\n", *written]), encoding="utf-8")


def _sections(text: str) -> dict[str, str]:
    found = {}
    for part in text.split("\n## ")[1:]:
        title = part.splitlines()[0]
        found[title] = f"## {part.rstrip()}\n"
    return found


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    rule = ["---"] + ["---:"] * (len(header) - 1)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *rows))
