"""The work behind ``povsim report``: a finished run as annex workbook, slides, or a page that needs no network."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from povsim import figures
from povsim.cli_progress import Reporter
from povsim.errors import InputError, Problem, nearest
from povsim.folder import Run, open_run
from povsim.interrupts import raise_if_stopped
from povsim.report import KINDS, Kind, Languages, pack
from povsim.report.wanted import Plain
from povsim.staging import replaced
from povsim.wording import Wording

if TYPE_CHECKING:
    from povsim.scoring.schema import Scorecard
    from povsim.views.digests import RunDigest


@dataclass(frozen=True)
class Order:
    """What was asked for on the command line.

    Attributes
    ----------
    run : Path
        Folder of the run.
    format : str, optional
        ``xlsx``, ``pptx`` or ``html``; as the file ends, else a workbook.
    lang : {"zh", "en", "both"}
        Language of the report.
    scorecard : str, optional
        Name or file.
    year : int, optional
        The last if not given.
    out : Path, optional
        The file; named after the run, in the folder one stands in, if not given.
    beside : tuple of Path
        Runs to compare with.
    """

    run: Path
    format: str | None = None
    lang: str = "en"
    scorecard: str | None = None
    year: int | None = None
    out: Path | None = None
    beside: tuple[Path, ...] = ()

    @property
    def kind(self) -> str:
        """The format asked for, else the one that the file ends in."""
        if self.format is not None:
            return self.format.lower()
        return self.out.suffix.lstrip(".").lower() if self.out is not None and self.out.suffix else "xlsx"

    @property
    def file(self) -> Path:
        """The file to write."""
        return self.out or Path(f"{self.run.resolve().name}-report.{self.kind}")


def perform(order: Order, say: Wording) -> Path:
    """Write the report of a run and return the file.

    Parameters
    ----------
    order : Order
        Run, form, language, scorecard, file.
    say : Wording
        Texts of the rooms ``commands`` and ``report``.

    Raises
    ------
    InputError
        Everything wrong with the order, before anything is made.
    """
    code, kind = check(order)
    with Reporter(say) as report, _digests(order, report, say) as digests:
        report.announce(say("report.making", kind=say(f"kind.{kind}")))
        wanted = Plain(order.year, code)
        lang: Languages = next(one for one in get_args(Languages) if one == order.lang)
        data = pack(digests[0], wanted, kind, lang, digests[1:])
        raise_if_stopped()
        order.file.parent.mkdir(parents=True, exist_ok=True)
        with replaced(order.file) as part:
            part.write_bytes(data)
    print(say("report.written", file=order.file, size=figures.size(len(data))))
    return order.file


def check(order: Order) -> tuple[str | None, Kind]:
    """Make sure that a report can be made; return the code of its scorecard and its form.

    Raises
    ------
    InputError
        No run, an unknown form, a scorecard or a year that the run does not have, a file that cannot be written:
        all at once.
    """
    problems = [*_form_problems(order), *_file_problems(order.file)]
    card = _card(order, problems)
    for place, folder in enumerate((order.run, *order.beside)):
        try:
            with open_run(folder) as run:
                problems += _misfits(order, card, run) if place == 0 else []
        except InputError as error:
            problems += [Problem(str(folder), one.what, one.found, one.allowed, one.mend) for one in error.problems]
    if problems:
        raise InputError("report", problems)
    return None if card is None else card.code, next(kind for kind in KINDS if kind == order.kind)


def _form_problems(order: Order) -> Iterator[Problem]:
    if order.kind not in KINDS:
        mend = nearest(order.kind, KINDS) or "name one of them by --format"
        yield Problem("--format", "is not a form of report", order.kind, ", ".join(KINDS), mend)
    elif order.out is not None and order.out.suffix.lower() != f".{order.kind}":
        mend = f"call it {order.out.stem}.{order.kind}"
        yield Problem("--out", "does not end as the form asks for", order.out.name, f".{order.kind}", mend)


def _file_problems(file: Path) -> Iterator[Problem]:
    if file.is_dir():
        yield Problem("--out", "is a folder", str(file), mend="name a file in it")
        return
    parent = next(place for place in file.resolve().parents if place.exists())
    if not parent.is_dir():
        yield Problem("--out", "cannot be written", f"{parent.name} is a file", mend="name another folder")
        return
    try:
        with tempfile.TemporaryFile(dir=parent):
            return
    except OSError:
        yield Problem(
            "--out", "cannot be written: no permission for the folder", str(parent), mend="name another folder"
        )


def _card(order: Order, problems: list[Problem]) -> Scorecard | None:
    """Return the scorecard asked for; note what is wrong with it."""
    from povsim.scoring.scorecard import read_scorecard

    try:
        return None if order.scorecard is None else read_scorecard(order.scorecard)
    except InputError as error:
        problems += [Problem("--scorecard", one.what, one.found, one.allowed, one.mend) for one in error.problems]
        return None


def _misfits(order: Order, card: Scorecard | None, run: Run) -> Iterator[Problem]:
    """Yield what is asked for and the run does not have."""
    from povsim.scoring.values import indicator_values

    years = [int(year) for year in run.outcomes["year"].to_numpy()]
    if order.year is not None and order.year not in years:
        yield Problem("--year", "is not in the run", str(order.year), f"{years[0]}-{years[-1]}")
    try:
        if card is not None:
            indicator_values(run.outcomes, card)
    except InputError as error:
        for one in error.problems:
            yield Problem("--scorecard", f"does not go with the run: {one.line()}", str(order.scorecard))


# ---- the runs, ready to be read ----


@contextmanager
def _digests(order: Order, report: Reporter, say: Wording) -> Iterator[list[RunDigest]]:
    """Give the digests of the runs: those that dashboards keep; without dashboards they are made for this once."""
    folders, cards = (order.run, *order.beside), [] if order.scorecard is None else [order.scorecard]
    kept = _kept()
    if kept is not None:
        yield _prepared(folders, kept, cards, (report, say))
        return
    with tempfile.TemporaryDirectory(prefix="povsim-report-") as place:
        yield _prepared(folders, Path(place), cards, (report, say))


def _kept() -> Path | None:
    try:
        from povsim.dashboard.preparing import cache_folder

        return cache_folder() / "digests"
    except ImportError:
        return None


def _prepared(
    folders: Sequence[Path], cache: Path, cards: Sequence[str], told: tuple[Reporter, Wording]
) -> list[RunDigest]:
    from povsim.views.digests import prepare

    report, say = told
    found = []
    for folder in folders:
        report.announce(say("report.reading", name=folder.resolve().name))
        found.append(prepare(folder, cache, report, scorecards=cards))
    return found
