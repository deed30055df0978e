"""What a table's texts come to once they are unpacked: a text of a dictionary is written once, and meant by every row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from artificer.line.ship.server.doors import RefusedError, wrong
from artificer.line.ship.server.limits import MB
from artificer.line.ship.server.memory import afford

MOST_TEXT = 64 * MB  # of the rows that are predicted together
MOST_GROUP = 1_024 * MB  # of a group of a Parquet file's rows, as it says itself
TAKEN = 4  # times its texts that a table takes while it is predicted


def batches_of(file: Any, n_rows: int) -> Iterator[Any]:
    """Batches of a Parquet file, whose texts stay packed: see `see_texts`.

    Raises
    ------
    RefusedError
        When a group of its rows is too large.
    MemoryError
        When there is no room for one.
    """
    groups = range(file.metadata.num_row_groups)
    largest = max((file.metadata.row_group(one).total_byte_size for one in groups), default=0)  # unpacked
    if largest > MOST_GROUP:
        raise RefusedError(413, [wrong(f"a group of rows unpacks to {largest // MB:,} MiB", "send it in parts")])
    afford(largest)
    yield from file.iter_batches(batch_size=n_rows)


def texts_of(schema: Any) -> list[str]:
    """Names of the columns of texts."""
    import pyarrow as pa

    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
    return [one.name for one in schema if any(is_one(one.type) for is_one in kinds)]


def see_texts(part: Any, n_before: int) -> None:
    """See that the texts of some rows are no more than is unpacked.

    Raises
    ------
    RefusedError
        When they are.
    MemoryError
        When there is no room for them.
    """
    sizes = {name: _size(part[name]) for name in part.column_names}
    whole = sum(sizes.values())
    if whole > MOST_TEXT:
        says = f"the texts of {part.num_rows:,} rows come to {whole // MB:,} MiB, more than {MOST_TEXT // MB}"
        longest = max(sizes, key=lambda name: sizes[name])
        raise RefusedError(413, [wrong(says, "send shorter texts", longest, n_before)])
    afford(TAKEN * whole)


def _size(column: Any) -> int:
    """Bytes of a column of texts once each row has its own; 0 of any other."""
    import pyarrow as pa
    import pyarrow.compute as pc

    size = 0
    for chunk in column.chunks:
        packed = pa.types.is_dictionary(chunk.type)
        texts = chunk.dictionary if packed else chunk
        if texts_of(pa.schema([("", texts.type)])):
            lengths = pc.binary_length(texts)
            size += pc.sum((lengths.take(chunk.indices) if packed else lengths).cast(pa.int64())).as_py() or 0
    return size
