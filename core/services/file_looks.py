"""The questions of the import form: what a file is, how it reads under some answers, a preview."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from core.history.files import open_source
from core.history.guessing import Guess, guess_kind
from core.history.manifest import FileKind
from core.history.presets import presets
from core.history.preview import PreviewRow, preview_rows
from core.history.settling import Answers, considered, settle
from core.history.sources import SourceFile

PREVIEW_ROWS = 12
_LONGEST_EXAMPLE = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLook:
    """What the beginning of a file tells: its columns with an example of each, and the guess."""

    columns: tuple[str, ...]
    examples: Mapping[str, str]
    kind: FileKind
    guess: Guess


def look_into(path: Path, answers: Answers) -> FileLook:
    """Look at the beginning of a file in the light of some answers; quick for any size.

    Raises UnusableInput for what is no table.
    """
    with open_source(path, whole=False) as source:
        return FileLook(
            columns=source.columns,
            examples={column: _example(source, column) for column in source.columns},
            kind=guess_kind(source),
            guess=considered(source, answers),
        )


def known_layouts() -> list[str]:
    """Name the exports that are recognised by their header."""
    return list(presets().values())


def preview_events(path: Path, answers: Answers) -> list[PreviewRow]:
    """Give the first rows as they will be read; raises UnusableInput while a question is open."""
    with open_source(path, whole=False) as source:
        return preview_rows(source, settle(source, answers), limit=PREVIEW_ROWS)


def preview_table(path: Path) -> pd.DataFrame:
    """Give the first rows of a file of people or products as they stand."""
    with open_source(path, whole=False) as source:
        return pd.DataFrame(source.sample[:PREVIEW_ROWS], columns=list(source.columns))


def _example(source: SourceFile, column: str) -> str:
    text = next(iter(source.texts(column)), "")
    return text if len(text) <= _LONGEST_EXAMPLE else f"{text[: _LONGEST_EXAMPLE - 1]}…"
