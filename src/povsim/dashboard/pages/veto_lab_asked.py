"""From settings to what is asked of a run: which run, year and scorecard, and how the rules are set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from povsim.dashboard.settings import Settings
from povsim.views.vetoes import Asked

if TYPE_CHECKING:
    from povsim.dashboard.app import Shelf
    from povsim.views.digests import RunDigest

PART = "vetoes"


def place_of(settings: Settings, shelf: Shelf) -> tuple[str, int, str | None]:
    """Return the run, year and scorecard that settings mean: the first run, its last year, its first scorecard.

    What a link names and the run does not have is passed over.
    """
    digest = shelf.get(settings.run)
    years = [int(year) for year in digest.part(PART)["year"].to_numpy()]
    year = settings.year if settings.year in years else years[-1]
    cards = _cards(digest)
    card = settings.scorecard if settings.scorecard in cards else next(iter(cards), None)
    return digest.code, int(year or years[-1]), card


def _cards(digest: RunDigest) -> list[str]:
    return [code for code in digest.scorecards if digest.has(f"{PART}.{code}")]


def asked_of(settings: Settings, shelf: Shelf) -> Asked:
    """Return what settings ask of the veto lab."""
    code, year, card = place_of(settings, shelf)
    digest, rules = shelf.get(code), settings.vetoes
    return Asked(
        digest.part(PART), year, settings.lang, rules.off, rules.thresholds, rules.error, rules.sample,
        None if card is None else digest.part(f"{PART}.{card}"),
    )  # fmt: skip


def offered(settings: Settings, shelf: Shelf) -> dict[str, Mapping[Any, str]]:
    """Return runs, years and scorecards to pick from on the bar; of years the last comes first: it is shown."""
    digest, lang = shelf.get(settings.run), settings.lang
    years = [int(year) for year in digest.part(PART)["year"].to_numpy()][::-1]
    labels = {code: str(digest.part(f"{PART}.{code}").attrs[f"label_{lang}"]) for code in _cards(digest)}
    return {
        "run": {code: shelf.get(code).label(lang) for code in shelf.codes()},
        "year": {year: str(year) for year in years},
        "scorecard": labels,
    }
