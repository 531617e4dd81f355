"""Points as planners change them: moved, rated, made equal, restored; their sum is always the card's total."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from povsim.errors import InputError, Problem

if TYPE_CHECKING:
    from povsim.scoring.schemes import WeightScheme
    from povsim.terms import Language

UNRATED = 3
"""Rating of items that were given none, once any has one."""
HIGHEST = 5
SLACK = 1e-6
"""How far a sum of points may be off, as scoring has it."""


@dataclass(frozen=True)
class Entry:
    """Points as a page keeps them.

    Attributes
    ----------
    points : dict of str to float
        By item, where they differ from the printed ones.
    locked : tuple of str
        Items whose points stay.
    """

    points: dict[str, float]
    locked: tuple[str, ...]


def scheme_of(own: WeightScheme, points: Mapping[str, float], locked: Sequence[str]) -> WeightScheme | None:
    """Return the scheme that a page's settings mean, or nothing where they do not fit the card.

    Parameters
    ----------
    own : WeightScheme
        The card's printed points.
    points : mapping of str to float
        Points where they differ.
    locked : sequence of str
        Codes; those that the card does not have are passed over.

    Examples
    --------
    >>> import povsim
    >>> own = povsim.weight_scheme(povsim.read_scorecard("xiangyin-2016"))
    >>> scheme_of(own, {"poverty_reduction_plan": 17.0}, ()) is None
    True
    """
    try:
        scheme = own.with_points(dict(points)).locked(*(code for code in locked if code in own.codes))
    except InputError:
        return None
    return scheme if abs(math.fsum(scheme.points.values()) - own.total_points) <= SLACK else None


def entry_of(scheme: WeightScheme) -> Entry:
    """Return what a page has to keep of a scheme."""
    points = {line.code: line.points for line in scheme.lines if line.points != line.original_points}
    return Entry(points, tuple(line.code for line in scheme.lines if line.locked))


def moved(scheme: WeightScheme, code: str, points: float) -> WeightScheme:
    """Give one item other points; the others that are not locked are rescaled in proportion, so that the sum stays.

    Items in a fixed mix move together. Where all others have no points, the printed proportions are used.

    Raises
    ------
    InputError
        Locks or the total do not allow it; nothing is moved.

    Examples
    --------
    >>> import povsim
    >>> own = povsim.weight_scheme(povsim.read_scorecard("xiangyin-2016"))
    >>> round(sum(moved(own, "poverty_reduction_plan", 40).points.values()), 9)
    100.0
    """
    wanted = _together(scheme, code, points)
    others = [line for line in scheme.lines if not (line.locked or line.additive or line.code in wanted)]
    if others and all(line.points == 0 for line in others):
        free = {line.code for line in others}
        lines = tuple(
            replace(line, points=line.original_points) if line.code in free else line for line in scheme.lines
        )
        scheme = replace(scheme, lines=lines)
    return scheme.with_points(wanted, rescale=True)


def _together(scheme: WeightScheme, code: str, points: float) -> dict[str, float]:
    """Return the points of all items that move with one."""
    for _, mix in scheme.mixes:
        shares = dict(mix)
        if shares.get(code):
            return {one: points * share / shares[code] for one, share in mix}
    return {code: points}


def lock(scheme: WeightScheme, code: str, *, locked: bool) -> WeightScheme:
    """Lock an item, or release it."""
    return scheme.locked(code) if locked else scheme.unlocked(code)


def equal(scheme: WeightScheme) -> WeightScheme:
    """Give all items that are not locked the same points; items in a fixed mix share what they get by it."""
    return spread(scheme, {line.code: 1.0 for line in scheme.lines})


def rated(scheme: WeightScheme, ratings: Mapping[str, int]) -> WeightScheme:
    """Give items that are not locked points in proportion to ratings of 0 to 5; those without one count as 3.

    Examples
    --------
    >>> import povsim
    >>> own = povsim.weight_scheme(povsim.read_scorecard("xiangyin-2016-townships"))
    >>> found = rated(own, {"satisfaction": 5}).points
    >>> round(found["satisfaction"] / found["publicity_and_staff"], 9)
    1.666666667
    """
    return spread(scheme, {line.code: float(ratings.get(line.code, UNRATED)) for line in scheme.lines})


def spread(scheme: WeightScheme, wanted: Mapping[str, float]) -> WeightScheme:
    """Spread the points that are not locked in given proportions.

    Raises
    ------
    InputError
        All are locked, or all proportions are 0.
    """
    from povsim.scoring.scheme_points import scale

    held = _held(scheme)
    free = {code: max(0.0, wanted[code]) for code in scheme.codes if code not in held}
    for _, mix in scheme.mixes:
        whole = math.fsum(free.get(code, 0.0) for code, _ in mix)
        free |= {code: share * whole for code, share in mix if code in free}
    if not free or math.fsum(free.values()) == 0:
        what = "all that may be scaled are 0: there are no proportions to keep" if free else "nothing is left to scale"
        raise InputError(scheme.code, [Problem("points", what)])
    rest = scheme.total_points - math.fsum(scheme.points[code] for code in held)
    return scheme.with_points(dict(zip(free, scale(list(free.values()), rest), strict=True)))


def _held(scheme: WeightScheme) -> set[str]:
    """Return codes of the items whose points stay: locked, without points to weigh, in a mix of which one is locked."""
    held = {line.code for line in scheme.lines if line.locked or line.additive}
    for _, mix in scheme.mixes:
        codes = {code for code, _ in mix}
        held |= codes if codes & {line.code for line in scheme.lines if line.locked} else set()
    return held


def most_points(scheme: WeightScheme, code: str) -> float:
    """Return the most points that locks leave for an item; its own where it is locked itself or alone in moving."""
    held = _held(scheme)
    if code in held or not set(scheme.codes) - held - {code}:
        return scheme.points[code]
    return max(0.0, scheme.total_points - math.fsum(scheme.points[one] for one in held))


# ---- for the table ----


def rows(
    scheme: WeightScheme,
    lang: Language,
    *,
    ratings: Mapping[str, int] | None = None,
    intervals: Mapping[str, tuple[float, float]] | None = None,
    absent: Collection[str] = (),
) -> list[dict[str, Any]]:
    """Return the rows of the weight table, items without points of their own left out.

    Parameters
    ----------
    scheme : WeightScheme
        Points and locks.
    lang : {"zh", "en"}
        Language.
    ratings : mapping of str to int, optional
        0 to 5, where given; 3 for the others once any is.
    intervals : mapping of str to (low, high), optional
        Points within which the first places stay; not a number where there are none.
    absent : collection of str
        Items that no unit has a value for: their points go to the others.
    """
    given, known = ratings or {}, intervals or {}
    found = []
    for line in scheme.lines:
        if line.additive:
            continue
        low, high = known.get(line.code, (None, None))
        found.append({
            "code": line.code,
            "name": line.text("name", lang),
            "group": line.text("group", lang) or line.group,
            "unit": _unit(line.unit, lang),
            "points": line.points,
            "lo": low,
            "hi": high,
            "locked": line.locked,
            "absent": line.code in absent,
            "rating": given.get(line.code, UNRATED) if given else None,
            "printed": line.original_points,
            "note": " ".join(text for text in (line.text("target", lang), line.text("rule", lang)) if text),
        })  # fmt: skip
    return found


@cache
def _unit(unit: str, lang: Language) -> str:
    from povsim.figures import unit_name

    return unit_name(unit, lang)


def origin(scheme: WeightScheme) -> str:
    """Return ``printed`` where all points are the card's own, else ``changed``."""
    return "printed" if all(line.points == line.original_points for line in scheme.lines) else "changed"
