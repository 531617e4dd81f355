"""Weight schemes: the points of a scorecard's indicators, changed, locked, rescaled, compared, kept in files."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd

from povsim.errors import InputError, Problem, nearest
from povsim.scoring.schema import Scorecard
from povsim.scoring.scheme_lines import Mixes, SchemeLine, lines_of, mixes_of
from povsim.scoring.scheme_points import Within, figure_slips, lock_slips, mix_slips, renormalise, sum_slips
from povsim.terms import Language

STEPS = (None, 0.5, 1)
LONGEST_CODE = 80


@dataclass(frozen=True)
class WeightScheme:
    """The points of all indicators of a scorecard; every change gives a new scheme.

    Attributes
    ----------
    code, name_zh, name_en : str
        What the scheme is called.
    scorecard : str
        Code of the scorecard it belongs to.
    total_points : float
        What the points have to sum to when they are used.
    lines : tuple of SchemeLine
        The indicators in the scorecard's order.
    mixes : tuple of (str, tuple of (str, float))
        Groups whose items keep fixed shares of the group's points, as group, then item and share.

    Examples
    --------
    >>> import povsim
    >>> from povsim.scoring.scorecard import read_scorecard
    >>> scheme = weight_scheme(read_scorecard("xiangyin-2016"))
    >>> scheme.points["poverty_reduction_plan"], float(scheme.array().sum())
    (16.0, 100.0)
    """

    code: str
    name_zh: str
    name_en: str
    scorecard: str
    total_points: float
    lines: tuple[SchemeLine, ...]
    mixes: Mixes = ()

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the indicators in the scorecard's order."""
        return tuple(line.code for line in self.lines)

    @property
    def points(self) -> Mapping[str, float]:
        """Points by indicator, read only."""
        return MappingProxyType({line.code: line.points for line in self.lines})

    @property
    def table(self) -> pd.DataFrame:
        """Everything by indicator, one column for each attribute of `SchemeLine`."""
        names = [field.name for field in fields(SchemeLine)]
        rows = [[getattr(line, name) for name in names] for line in self.lines]
        return pd.DataFrame(rows, columns=names).set_index("code")

    def array(self) -> npt.NDArray[np.float64]:
        """Return the points (indicator,), float64, in the scorecard's order."""
        return np.array([line.points for line in self.lines], dtype=np.float64)

    def named(self, code: str, *, name_zh: str = "", name_en: str = "") -> WeightScheme:
        """Return the scheme under another code and, where none are given, the code as its names.

        Raises
        ------
        InputError
            The code is blank or too long.
        """
        text = code.strip()
        if not text or len(text) > LONGEST_CODE or not text.isprintable():
            raise InputError("weights", [Problem("code", "does not fit", repr(code), f"1 to {LONGEST_CODE} letters")])
        return replace(self, code=text, name_zh=name_zh or text, name_en=name_en or text)

    def with_points(self, points: Mapping[str, float], *, rescale: bool = False) -> WeightScheme:
        """Return the scheme with other points for some indicators.

        Parameters
        ----------
        points : mapping of str to float
            Points by code; indicators that are not named keep theirs, or are rescaled.
        rescale : bool
            Scale the points of the others that are not locked in proportion, so that all sum to ``total_points``.

        Raises
        ------
        InputError
            Unknown codes, points that are negative or no numbers, locked indicators, items that have no points to
            weigh, a fixed mix broken, nothing left to rescale; all at once.

        Examples
        --------
        >>> from povsim.scoring.scorecard import read_scorecard
        >>> scheme = weight_scheme(read_scorecard("xiangyin-2016"))
        >>> heavier = scheme.with_points({"poverty_reduction_plan": 58}, rescale=True)
        >>> heavier.points["poverty_reduction_plan"], round(float(heavier.array().sum()), 9)
        (58.0, 100.0)
        """
        problems = [*self._unknown(points), *figure_slips(self.lines, points), *lock_slips(self.lines, points)]
        if not problems:
            problems += mix_slips({**self.points, **points}, self.mixes)
        if problems:
            raise InputError(self.code, problems)
        # Adding 0 makes a negative nought a plain one.
        changed = {code: float(value) + 0.0 for code, value in points.items()}
        lines = tuple(replace(line, points=changed[line.code]) if line.code in changed else line for line in self.lines)
        if rescale:
            lines = renormalise(lines, self.mixes, ("all", self.total_points, None), set(points), self.code)
        return replace(self, lines=lines)

    def locked(self, *codes: str) -> WeightScheme:
        """Return the scheme with some indicators locked: their points stay when others are scaled."""
        return self._with_locks(codes, locked=True)

    def unlocked(self, *codes: str) -> WeightScheme:
        """Return the scheme with some indicators no longer locked."""
        return self._with_locks(codes, locked=False)

    def _with_locks(self, codes: Iterable[str], *, locked: bool) -> WeightScheme:
        chosen = list(codes)
        problems = list(self._unknown(chosen))
        if problems:
            raise InputError(self.code, problems)
        return replace(
            self, lines=tuple(replace(line, locked=locked) if line.code in chosen else line for line in self.lines)
        )

    def _unknown(self, codes: Iterable[str]) -> Iterator[Problem]:
        for code in codes:
            if code not in self.codes:
                yield Problem(str(code), "unknown indicator", mend=nearest(str(code), self.codes))

    def renormalised(self, *, within: Within = "all", step: float | None = None) -> WeightScheme:
        """Return the scheme with the points that are not locked scaled in proportion until the sums are right.

        Parameters
        ----------
        within : {"all", "group"}
            Whether all points are to sum to ``total_points``, or those of each group to the group's original points.
        step : {None, 0.5, 1}
            Round to whole or half points by largest remainder: sums stay exact. A group with a fixed mix is rounded
            as one, so that its items may fall between steps.

        Raises
        ------
        InputError
            Locked points exceed the sum, nothing is left to scale, or the locked points leave no whole number of steps.

        Examples
        --------
        >>> from povsim.scoring.scorecard import read_scorecard
        >>> scheme = weight_scheme(read_scorecard("xiangyin-2016")).with_points({"poverty_reduction_plan": 21})
        >>> rounded = scheme.locked("poverty_reduction_plan").renormalised(step=1)
        >>> rounded.points["poverty_reduction_plan"], float(rounded.array().sum())
        (21.0, 100.0)
        """
        problems = []
        if within not in ("all", "group"):
            problems.append(Problem("within", "unknown", repr(within), "all, group"))
        if step not in STEPS or isinstance(step, bool):
            problems.append(Problem("step", "unknown", repr(step), "None, 0.5, 1"))
        if problems:
            raise InputError(self.code, problems)
        wanted = (within, self.total_points, step)
        return replace(self, lines=renormalise(self.lines, self.mixes, wanted, (), self.code))

    def diff(self, other: WeightScheme) -> pd.DataFrame:
        """Compare with another scheme of the same scorecard.

        Returns
        -------
        DataFrame
            By indicator: ``points`` here, ``other_points``, ``change`` (other less here), ``share`` of the total points
            here, ``other_share``, ``share_change``; shares are 0-1.

        Raises
        ------
        InputError
            The other belongs to another scorecard.
        """
        if (other.scorecard, other.codes) != (self.scorecard, self.codes):
            what = "schemes of different scorecards have no points to compare"
            raise InputError(self.code, [Problem(other.code, what, other.scorecard, self.scorecard)])
        here, there = self.array(), other.array()
        # A scorecard of triggers alone has no points to share.
        shares = [points / (self.total_points or 1.0) for points in (here, there)]
        columns = {
            "points": here,
            "other_points": there,
            "change": there - here,
            "share": shares[0],
            "other_share": shares[1],
            "share_change": shares[1] - shares[0],
        }
        return pd.DataFrame(columns, index=pd.Index(self.codes, name="code"))

    def to_csv(self, path: str | Path, *, lang: Language = "zh") -> None:
        """Write a table that planners edit, as CSV (UTF-8 with BOM)."""
        # what reads and writes workbooks is loaded when one is: a session that moves weights does without
        from povsim.scoring.scheme_files import write_csv

        write_csv(Path(path), self.lines, lang=lang)

    def to_excel(self, path: str | Path, *, lang: Language = "zh") -> None:
        """Write a table that planners edit, as a workbook: points and locks can be changed, the sum shows below."""
        from povsim.scoring.scheme_files import Title, write_excel

        title = Title(self.code, self.name_zh, self.name_en, self.scorecard, self.total_points)
        write_excel(Path(path), self.lines, title, lang=lang)

    def from_csv(self, path: str | Path, *, code: str | None = None, rescale: bool = False) -> WeightScheme:
        """Read points and locks for the same scorecard from a CSV file; see `from_excel`."""
        return self._from_file(Path(path), code, rescale=rescale)

    def from_excel(self, path: str | Path, *, code: str | None = None, rescale: bool = False) -> WeightScheme:
        """Read points and locks for the same scorecard from a workbook; this scheme stays as it is.

        Parameters
        ----------
        path : str or Path
            As `to_excel` writes it and a planner edited it. Only code, points and locked are read.
        code : str, optional
            What the new scheme is called; the file's name without its ending if not given.
        rescale : bool
            Scale the points that are not locked where their sum is wrong, instead of refusing them.

        Returns
        -------
        WeightScheme
            Without a column of locks, the locks are those of this scheme.

        Raises
        ------
        InputError
            The file cannot be read, or everything wrong in it: unknown, missing and double codes, points that are
            blank, text, a formula, a percentage or negative, merged cells, a broken mix, a wrong sum.
        """
        return self._from_file(Path(path), code, rescale=rescale)

    def _from_file(self, path: Path, code: str | None, *, rescale: bool) -> WeightScheme:
        from povsim.scoring.scheme_files import read_points

        file = read_points(path, self.codes)
        problems = [*file.problems, *figure_slips(self.lines, file.points, file.where)]
        if len(file.points) == len(self.lines):
            problems += mix_slips(file.points, self.mixes)
            mend = "correct them, or read the file with rescale=True"
            problems += () if rescale else sum_slips(file.points, self.total_points, file.column, mend)
        if problems:
            raise InputError(path.name, problems)
        locks = {line.code: line.locked for line in self.lines} if file.locked is None else file.locked
        lines = tuple(
            replace(line, points=_restored(file.points[line.code], line.points), locked=locks[line.code])
            for line in self.lines
        )
        if rescale:
            lines = renormalise(lines, self.mixes, ("all", self.total_points, None), (), path.name)
        return replace(self.named(path.stem if code is None else code), lines=lines)


def _restored(read: float, written: float) -> float:
    """Return what was written where it was not touched: spreadsheets keep 15 digits of a number."""
    return written if math.isclose(read, written, rel_tol=1e-14, abs_tol=0.0) else read + 0.0


def weight_scheme(
    scorecard: Scorecard, *, code: str | None = None, points: Mapping[str, float] | None = None
) -> WeightScheme:
    """Return the points of a scorecard as a weight scheme, or other points for it.

    Parameters
    ----------
    scorecard : Scorecard
        As read.
    code : str, optional
        What the scheme is called; the scorecard's own code and names if not given.
    points : mapping of str to float, optional
        Points by code, for some indicators or all; the others keep theirs. Their sum is checked when they are used.

    Returns
    -------
    WeightScheme
        Nothing is locked.

    Raises
    ------
    InputError
        As `WeightScheme.with_points`.

    Examples
    --------
    >>> from povsim.scoring.scorecard import read_scorecard
    >>> weight_scheme(read_scorecard("xiangyin-2016"), code="mine").name_en
    'mine'
    """
    head = scorecard.scorecard
    lines, mixes = lines_of(scorecard), mixes_of(scorecard)
    scheme = WeightScheme(head.code, head.name_zh, head.name_en, head.code, float(head.total_points), lines, mixes)
    scheme = scheme if code is None else scheme.named(code)
    return scheme if points is None else scheme.with_points(points)


def check_schemes(schemes: Sequence[WeightScheme], card: Scorecard) -> None:
    """Check that schemes can be used to score by a scorecard.

    Parameters
    ----------
    schemes : sequence of WeightScheme
        All that are to be used.
    card : Scorecard
        The scorecard.

    Raises
    ------
    InputError
        Everything wrong with all of them: no scheme, another scorecard's, indicators unknown, missing or in another
        order, points that are no numbers, negative or do not sum, a broken mix, two schemes of one code.

    Examples
    --------
    >>> from povsim.scoring.scorecard import read_scorecard
    >>> card = read_scorecard("xiangyin-2016")
    >>> check_schemes([weight_scheme(card)], card)
    """
    problems = [] if schemes else [Problem("schemes", "none is given")]
    for code, count in Counter(scheme.code for scheme in schemes).items():
        if count > 1:
            problems.append(Problem(code, f"{count} schemes have this code", mend="name them apart: scheme.named(...)"))
    for scheme in schemes:
        problems += _slips(scheme, card)
    if problems:
        raise InputError(f"weights for {card.code}", problems)


def _slips(scheme: WeightScheme, card: Scorecard) -> Iterator[Problem]:
    if scheme.scorecard != card.code:
        yield Problem(scheme.code, "belongs to another scorecard", scheme.scorecard, card.code)
        return
    known = [item.code for item in card.indicators]
    for code in scheme.codes:
        if code not in known:
            yield Problem(f"{scheme.code}.{code}", "unknown indicator", mend=nearest(code, known))
    missing = [code for code in known if code not in scheme.codes]
    if missing:
        yield Problem(scheme.code, "indicators are missing", ", ".join(missing))
    if sorted(scheme.codes) == sorted(known) and list(scheme.codes) != known:
        yield Problem(scheme.code, "indicators are in another order than in the scorecard")
    for problem in (*figure_slips(lines_of(card), scheme.points), *mix_slips(scheme.points, mixes_of(card))):
        yield replace(problem, where=f"{scheme.code}.{problem.where}")
    mend = "correct them, or use scheme.renormalised()"
    yield from sum_slips(scheme.points, card.total_points, scheme.code, mend)
