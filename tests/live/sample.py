"""Some people of the sample shop: their events before a day for the upload, and those since."""

import csv
import gzip
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zlib import crc32

from core.domain.campaigns import Campaign
from core.domain.events import Event
from core.history.reading import Dataset, open_dataset
from core.services.campaign_files import load_campaign
from core.services.imports import FileKind, import_files
from core.services.rehearse import rehearse_to_files
from core.settings import REPOSITORY
from tests.history.datasets import write_events

IMPORTED_AT = datetime(2026, 9, 2, tzinfo=UTC)
FOLDER = REPOSITORY / "templates" / "campaigns"
CAMPAIGNS = tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))  # all starters


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Datasets of the whole time and of the time before `since`, and the events since then."""

    home: Path
    whole: Dataset
    before: Dataset
    since: datetime
    until: datetime
    events: list[Event]
    campaigns: list[Campaign]

    def rehearsed(self, out: Path) -> dict[str, list[list[str]]]:
        """Rehearse with `--since`; give the rows of each file, sorted."""
        rehearse_to_files(self.campaigns, self.whole, out, since=self.since, until=self.until)
        found = {}
        for name in ("firings", "messages", "trace"):
            with (out / f"{name}.csv").open(newline="", encoding="utf-8") as file:
                found[name] = sorted(list(csv.reader(file))[1:])
        return found


def sample(home: Path, *, share: int, days: int = 30, names: tuple[str, ...] = CAMPAIGNS) -> Sample:
    """Take every `share`-th person of the sample shop."""
    with gzip.open(REPOSITORY / "data" / "events.csv.gz", "rt", newline="") as file:
        rows = [row for row in csv.DictReader(file) if _is_chosen(row["user_id"], share)]
    chosen = home / "whole.csv"
    with chosen.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    import_files(home, "whole", [chosen], imported_at=IMPORTED_AT)
    whole = open_dataset(home, "whole")
    events = _events(whole)
    until = max(event.timestamp for event in events)
    since = until - timedelta(days=days)
    write_events(home, "before", [event for event in events if event.timestamp < since])
    profiles = home / "profiles.csv"
    lines = (REPOSITORY / "data" / "profiles.csv").read_text().splitlines(keepends=True)
    own = [line for line in lines[1:] if _is_chosen(line.partition(",")[0], share)]
    profiles.write_text("".join([lines[0], *own]))
    for name in ("whole", "before"):
        import_files(home, name, [profiles], imported_at=IMPORTED_AT, kind=FileKind.PROFILES)
    return Sample(
        home=home,
        whole=open_dataset(home, "whole"),
        before=open_dataset(home, "before"),
        since=since,
        until=until,
        events=[event for event in events if event.timestamp >= since],
        campaigns=[load_campaign(FOLDER / f"{name}.yaml") for name in names],
    )


def _events(dataset: Dataset) -> list[Event]:
    """Read all events in one go: asking person by person reads the file once for each."""
    ids, file = dataset.user_ids().to_pylist(), dataset._file()
    groups = [file.read_row_group(group).to_pylist() for group in range(dataset.group_count)]
    return [dataset._event(ids[row["user"]], row) for group in groups for row in group]


def _is_chosen(user_id: str, share: int) -> bool:
    return bool(user_id) and crc32(user_id.encode()) % share == 0
