"""Points of a weight scheme: what can be wrong with them, scaling and rounding that keep locks, mixes and the sum."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from numbers import Real
from typing import Literal

from povsim.errors import InputError, Problem
from povsim.scoring.consistency import TOLERANCE
from povsim.scoring.scheme_lines import Mixes, SchemeLine

NOISE = 1e-9
"""What sums of binary fractions are off by at most, in steps."""

Within = Literal["all", "group"]
Lines = tuple[SchemeLine, ...]


def figure_slips(
    lines: Sequence[SchemeLine], points: Mapping[str, object], where: Mapping[str, str] | None = None
) -> Iterator[Problem]:
    """Yield points that are no numbers, negative, or given to an item that has none to weigh.

    Parameters
    ----------
    lines : sequence of SchemeLine
        The scheme that the points are for.
    points : mapping of str to float
        By code; codes that the scheme does not have are passed over.
    where : mapping of str to str, optional
        Place of each figure; its code if not given.
    """
    for line in lines:
        if line.code not in points:
            continue
        value, place = points[line.code], (where or {}).get(line.code, line.code)
        if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(float(value)):
            yield Problem(place, "points are not a finite number", repr(value), "a number of 0 or more")
        elif float(value) < 0:
            yield Problem(place, "points are negative", f"{float(value):g}", "0 or more")
        elif line.additive and float(value) > 0:
            what = f"{line.code} adds or takes off points by its rule under every scheme and has none to weigh"
            yield Problem(place, what, f"{float(value):g}", "0")


def lock_slips(lines: Sequence[SchemeLine], points: Mapping[str, float]) -> Iterator[Problem]:
    """Yield changes of locked lines."""
    for line in lines:
        if line.locked and line.code in points and points[line.code] != line.points:
            found, mend = f"{points[line.code]!r}", f"unlock it first: scheme.unlocked({line.code!r})"
            yield Problem(line.code, "is locked", found, f"{line.points:g}", mend)


def mix_slips(points: Mapping[str, float], mixes: Mixes) -> Iterator[Problem]:
    """Yield groups whose items no longer keep their fixed shares."""
    for group, mix in mixes:
        held = {code: points[code] for code, _ in mix if code in points}
        total = math.fsum(held.values())
        if all(abs(held.get(code, 0.0) - share * total) <= TOLERANCE for code, share in mix):
            continue
        found = ", ".join(f"{code} {value:g}" for code, value in held.items())
        ratio = " : ".join(code for code, _ in mix) + " = " + " : ".join(f"{share:g}" for _, share in mix)
        example = ", ".join(f"{code} {share * total:g}" for code, share in mix)
        what = "the fixed mix is broken: its items move only together"
        yield Problem(f"groups.{group}", what, found, ratio, f"for {total:g} in all: {example}")


def sum_slips(points: Mapping[str, float], total: float, where: str, mend: str) -> Iterator[Problem]:
    """Yield a sum that is not the total."""
    found = math.fsum(points.values())
    if abs(found - total) > TOLERANCE:
        yield Problem(where, "points do not sum to the total", f"{found:.10g}", f"{total:.10g}", mend)


def scale(points: Sequence[float], total: float) -> list[float]:
    """Return points in the same proportions that sum to ``total``.

    Parameters
    ----------
    points : sequence of float
        Not negative, not all 0 unless ``total`` is 0.
    total : float
        Sum wanted, not negative.

    Returns
    -------
    list of float
        In the same order.

    Raises
    ------
    ZeroDivisionError
        All points are 0 and the total is not: there are no proportions to keep.

    Examples
    --------
    >>> scale([10, 30], 20)
    [5.0, 15.0]
    """
    found = math.fsum(points)
    if found == 0 and total == 0:
        return [0.0 for _ in points]
    # The quotient first: tiny points times a total may lose all their digits.
    return [total * (value / found) for value in points]


def in_steps(total: float, step: float) -> bool:
    """Return whether a total is a whole number of steps."""
    return abs(total / step - round(total / step)) <= NOISE * max(1.0, abs(total / step))


def round_to_total(points: Sequence[float], total: float, step: float) -> list[float]:
    """Round to multiples of ``step`` that sum to ``total``: largest remainders are rounded up, the first of equals.

    Parameters
    ----------
    points : sequence of float
        Not negative, with ``total`` as their sum.
    total : float
        A whole number of steps.
    step : float
        What the results are multiples of.

    Returns
    -------
    list of float
        Each less than one step from where it was.

    Examples
    --------
    >>> round_to_total([33.4, 33.3, 33.3], 100, 1), round_to_total([0.3, 0.3, 0.4], 1, 0.5)
    ([34.0, 33.0, 33.0], [0.5, 0.0, 0.5])
    """
    steps = [value / step for value in points]
    low = [math.floor(value + NOISE) for value in steps]
    # Noise in a remainder must not decide between equals.
    remainders = [round(value - whole, 9) for value, whole in zip(steps, low, strict=True)]
    left = round(total / step) - sum(low)
    first = sorted(range(len(steps)), key=lambda place: -remainders[place])[:left]
    return [float(step * (whole + (place in first))) for place, whole in enumerate(low)]


def scale_lines(
    lines: Lines, mixes: Mixes, totals: dict[str | None, float], step: float | None, kept: Collection[str]
) -> tuple[Lines, list[Problem]]:
    """Scale the points of lines that may move until each sum is right.

    Parameters
    ----------
    lines, mixes
        Of a weight scheme.
    totals : dict of str to float
        Sum wanted by group; under None, that of all lines.
    step : float, optional
        Round to multiples of it.
    kept : collection of str
        Codes whose points stay, beside those that are locked.

    Returns
    -------
    lines, problems
        Lines of sums that cannot be had stay as they are, with a problem each.
    """
    points = [line.points for line in lines]
    problems = []
    for group, total in totals.items():
        blocks = _blocks(lines, mixes, group)
        stay = [block for block in blocks if any(_stays(lines[place], kept) for place in block)]
        free = [block for block in blocks if block not in stay]
        rest = total - math.fsum(points[place] for block in stay for place in block)
        now = [math.fsum(points[place] for place in block) for block in free]
        problem = _obstacle(now, rest, total, step)
        if problem is not None:
            problems.append(replace(problem, where=problem.where if group is None else f"groups.{group}"))
        elif free:
            rest = max(rest, 0.0) if math.fsum(now) > 0 else 0.0
            _spread(points, free, _wanted(now, rest, step), dict(mixes), lines)
    return tuple(replace(line, points=value) for line, value in zip(lines, points, strict=True)), problems


def _stays(line: SchemeLine, kept: Collection[str]) -> bool:
    return line.locked or line.additive or line.code in kept


def _blocks(lines: Lines, mixes: Mixes, group: str | None) -> list[tuple[int, ...]]:
    """Return what moves as one: the lines of a group with a fixed mix together, every other line on its own."""
    mixed = dict(mixes)
    places = [place for place, line in enumerate(lines) if group is None or line.group == group]
    blocks: dict[str | int, list[int]] = {}
    for place in places:
        blocks.setdefault(lines[place].group if lines[place].group in mixed else place, []).append(place)
    return [tuple(block) for block in blocks.values()]


def _obstacle(now: Sequence[float], rest: float, total: float, step: float | None) -> Problem | None:
    if rest < -TOLERANCE:
        return Problem("points", "those that stay exceed the sum", f"{total - rest:g}", f"{total:g}", "unlock some")
    if rest > TOLERANCE and not now:
        mend = "unlock some, or change their points"
        return Problem("points", "nothing is left to scale", f"{total - rest:g}", f"{total:g}", mend)
    if rest > TOLERANCE and math.fsum(now) == 0:
        mend = "give some of them points first"
        return Problem("points", "all that may be scaled are 0: there are no proportions to keep", mend=mend)
    if step is not None and now and not in_steps(rest, step):
        found, allowed = f"{rest:g} left by those that stay", f"a multiple of {step:g}"
        return Problem("points", "cannot be rounded so that they sum exactly", found, allowed, "change what is locked")
    return None


def _wanted(now: Sequence[float], rest: float, step: float | None) -> list[float]:
    exact = scale(now, rest)
    return exact if step is None else round_to_total(exact, rest, step)


def _spread(
    points: list[float],
    blocks: Sequence[tuple[int, ...]],
    totals: Sequence[float],
    mixed: dict[str, tuple[tuple[str, float], ...]],
    lines: Lines,
) -> None:
    for block, total in zip(blocks, totals, strict=True):
        shares = dict(mixed.get(lines[block[0]].group, ()))
        for place in block:
            points[place] = total * shares.get(lines[place].code, 1.0)


def renormalise(
    lines: Lines, mixes: Mixes, wanted: tuple[Within, float, float | None], kept: Collection[str], source: str
) -> Lines:
    """Return lines whose points sum to the total, or by group to the group's original points.

    Parameters
    ----------
    wanted : tuple
        ``all`` or ``group``, the total, and the step of the rounding or None.

    Raises
    ------
    InputError
        The sums cannot be had; all of them at once.
    """
    within, total, step = wanted
    totals: dict[str | None, float] = {None: total}
    if within == "group":
        groups = dict.fromkeys(line.group for line in lines)
        totals = {group: math.fsum(line.original_points for line in lines if line.group == group) for group in groups}
    scaled, problems = scale_lines(lines, mixes, totals, step, kept)
    if problems:
        raise InputError(source, problems)
    return scaled
