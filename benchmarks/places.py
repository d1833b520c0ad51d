"""Where the benchmarks keep their files: the generated CSV and the dataset made from it."""

from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from core.history.manifest import Manifest, load_manifest
from core.history.naming import dataset_folder, generation_folder
from core.settings import REPOSITORY

DEFAULT_ROOT = REPOSITORY / "data" / "local" / "benchmarks"
DATASET = "history"
WARM_UP_EVENTS = 20_000

_GENERATOR = Path(__file__).with_name("history.py")


@dataclass(frozen=True)
class Place:
    """The folder of one generated history."""

    root: Path
    event_count: int

    @property
    def folder(self) -> Path:
        """Give the folder; another generator has another one, so that nothing stale is measured."""
        recipe = blake2b(_GENERATOR.read_bytes(), digest_size=4).hexdigest()
        return self.root / f"{self.event_count}-{recipe}"

    @property
    def csv(self) -> Path:
        """Give the path of the generated file."""
        return self.folder / "history.csv"

    @property
    def home(self) -> Path:
        """Give the home (see REHEARSAL_HOME) of the dataset imported from it."""
        return self.folder / "home"

    @property
    def sample_home(self) -> Path:
        """Give the home of the sample shop's dataset."""
        return self.root / "sample"

    @property
    def manifest(self) -> Manifest | None:
        """Give what the dataset says about itself; None where there is none yet."""
        return load_manifest(dataset_folder(self.home, DATASET))

    @property
    def generation(self) -> Path:
        """Give the folder that holds the dataset's Parquet files."""
        manifest = self.manifest
        assert manifest is not None
        return generation_folder(dataset_folder(self.home, DATASET), manifest.generation)

    @property
    def product_column(self) -> str:
        """Name the column of `events.parquet` that holds the property `product_id`."""
        column = None if self.manifest is None else self.manifest.property_named("product_id")
        assert column is not None
        return column.column

    def tenth(self) -> "Place":
        """Give the history of a tenth of the size, by which growth is judged."""
        return Place(self.root, max(1, self.event_count // 10))

    def warm_up(self) -> "Place":
        """Give the small history on which a process warms up before it is measured."""
        return Place(self.root, min(self.event_count, WARM_UP_EVENTS))
