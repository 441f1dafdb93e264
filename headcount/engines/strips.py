"""Wide Parquet files, cut lengthwise: some columns at a time, so that a read need not hold a page of every column.

A page is unpacked as a whole, and may hold all rows of a row group: 122,880 of them, of 300 columns, are too many for
any reasonable memory. So such files are copied first, one strip of columns after the other, into scratch files with
small pages, which are then read side by side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from headcount.engines.wanted import literal, quoted
from headcount.errors import SourceError

PAGES = 48_000_000  # bytes that the pages of one strip may take
FEW = 2 * PAGES  # no more than this is read as it stands
ROWS = 4_096  # on a page of a strip


def page_sizes(paths: Sequence[Path]) -> str:
    """SQL for the name of each column and the bytes that its pages take at most, packed and unpacked."""
    files = ", ".join(literal(str(path)) for path in paths)
    chunks = (
        "SELECT split_part(path_in_schema, ', ', 1) AS name, file_name, row_group_id, "
        f"sum(total_compressed_size + total_uncompressed_size) AS bytes FROM parquet_metadata([{files}]) GROUP BY ALL"
    )
    return f"SELECT name, max(bytes)::BIGINT FROM ({chunks}) GROUP BY name"


def strips(columns: Sequence[str], sizes: Mapping[str, int]) -> list[list[str]]:
    """The columns in their order, cut where the pages of a strip would take too much. None where all are few."""
    largest = max(sizes.values(), default=0)  # a name with a comma is not found
    taken = {name: sizes.get(name, largest) for name in columns}
    if sum(taken.values()) <= FEW:
        return []
    found: list[list[str]] = [[]]
    room = PAGES
    for name, size in taken.items():
        if size > room and found[-1]:
            found.append([])
            room = PAGES
        found[-1].append(name)
        room -= size
    return found


def copy(columns: Sequence[str], source: str, file: Path) -> str:
    """SQL that writes a strip and returns how many rows it has."""
    names = ", ".join(quoted(name, '"') for name in columns)
    options = f"FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE {ROWS}"
    return f"COPY (SELECT {names} FROM {source}) TO {literal(str(file))} ({options})"


def side_by_side(files: Sequence[Path]) -> str:
    """SQL for the strips as one relation again."""
    return " POSITIONAL JOIN ".join(f"read_parquet({literal(str(file))})" for file in files)


def same_files(paths: Sequence[Path], before: Sequence[tuple[int, ...]]) -> None:
    """Raises ``SourceError`` if a file is not the one it was: its strips would not fit together."""
    if marks(paths) != before:
        raise SourceError(
            "A Parquet file was written while it was read.",
            hint="Run again when it is finished; best write a new file and rename it.",
        )


def marks(paths: Sequence[Path]) -> list[tuple[int, ...]]:
    """What tells each file from what it may be replaced by."""
    found = [path.stat() for path in paths]
    return [(one.st_ino, one.st_size, one.st_mtime_ns) for one in found]
