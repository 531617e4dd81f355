"""Tables of weights that come from planners: uploaded or pasted, read with every slip named, and given back."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from povsim.errors import InputError, Problem
from povsim.wording import Wording

if TYPE_CHECKING:
    from povsim.scoring.schemes import WeightScheme
    from povsim.terms import Language

LARGEST = 5_000_000
"""Bytes of a file, and of a pasted text."""
KINDS = (".csv", ".xlsx")
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHOWN = 12
"""Problems shown; the others are counted."""
_MEANT = re.compile(r"did you mean '(.*)'\?")
_NUMBER = re.compile(r"\s*[+-]?[0-9０-９.．]+(?:[eE][+-]?[0-9]+)?\s*[%％]?\s*")


def read_upload(scheme: WeightScheme, name: str, data: bytes, *, rescale: bool = False) -> WeightScheme:
    """Read points and locks from a file that a planner sent.

    Parameters
    ----------
    scheme : WeightScheme
        Of the card that the table is for.
    name : str
        Name of the file where it comes from; only its ending and its stem are used.
    data : bytes
        What it holds.
    rescale : bool
        Scale points that do not sum to the card's total, instead of refusing them.

    Returns
    -------
    WeightScheme
        Named after the file.

    Raises
    ------
    InputError
        Another kind of file, one that is too large, or everything wrong in it; formulas are not read.
    """
    plain = PurePosixPath(name.replace("\\", "/")).name
    suffix = PurePosixPath(plain).suffix.lower()
    problems = []
    if suffix not in KINDS:
        problems.append(Problem("file", "unknown kind of file", suffix or "none", ", ".join(KINDS)))
    if len(data) > LARGEST:
        found, allowed = f"{len(data) / 1e6:.1f} MB", f"at most {LARGEST / 1e6:g} MB"
        problems.append(Problem("file", "is too large", found, allowed))
    if problems:
        raise InputError(plain[:80], problems)
    label = PurePosixPath(plain).stem.strip()[:60]
    code = label if label and label.isprintable() else "upload"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"weights{suffix}")
        path.write_bytes(data)
        read = scheme.from_csv if suffix == ".csv" else scheme.from_excel
        try:
            return read(path, code=code, rescale=rescale)
        except InputError as error:
            raise InputError(plain[:80], error.problems) from None


def read_paste(scheme: WeightScheme, text: str, *, rescale: bool = False) -> WeightScheme:
    r"""Read points from cells that were copied out of a spreadsheet.

    Parameters
    ----------
    scheme : WeightScheme
        Of the card that the points are for.
    text : str
        A table with its heading; or indicator (code or name) and points, line by line; or points alone, one for each
        indicator in the card's order.
    rescale : bool
        As in :func:`read_upload`.

    Raises
    ------
    InputError
        As :func:`read_upload`; points alone that are fewer or more than there are indicators.

    Examples
    --------
    >>> import povsim
    >>> own = povsim.weight_scheme(povsim.read_scorecard("yueyang-villages-2015"))
    >>> read_paste(own, "100\n").points == own.points
    True
    """
    lines = [[cell.strip() for cell in row] for row in _cells(text) if any(cell.strip() for cell in row)]
    if not lines:
        raise InputError("paste", [Problem("text", "is empty")])
    table = _as_table(scheme, lines)
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(table)
    try:
        return read_upload(scheme, "paste.csv", stream.getvalue().encode(), rescale=rescale)
    except InputError as error:
        raise InputError("paste", error.problems) from None


def _cells(text: str) -> Iterator[list[str]]:
    mark = "\t" if "\t" in text or "," not in text else ","
    return csv.reader(io.StringIO(text, newline=""), delimiter=mark)


def _as_table(scheme: WeightScheme, lines: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    """Return pasted cells with a heading that the reader of tables knows."""
    width = max(len(line) for line in lines)
    if width == 1 and all(_NUMBER.fullmatch(line[0]) for line in lines):
        return _by_order(scheme, [line[0] for line in lines])
    numbers = sum(bool(_NUMBER.fullmatch(line[-1])) for line in lines[:1])
    if width == 2 and numbers:  # name and points, no heading
        names = _names(scheme)
        return [("code", "points"), *((names.get(line[0], line[0]), *line[1:]) for line in lines)]
    return [list(line) for line in lines]


def _by_order(scheme: WeightScheme, values: Sequence[str]) -> list[Sequence[str]]:
    weighed = [line.code for line in scheme.lines if not line.additive]
    codes = weighed if len(values) == len(weighed) else list(scheme.codes)
    if len(values) != len(codes):
        problem = Problem("rows", "are not as many as indicators", str(len(values)), str(len(weighed)))
        raise InputError("paste", [problem])
    rest = [(code, "0") for code in scheme.codes if code not in codes]
    return [("code", "points"), *zip(codes, values, strict=True), *rest]


def _names(scheme: WeightScheme) -> dict[str, str]:
    """Return codes by either name, where only one item has it."""
    found: dict[str, str] = {}
    for line in scheme.lines:
        for name in {line.name_zh, line.name_en}:
            found[name] = "" if name in found else line.code
    return {name: code for name, code in found.items() if code}


def workbook(scheme: WeightScheme, lang: Language, *, name: str = "") -> bytes:
    """Return the table of weights as an Excel file that can be changed and uploaded again."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "weights.xlsx")
        (replace(scheme, name_zh=name, name_en=name) if name else scheme).to_excel(path, lang=lang)
        return path.read_bytes()


def only_the_sum(error: InputError) -> bool:
    """Tell whether nothing is wrong but the sum, so that rescaling would mend it."""
    return all(problem.what == "points do not sum to the total" for problem in error.problems)


# ---- what is wrong, in the reader's language ----


def told(error: InputError, say: Wording) -> str:
    """Return everything wrong as lines of text.

    Parameters
    ----------
    error : InputError
        From any of the functions that change or read points.
    say : Wording
        Texts of the room ``page_weights``.
    """
    lines = [_line(problem, say) for problem in error.problems[:SHOWN]]
    more = len(error.problems) - len(lines)
    return "\n".join([*lines, *([say("note.more", count=more)] if more else [])])


def _line(problem: Problem, say: Wording) -> str:
    if say.lang == "en":
        return problem.line()
    parts = [say("told.line", where=_phrase(problem.where, say), what=_phrase(problem.what, say))]
    parts += [say("told.found", found=problem.found)] if problem.found else []
    parts += [say("told.allowed", allowed=_phrase(problem.allowed, say))] if problem.allowed else []
    parts += [_phrase(problem.mend, say)] if problem.mend else []
    if problem.rows:
        parts.append(say("told.rows", rows="、".join(str(row) for row in problem.rows[:SHOWN])))
    return "；".join(parts)


def _phrase(text: str, say: Wording) -> str:
    """Return a phrase of the readers in the reader's language; one that is not known stays as it is."""
    found = say.find(f"slip.{text}")
    if found is not None:
        return found
    meant = _MEANT.fullmatch(text)
    if meant:
        return say("told.meant", name=meant[1])
    for key in ("adds or takes off points", "unlock it first", "for", "the fixed mix", "no heading", "at most"):
        if key in text and (general := say.find(f"slip.~{key}")) is not None:
            return general.replace("{text}", text.split(" ", maxsplit=1)[0])
    return text
