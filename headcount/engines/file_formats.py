"""The kinds of files, and the DuckDB SQL that scans each."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from headcount.engines.wanted import literal, refuse_duplicates
from headcount.errors import SourceError
from headcount.model import Kind

DELIMITERS = ",;\t|"
LONGEST_HEADER = 1_000_000  # characters


@dataclass(frozen=True, kw_only=True)
class Format:
    """``scan`` makes a SELECT of files, ``words`` the expression for a column of declared type."""

    scan: Callable[[Sequence[Path]], str]
    typed: bool  # do the files themselves have types?
    kind: Kind  # of a column without a declared type
    words: Callable[[str, Kind], str]


def format_of(path: Path) -> Format | None:
    """By the ending of the name, without .gz; None for any other file."""
    name = path.name.lower()
    ending = name.removesuffix(".gz").rpartition(".")[2]
    return None if ending == "parquet" and name.endswith(".gz") else FORMATS.get(ending)


def _names(paths: Sequence[Path]) -> str:
    """A DuckDB list of file names, in which no character is a pattern."""
    for path in paths:
        if set("*?[") & set(str(path)):
            raise SourceError(f"{path} has a *, ? or [ in its name.", hint="Rename the file or its folder.")
    return f"[{', '.join(literal(str(path)) for path in paths)}]"


def _parquet(paths: Sequence[Path]) -> str:
    return f"SELECT * FROM read_parquet({_names(paths)}, union_by_name = true, hive_partitioning = false)"


def _json(paths: Sequence[Path]) -> str:
    """Every key at the top is a column. All rows of all files are looked at for keys, so none is missed; without
    the threshold two hundred of them would count as one map.
    """
    return (
        f"SELECT * FROM read_json({_names(paths)}, maximum_depth = 1, records = true, union_by_name = true, "
        "sample_size = -1, maximum_sample_files = 9223372036854775807, map_inference_threshold = -1, "
        "hive_partitioning = false)"
    )


def _csv(paths: Sequence[Path]) -> str:
    """Files with the same header are one scan; others are put together by the names of their columns."""
    groups: dict[tuple[str, tuple[str, ...]], list[Path]] = {}
    for path in paths:
        groups.setdefault(_header(path), []).append(path)
    scans = [_csv_scan(members, *header) for header, members in groups.items()]
    return "\nUNION ALL BY NAME\n".join(scans)


def _csv_scan(paths: Sequence[Path], delimiter: str, columns: Sequence[str]) -> str:
    """No guessing: a guess skips what it does not understand."""
    types = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in columns)
    return (
        f"SELECT * FROM read_csv({_names(paths)}, columns = {{{types}}}, auto_detect = false, header = true, "
        f"delim = {literal(delimiter)}, quote = '\"', escape = '\"', allow_quoted_nulls = false, "
        "hive_partitioning = false)"
    )


def _header(path: Path) -> tuple[str, tuple[str, ...]]:
    """The delimiter and the names in the first line of a CSV file."""
    try:
        with _text(path) as file:
            first = file.readline(LONGEST_HEADER)
            file.seek(0)
            names = next(csv.reader(file, delimiter=(delimiter := _delimiter(path, first)), strict=True), [])
    except (csv.Error, OSError, EOFError, UnicodeError) as error:
        raise SourceError(f"{path}, line 1 cannot be read: {type(error).__name__}.") from None
    if not first.strip() or not all(names):
        raise SourceError(
            f"{path}, line 1: a column has no name.", hint="Name every column in the first line."
        )
    refuse_duplicates(names)
    return delimiter, tuple(names)


def _text(path: Path) -> io.TextIOWrapper:
    """Bytes that are no UTF-8 become surrogates, so that the reader of rows can say which line has them."""
    opener = gzip.open if path.name.lower().endswith(".gz") else open
    return io.TextIOWrapper(
        cast(BinaryIO, opener(path, "rb")), encoding="utf-8-sig", errors="surrogateescape", newline=""
    )


def _delimiter(path: Path, header: str) -> str:
    if path.name.lower().removesuffix(".gz").endswith(".tsv"):
        return "\t"
    return max(DELIMITERS, key=header.count)  # the first of equals: a comma


def _text_words(column: str, wanted: Kind) -> str:
    return f"encode({column})" if wanted is Kind.BINARY else column


def _json_words(column: str, wanted: Kind) -> str:
    if wanted is Kind.JSON:
        return f"CAST({column} AS VARCHAR)"
    text = f"({column} ->> '$')"
    return f"encode({text})" if wanted is Kind.BINARY else text


CSV = Format(scan=_csv, typed=False, kind=Kind.TEXT, words=_text_words)
JSON = Format(scan=_json, typed=False, kind=Kind.VARIANT, words=_json_words)
PARQUET = Format(scan=_parquet, typed=True, kind=Kind.TEXT, words=_text_words)
FORMATS = {"csv": CSV, "tsv": CSV, "json": JSON, "ndjson": JSON, "jsonl": JSON, "parquet": PARQUET}
