"""What the weight tuner looks at, from the session's settings: run, scorecard, year, points, and where units stand."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from povsim.dashboard.settings import Settings
from povsim.views import weights_scheme as schemes
from povsim.views import weights_tables as tables
from povsim.views.weights_board import Board, Standing, board_of, standing

if TYPE_CHECKING:
    from povsim.dashboard.app import Shelf
    from povsim.dashboard.state import State
    from povsim.scoring.schemes import WeightScheme
    from povsim.terms import Language
    from povsim.views.digests import RunDigest
    from povsim.views.parts import BigNumber

TOPS = (1, 3, 5, 10, 20, 50)
PART = "weights."


@dataclass(frozen=True, eq=False)
class Place:
    """A board, the points printed for it, and where units stand under these.

    Attributes
    ----------
    key : tuple
        Run, scorecard and year.
    board : Board
        What units earn by item.
    own : WeightScheme
        The printed points.
    printed : Standing
        Where units stand under them.
    """

    key: tuple[str, str, int]
    board: Board
    own: WeightScheme
    printed: Standing


@dataclass(frozen=True, eq=False)
class Desk:
    """Everything that the page shows at once.

    Attributes
    ----------
    place : Place
        Where we are.
    scheme : WeightScheme
        Points and locks in force.
    now : Standing
        Where units stand under them.
    fits : bool
        Whether the settings' points fit the card; printed ones are in force otherwise.
    top : int
        How many places count as the first.
    unit : str
        The unit looked at.
    rival : str or None
        Whom it is compared with, if not the leader.
    """

    place: Place
    scheme: WeightScheme
    now: Standing
    fits: bool
    top: int
    unit: str
    rival: str | None


def cards(digest: RunDigest, lang: Language) -> dict[str, str]:
    """Return the scorecards of a run that have points to weigh, with their names."""
    codes = [code for code in digest.scorecards if digest.has(PART + code)]
    heads = {code: json.loads(digest.part(PART + code).attrs["card"])["scorecard"] for code in codes}
    return {code: str(head[f"name_{lang}"]) for code, head in heads.items()}


def place_of(settings: Settings, shelf: Shelf, kept: Place | None = None) -> Place | None:
    """Return where the settings are; nothing for a run without such a scorecard.

    Parameters
    ----------
    settings : Settings
        Run, scorecard and year; what does not exist is replaced by the first (the last year).
    shelf : Shelf
        Runs.
    kept : Place, optional
        The place before, returned again where it is the same.
    """
    from povsim.scoring.schemes import weight_scheme

    digest = shelf.get(settings.run)
    codes = [code for code in digest.scorecards if digest.has(PART + code)]
    if not codes:
        return None
    code = settings.scorecard if settings.scorecard in codes else codes[0]
    part = digest.part(PART + code)
    years = [int(year) for year in part["year"].to_numpy()]
    year = settings.year if settings.year in years else years[-1]
    key = (digest.code, str(code), int(year))
    if kept is not None and kept.key == key:
        return kept
    board = board_of(part, int(year))
    own = weight_scheme(board.card)
    return Place(key, board, own, standing(board, own))


def years_of(digest: RunDigest, card: str) -> list[int]:
    """Return the years of a run, the last first."""
    return sorted((int(year) for year in digest.part(PART + card)["year"].to_numpy()), reverse=True)


def desk_of(place: Place, settings: Settings, scheme: WeightScheme | None = None) -> Desk:
    """Return what is shown under the settings.

    Parameters
    ----------
    place : Place
        Board and printed points.
    settings : Settings
        Points, locks, unit, rival, first places.
    scheme : WeightScheme, optional
        What the settings mean, where that is known already.
    """
    asked = settings.weights
    found = scheme if scheme is not None else schemes.scheme_of(place.own, asked.points, asked.locked)
    fits = found is not None
    scheme = found if found is not None else place.own
    now = standing(place.board, scheme)
    units = place.board.units
    unit = asked.unit if asked.unit in units else _second(place)
    rival = asked.rival if asked.rival in units and asked.rival != unit else None
    return Desk(place, scheme, now, fits, min(asked.top, len(units)), unit, rival)


def numbers_of(desk: Desk, lang: Language) -> list[BigNumber]:
    """Return the big numbers of what is shown."""
    return tables.numbers(desk.place.board, desk.now, desk.place.printed, desk.top, lang)


def pinned_numbers(state: State, shelf: Shelf, place: Place | None) -> list[BigNumber]:
    """Return the big numbers of the pinned settings, in the language of now; nothing where none are pinned."""
    pinned = state.pinned
    kept = None if pinned is None else place_of(pinned, shelf, place)
    return [] if pinned is None or kept is None else numbers_of(desk_of(kept, pinned), state.settings.lang)


def _second(place: Place) -> str:
    """Return who is second under the printed points: whom the question after the first place is about."""
    order = tables.in_order(place.printed)
    return place.board.units[order[min(1, len(order) - 1)]]


def tops(units: int) -> list[int]:
    """Return numbers of first places to choose from.

    Examples
    --------
    >>> tops(15)
    [1, 3, 5, 10]
    """
    return [top for top in TOPS if top < max(2, units)] or [1]
