"""A folder in place of a mail server: each e-mail is a file that any mail program opens."""

import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from core.live.delivery.letters import Letter
from core.live.delivery.reasons import DeliveryReason
from core.live.delivery.verdicts import NotTaken, Taken, Verdict
from core.live.delivery.ways import NoServer

LONGEST_NAME = 150
WRITING = ".writing"  # the ending of files that are not whole yet


class Folder:
    """Hands letters over by writing them down; doing it twice is doing it once."""

    is_repeatable = True
    reason = DeliveryReason.FOLDER.value

    def __init__(self, folder: Path) -> None:
        """Write nothing yet."""
        self._folder = folder

    @property
    def size(self) -> int:
        """Give how many letters are handed over at once."""
        return 10

    def prepare(self, _count: int, _now: float) -> None:
        """Make the folder; raises NoServer where that cannot be."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise NoServer(
                f"The folder for e-mails {self._folder} cannot be made ({error.strerror}); check "
                "REHEARSAL_HOME."
            ) from error

    def hand_over(self, letters: Sequence[Letter], _now: float) -> list[Verdict]:
        """Write letters, each as a file."""
        return [self._written(letter) for letter in letters]

    def close(self) -> None:
        """Leave; all is written."""

    def _written(self, letter: Letter) -> Verdict:
        try:
            write_letter(self._folder, letter)
        except OSError as error:
            return NotTaken(said=f"{self._folder} cannot be written ({error.strerror})")
        return Taken()


def write_letter(folder: Path, letter: Letter) -> Path:
    """Write a letter as NAME.eml, whole or not at all; one that is there already stays as it is.

    Its name comes from its key, so that the same message is one file however often it is written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / file_name(letter.key)
    if file.exists():
        return file
    number, temporary = tempfile.mkstemp(dir=folder, prefix=".", suffix=WRITING)
    try:
        with os.fdopen(number, "wb") as opened:
            opened.write(letter.content)
            opened.flush()
            os.fsync(opened.fileno())
        # Renaming within a folder is done at once: nobody sees half a file.
        Path(temporary).replace(file)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
    return file


def file_name(key: str) -> str:
    """Name the file of the letter that has a key."""
    quoted = quote(key, safe="", errors="replace")
    if len(quoted) > LONGEST_NAME:
        digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        quoted = f"{quoted[:80]}-{digest}"
    return f"{quoted}.eml"
