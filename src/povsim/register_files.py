"""Reading the cells of a register file (CSV, Excel, Parquet) without ever keeping a personal column."""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import unicodedata
import warnings
import zipfile
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import openpyxl
import openpyxl.utils.exceptions
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from povsim.errors import InputError, Problem
from povsim.mapping import plain_word

HEADING_ROWS = 10
"""The heading is looked for in this many rows: exports often carry a title above it."""

BLANKS = frozenset({"", "-", "--", "—", "/", "na", "n/a", "#n/a", "null", "nan", "<na>"})
"""Words (lower case) that stand for a missing value; anything else is data."""

ENCODINGS = ("utf-8", "gb18030")
READ_ERRORS = (
    *(OSError, EOFError, KeyError, zlib.error, csv.Error, zipfile.BadZipFile),
    *(pa.ArrowException, openpyxl.utils.exceptions.InvalidFileException, SyntaxError),
)
"""What damaged files make the readers raise."""

Wanted = Callable[[str], bool]


@dataclass(frozen=True)
class Limits:
    """How much one input may hold."""

    megabytes: int = 2_000
    rows: int = 30_000_000
    columns: int = 500


LIMITS = Limits()


@dataclass(frozen=True)
class Cells:
    """One column as codes into its distinct words; code -1 is a blank cell."""

    codes: NDArray[np.int32]
    words: NDArray[np.object_]

    def take(self, rows: NDArray[np.bool_]) -> Cells:
        """Return the cells of some rows."""
        return Cells(self.codes[rows], self.words)


@dataclass(frozen=True)
class Sheet:
    """What was read: all headings, row numbers as a spreadsheet shows them, the wanted columns by position."""

    headings: tuple[str, ...]
    rows: NDArray[np.int64]
    cells: dict[int, Cells]
    problems: tuple[Problem, ...] = ()


def read_sheet(path: Path, *, wanted: Wanted) -> Sheet:
    r"""Read the wanted columns of a file.

    Parameters
    ----------
    path : Path
        ``.csv``, ``.txt`` or ``.tsv`` (also with ``.gz``), ``.xlsx``, ``.parquet``.
    wanted : callable
        Says of a heading whether its column is read; the others never leave the file.

    Returns
    -------
    Sheet
        Cells as text, blanks marked, rows that are blank throughout left out.

    Raises
    ------
    InputError
        When the file cannot be read or is beyond `LIMITS`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "a.csv")
    ...     _ = file.write_text("户编号,姓名\n7,张三\n", encoding="utf-8")
    ...     sheet = read_sheet(file, wanted=["户编号"].__contains__)
    >>> sheet.headings, list(sheet.cells), sheet.rows.tolist()
    (('户编号', '姓名'), [0], [2])
    """
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    kind = suffixes[-1] if suffixes else ""
    texts = dict.fromkeys((".csv", ".txt", ".tsv"), _read_text)
    readers = {**texts, ".xlsx": _read_excel, ".parquet": _read_parquet}
    if not path.is_file():
        raise InputError(path.name, [Problem("file", "does not exist")])
    _check_size(path, path.stat().st_size)
    if kind not in readers:
        mend = "save it as .xlsx" if kind == ".xls" else ""
        raise InputError(path.name, [Problem("file", "unknown kind of file", kind, ", ".join(readers), mend)])
    try:
        sheet = readers[kind](path, wanted)
    except READ_ERRORS as error:
        raise InputError(path.name, [Problem("file", f"cannot be read as {kind}", found=_brief(error))]) from None
    return _without_blank_rows(sheet)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def clean_word(text: str) -> str:
    """Return a cell with full-width letters, digits and brackets made half-width, blanks around it dropped.

    Examples
    --------
    >>> clean_word("　１２（元）")
    '12(元)'
    """
    word = plain_word(text)
    return word if word.isascii() else unicodedata.normalize("NFKC", word).strip()


def _brief(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _check_size(path: Path, size: int) -> None:
    if size > LIMITS.megabytes * 1_000_000:
        found, allowed = f"{size / 1e6:.0f} MB unpacked", f"at most {LIMITS.megabytes} MB"
        raise InputError(path.name, [Problem("file", "too large", found, allowed, "split it by township")])


def _check_shape(path: Path, rows: int, columns: int) -> None:
    problems = []
    if rows > LIMITS.rows:
        problems.append(Problem("file", "too many rows", str(rows), f"at most {LIMITS.rows}", "split it by county"))
    if columns > LIMITS.columns:
        problems.append(Problem("file", "too many columns", str(columns), f"at most {LIMITS.columns}"))
    if problems:
        raise InputError(path.name, problems)


def _heading_at(rows: Sequence[Sequence[object]], wanted: Wanted) -> int:
    """Return which of the first rows is the heading: the one with the most wanted cells, the first of equals."""
    scores = [sum(wanted(_cell_text(cell)) for cell in row) for row in rows]
    return int(np.argmax(scores)) if scores else 0


def _encode(words: Iterable[str | None], codes: NDArray[np.int32]) -> Cells:
    """Clean the distinct words of a column, merge those that are now the same and mark blanks."""
    cleaned = [clean_word(word) if word is not None else "" for word in words]
    index: dict[str, int] = {}
    table = [-1 if word.lower() in BLANKS else index.setdefault(word, len(index)) for word in cleaned]
    recoded = np.array([*table, -1], dtype=np.int32)[codes]
    return Cells(recoded, np.array(list(index), dtype=object))


def _from_arrow(column: Any) -> Cells:
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, column)
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    chunk = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(chunk, pa.ChunkedArray):
        chunk = chunk.unify_dictionaries().combine_chunks()
    codes = chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
    return _encode(chunk.dictionary.cast(pa.string()).to_pylist(), codes)


def _without_blank_rows(sheet: Sheet) -> Sheet:
    filled = np.zeros(sheet.rows.size, dtype=bool)
    for cells in sheet.cells.values():
        filled |= cells.codes >= 0
    if filled.all():
        return sheet
    cells_left = {position: cells.take(filled) for position, cells in sheet.cells.items()}
    return Sheet(sheet.headings, sheet.rows[filled], cells_left, sheet.problems)


def _open(path: Path) -> Any:
    return gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb")


def _encoding_of(path: Path) -> str:
    """Return the encoding that decodes the whole file; sizes are checked on the way, since packed files unfold here."""
    decoders = {name: codecs.getincrementaldecoder(name)() for name in ENCODINGS}
    size = 0
    with _open(path) as file:
        while block := file.read(1 << 22):
            size += len(block)
            _check_size(path, size)
            for name in list(decoders):
                if not _decodes(decoders[name], block, final=False):
                    del decoders[name]
            if not decoders:
                break
    alive = [name for name, decoder in decoders.items() if _decodes(decoder, b"", final=True)]
    if not alive:
        allowed, mend = ", ".join(ENCODINGS), "save it as CSV UTF-8 or as .xlsx"
        raise InputError(path.name, [Problem("file", "is in no known encoding", allowed=allowed, mend=mend)])
    return alive[0]


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True


def _read_text(path: Path, wanted: Wanted) -> Sheet:
    encoding = _encoding_of(path)
    with _open(path) as raw, io.TextIOWrapper(raw, encoding.replace("utf-8", "utf-8-sig"), newline="") as text:
        start = text.readline()
        separator = max(",\t;", key=start.count)
        reader = csv.reader(_again(start, text), delimiter=separator)
        head, lines = [], []
        for row in reader:
            head.append(row)
            lines.append(reader.line_num)
            if len(head) == HEADING_ROWS:
                break
    if not any(head):
        raise InputError(path.name, [Problem("file", "is empty")])
    at = _heading_at(head, wanted)
    headings = tuple(head[at])
    _check_shape(path, 0, len(headings))
    keep = [position for position, heading in enumerate(headings) if wanted(heading)]
    table, ragged = _arrow_csv(path, (encoding, separator), (lines[at], at + 1), headings, keep)
    _check_shape(path, table.num_rows, len(headings))
    numbers = np.arange(table.num_rows + len(ragged), dtype=np.int64) + at + 2
    numbers = np.delete(numbers, [row - at - 2 for row, _ in ragged])
    cells = {position: _from_arrow(table.column(str(position))) for position in keep}
    return Sheet(headings, numbers, cells, _ragged_problem(ragged, len(headings)))


def _again(start: str, rest: Iterable[str]) -> Iterator[str]:
    yield start
    yield from rest


def _arrow_csv(
    path: Path,
    form: tuple[str, str],
    skipped: tuple[int, int],
    headings: tuple[str, ...],
    keep: list[int],
) -> tuple[Any, list[tuple[int, int]]]:
    """Read the kept columns below the heading; rows of another length are set aside with their row numbers.

    One thread: only then does the reader know the number of a row that it refuses.
    """
    ragged: list[tuple[int, int]] = []
    encoding, separator = form
    lines, rows = skipped

    def aside(row: Any) -> str:
        ragged.append((row.number - lines + rows, row.actual_columns))
        return "skip"

    names = [str(position) for position in range(len(headings))]
    words = pa.dictionary(pa.int32(), pa.string())
    with _open(path) as file:
        if not keep or not _more_lines(file, lines):
            return pa.table({str(position): pa.array([], pa.string()) for position in keep}), []
        file.seek(0)
        table = pa.csv.read_csv(
            file,
            read_options=pa.csv.ReadOptions(use_threads=False, encoding=encoding, column_names=names, skip_rows=lines),
            parse_options=pa.csv.ParseOptions(
                delimiter=separator, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=aside
            ),
            convert_options=pa.csv.ConvertOptions(
                include_columns=[str(position) for position in keep], column_types=dict.fromkeys(names, words)
            ),
        )
    return table, ragged


def _more_lines(file: IO[bytes], lines: int) -> bool:
    """Whether anything follows the first lines: the CSV reader refuses an empty rest."""
    for _ in range(lines):
        file.readline()
    return bool(file.read(1))


def _ragged_problem(ragged: list[tuple[int, int]], columns: int) -> tuple[Problem, ...]:
    if not ragged:
        return ()
    found = ", ".join(sorted({str(count) for _, count in ragged}))
    mend = "a comma inside a cell needs quotes around the cell"
    rows = tuple(row for row, _ in ragged)
    return (Problem("file", "rows with another number of cells than the heading", found, str(columns), mend, rows),)


def _cell_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def _read_excel(path: Path, wanted: Wanted) -> Sheet:
    with zipfile.ZipFile(path) as archive:
        _check_size(path, sum(item.file_size for item in archive.infolist()))
    with warnings.catch_warnings():
        # openpyxl warns of styles and extensions, none of which touch a value.
        warnings.simplefilter("ignore")
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            tops = [list(page.iter_rows(max_row=HEADING_ROWS, values_only=True)) for page in book.worksheets]
            scores = [max((sum(wanted(_cell_text(c)) for c in row) for row in top), default=0) for top in tops]
            if not any(tops):
                raise InputError(path.name, [Problem("file", "is empty")])
            best = int(np.argmax(scores))
            at = _heading_at(tops[best], wanted)
            headings = _trimmed(tops[best][at])
            _check_shape(path, 0, len(headings))
            keep = [position for position, heading in enumerate(headings) if wanted(heading)]
            rows = book.worksheets[best].iter_rows(min_row=at + 2, values_only=True)
            count, cells = _collect(path, rows, keep)
        finally:
            book.close()
    return Sheet(headings, np.arange(count, dtype=np.int64) + at + 2, cells)


def _trimmed(row: Sequence[object]) -> tuple[str, ...]:
    texts = [_cell_text(value) for value in row]
    while texts and not texts[-1]:
        texts.pop()
    return tuple(texts)


def _collect(path: Path, rows: Iterable[Sequence[object]], keep: list[int]) -> tuple[int, dict[int, Cells]]:
    """Encode the kept columns row by row, so that a large sheet never stands in memory as objects."""
    words: dict[int, dict[str, int]] = {position: {} for position in keep}
    codes = {position: array("i") for position in keep}
    count = 0
    for count, row in enumerate(rows, start=1):
        if count > LIMITS.rows:
            _check_shape(path, count, 0)
        for position in keep:
            text = _cell_text(row[position]) if position < len(row) else ""
            known = words[position]
            codes[position].append(known.setdefault(text, len(known)))
    cells = {p: _encode(words[p], np.frombuffer(codes[p], dtype=np.int32)) if count else _empty() for p in keep}
    return count, cells


def _empty() -> Cells:
    return Cells(np.zeros(0, dtype=np.int32), np.zeros(0, dtype=object))


def _read_parquet(path: Path, wanted: Wanted) -> Sheet:
    with pq.ParquetFile(path) as file:
        headings = tuple(file.schema_arrow.names)
        _check_shape(path, file.metadata.num_rows, len(headings))
        keep = [position for position, heading in enumerate(headings) if wanted(heading)]
        table = file.read(columns=[headings[position] for position in keep])
    cells = {position: _from_arrow(table.column(index)) for index, position in enumerate(keep)}
    return Sheet(headings, np.arange(table.num_rows, dtype=np.int64) + 2, cells)
