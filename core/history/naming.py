"""What a dataset may be called, and where its files lie."""

import re
from pathlib import Path

from core.domain.errors import UnusableInput

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,79}")
EVENTS_FILE = "events.parquet"
USERS_FILE = "users.parquet"
PROFILES_FILE = "profiles.parquet"
CATALOGUE_FILE = "catalogue.parquet"
GENERATION = re.compile(r"g(\d{6,})")


def checked_name(name: str) -> str:
    """Give the name back if a dataset may be called so; raise `UnusableInput` otherwise."""
    is_plain = _NAME.fullmatch(name) is not None
    if is_plain and ".." not in name and not name.endswith((".", " ")):
        return name
    raise UnusableInput(
        f"A dataset cannot be called {name[:100]!r}: take 1 to 80 letters, digits, spaces, _, - or"
        " single dots, with a letter or digit first and no dot or space at the end."
    )


def datasets_folder(home: Path) -> Path:
    """Give the folder that holds one folder per dataset."""
    return home / "datasets"


def dataset_folder(home: Path, name: str) -> Path:
    """Give a dataset's folder; raise `UnusableInput` for a name it cannot have."""
    return datasets_folder(home) / checked_name(name)


def generation_folder(folder: Path, generation: int) -> Path:
    """Give the folder of one generation of the dataset in `folder`."""
    return folder / f"g{generation:06d}"


def rejects_folder(folder: Path) -> Path:
    """Give the folder for the rejects files of the dataset in `folder`."""
    return folder / "rejects"


def rejects_path(home: Path, name: str, rejects_file: str) -> Path:
    """Give the place of a rejects file that an import record of the dataset names."""
    return rejects_folder(dataset_folder(home, name)) / Path(rejects_file).name
