"""From settings to what is asked of a run: which run, year, area, household, and which levers were moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from povsim.terms import Language

if TYPE_CHECKING:
    import xarray as xr

    from povsim.dashboard.app import Shelf
    from povsim.dashboard.settings import Settings
    from povsim.views.digests import RunDigest

PART, PEOPLE = "forecast", "households"


@dataclass(frozen=True, eq=False)
class Asked:
    """What the page shows.

    Attributes
    ----------
    digest : RunDigest
        The run.
    data : Dataset
        Its forecast.
    people : Dataset or None
        Its households, if it was made with them.
    year : int
        The year looked at.
    area : str or None
        The township looked at, none for everything.
    household : str or None
        The household looked at.
    levers : mapping of str to float
        Levers that were moved.
    lang : {"zh", "en"}
        Language.
    """

    digest: RunDigest
    data: xr.Dataset
    people: xr.Dataset | None
    year: int
    area: str | None
    household: str | None
    levers: Mapping[str, float]
    lang: Language

    @property
    def years(self) -> list[int]:
        """Years of the run."""
        return [int(year) for year in self.data["year"].to_numpy()]

    @property
    def townships(self) -> list[str]:
        """Townships of the run."""
        return [str(name) for name in self.data["area"].to_numpy()[1:]]


def asked_of(settings: Settings, shelf: Shelf) -> Asked:
    """Return what settings ask; what a link names and the run does not have is passed over."""
    digest = shelf.get(settings.run)
    data = digest.part(PART)
    years = [int(year) for year in data["year"].to_numpy()]
    areas = [str(name) for name in data["area"].to_numpy()[1:]]
    chosen = settings.forecast
    return Asked(
        digest=digest,
        data=data,
        people=digest.part(PEOPLE) if digest.has(PEOPLE) else None,
        year=settings.year if settings.year in years else years[-1],
        area=chosen.area if chosen.area in areas else None,
        household=chosen.household,
        levers=chosen.levers,
        lang=settings.lang,
    )
