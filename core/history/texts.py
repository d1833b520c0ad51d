"""Arrow texts as the arrays that the kernels read."""

from dataclasses import dataclass
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.history import kernels
from core.history.kernels import Bools, Bytes, Int64s, UInt64s
from core.history.manifest import Encoding

_LOOK_AT_VALUES = 50_000
_FEW_VALUES = 1_000
_NOTHING = np.zeros(1, dtype=np.uint8)


@dataclass(frozen=True)
class TextBuffers:
    """n texts: text i is `data[offsets[i]:offsets[i + 1]]`, UTF-8; missing where not valid."""

    offsets: Int64s
    data: Bytes
    is_valid: Bools


def joined(*columns: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Make one Arrow array of texts that may exceed 2 GB together; dictionaries are resolved."""
    chunks: list[pa.Array] = []
    for column in columns:
        pieces = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
        chunks += [_plain(piece).cast(pa.large_string()) for piece in pieces]
    return pa.chunked_array(chunks, type=pa.large_string()).combine_chunks()


def _plain(texts: pa.Array) -> pa.Array:
    return texts.dictionary_decode() if isinstance(texts, pa.DictionaryArray) else texts


def buffers_of(texts: pa.Array) -> TextBuffers:
    """Look into an Arrow array of large strings without copying it."""
    _, offsets, data = texts.buffers()
    starts = np.frombuffer(offsets, dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
    has_bytes = data is not None and data.size > 0
    is_valid = (
        texts.is_valid().to_numpy(zero_copy_only=False)
        if texts.null_count
        else np.ones(len(texts), dtype=np.bool_)
    )
    return TextBuffers(
        starts if len(starts) else np.zeros(1, dtype=np.int64),
        np.frombuffer(data, dtype=np.uint8) if has_bytes else _NOTHING,
        is_valid,
    )


def hashes_of(texts: pa.Array, seed: str = "", encoding: Encoding = Encoding.JSON) -> UInt64s:
    """Hash texts for ever: the same on every machine and in every version; a missing one is 0.

    A text that is no JSON hashes like the JSON string of it, so that it does not matter how a
    column came to be stored.
    """
    found = buffers_of(texts)
    number = np.uint64(crc32(seed.encode()) * 0x9E3779B97F4A7C15 % 2**64)
    quoted = encoding is Encoding.TEXT
    return kernels.hash_texts(found.offsets, found.data, found.is_valid, number, quoted)


def from_buffers(offsets: Int64s, data: Bytes) -> pa.Array:
    """Make an Arrow array of texts from offsets and bytes."""
    return pa.LargeStringArray.from_buffers(
        len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(data)
    )


def unique_sorted(texts: pa.ChunkedArray) -> pa.Array:
    """Give the distinct texts in byte order (UTF-8)."""
    distinct = pc.unique(texts)
    return distinct.take(pc.sort_indices(distinct))


def is_distinctive(texts: pa.Array) -> bool:
    """Say whether more than half of the first values are different, so that no dictionary pays."""
    seen = texts.slice(0, _LOOK_AT_VALUES).drop_null()
    return len(seen) > _FEW_VALUES and len(seen.unique()) > len(seen) / 2
