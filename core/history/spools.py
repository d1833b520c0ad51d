"""Temporary Arrow files, of which only the batch at hand is in memory."""

from pathlib import Path
from threading import Lock

import pyarrow as pa


class Spool:
    """A file of record batches: first all are written, then read in any order, by any thread.

    As a context manager it is closed for writing at the end.
    """

    def __init__(self, path: Path) -> None:
        """Prepare to write to `path`; without batches no file comes into being."""
        self.batch_count = 0
        self._path = path
        self._writer: pa.ipc.RecordBatchFileWriter | None = None
        self._reader: pa.ipc.RecordBatchFileReader | None = None
        self._lock = Lock()

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def write(self, batch: pa.RecordBatch) -> int:
        """Append a batch with the columns of the first; give its number for `read`."""
        if self._writer is None:
            self._writer = pa.ipc.new_file(str(self._path), batch.schema)
        self._writer.write_batch(batch)
        self.batch_count += 1
        return self.batch_count - 1

    def read(self, number: int) -> pa.RecordBatch:
        """Read a batch into memory."""
        with self._lock:
            if self._reader is None:
                # Mapped, the whole file would count as memory of the process.
                self._reader = pa.ipc.open_file(pa.OSFile(str(self._path)))
            return self._reader.get_batch(number)

    def remove(self) -> None:
        """Give the room on the disk back."""
        self._reader = None
        self._path.unlink(missing_ok=True)
