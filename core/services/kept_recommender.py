"""Keeps what was learnt from a dataset in a file, so that it is learnt once per generation."""

import hashlib
import zipfile
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.domain.meanings import Meanings
from core.history.reading import Dataset
from core.services.meanings import guess_meanings
from core.services.recommending import Model, Recommender, build_recommender
from core.stats.similarity import Neighbours

FOLDER = "recommenders"  # in the home of an installation
_FORMAT = 1
_ENDING = ".recommendations.npz"


def kept_recommender(
    dataset: Dataset, folder: Path, meanings: Meanings | None = None
) -> Recommender:
    """Load the recommender of a dataset from `folder`, or learn it and put it there.

    Those of other generations or meanings of the same dataset are thrown away. A file that cannot
    be read is learnt anew.
    """
    meanings = meanings or guess_meanings(dataset.manifest)
    path = folder / f"{_owner(dataset)}-{_fingerprint(dataset, meanings)}{_ENDING}"
    model = _loaded(path)
    if model is not None:
        return Recommender(model)
    recommender = build_recommender(dataset, meanings)
    _save(path, recommender.model)
    for other in folder.glob(f"{_owner(dataset)}-*{_ENDING}"):
        if other != path:
            other.unlink(missing_ok=True)
    return recommender


def _owner(dataset: Dataset) -> str:
    """Give a word for the dataset that no other name shares."""
    return hashlib.sha256(dataset.manifest.name.encode()).hexdigest()[:16]


def _fingerprint(dataset: Dataset, meanings: Meanings) -> str:
    manifest = dataset.manifest
    catalogue = None if manifest.catalogue is None else manifest.catalogue.fingerprint
    known_by = (_FORMAT, manifest.generation, manifest.fingerprint, catalogue, meanings)
    return hashlib.sha256(repr(known_by).encode()).hexdigest()[:16]


def _save(path: Path, model: Model) -> None:
    """Write the file beside its place and move it there, so that nobody reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, suffix=".new", delete=False) as file:
        np.savez(
            file,
            product_ids=_as_bytes("\0".join(model.product_ids)),
            count=np.array(len(model.product_ids)),
            popular=model.popular,
            **_columns("bought", model.bought),
            **_columns("viewed", model.viewed),
        )
    Path(file.name).replace(path)


def _columns(name: str, near: Neighbours) -> dict[str, Any]:
    return {
        f"{name}_starts": near.starts,
        f"{name}_item": near.item,
        f"{name}_score": near.score,
    }


def _loaded(path: Path) -> Model | None:
    """Read a kept model; None where there is none or it is damaged."""
    try:
        with path.open("rb") as file, np.load(file) as kept:
            ids = kept["product_ids"].tobytes().decode().split("\0") if kept["count"] else []
            return Model(
                product_ids=ids,
                bought=_neighbours(kept, "bought"),
                viewed=_neighbours(kept, "viewed"),
                popular=kept["popular"],
            )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _neighbours(kept: np.lib.npyio.NpzFile, name: str) -> Neighbours:
    return Neighbours(
        starts=kept[f"{name}_starts"], item=kept[f"{name}_item"], score=kept[f"{name}_score"]
    )


def _as_bytes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), dtype=np.uint8)
