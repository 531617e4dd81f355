"""Everything a page can be set to, as frozen records that a link can carry and that refuse what is out of bounds."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Code = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Points = Annotated[float, Field(ge=0, le=10_000)]
Share = Annotated[float, Field(ge=0, le=1)]
Finite = Annotated[float, Field(ge=-1e12, le=1e12)]
MOST = 400
"""Entries that a mapping of a link may have at most."""


class Part(BaseModel):
    """A group of settings; unknown names and numbers that are not finite are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ForecastSettings(Part):
    """What the exit forecast shows, and the levers of its next run (dotted path to value, as ``--set`` takes them)."""

    area: Code | None = None
    household: Code | None = None
    levers: dict[Code, Finite] = Field(default={}, max_length=MOST)


class WeightSettings(Part):
    """Points by indicator where they differ from the scheme's, locks, ratings, and what is asked about the ranking."""

    scheme: Code | None = None
    points: dict[Code, Points] = Field(default={}, max_length=MOST)
    locked: tuple[Code, ...] = Field(default=(), max_length=MOST)
    ratings: dict[Code, Annotated[int, Field(ge=0, le=5)]] = Field(default={}, max_length=MOST)
    top: Annotated[int, Field(ge=1, le=10_000)] = 3
    unit: Code | None = None
    rival: Code | None = None


class VetoSettings(Part):
    """Rules switched off, thresholds moved, and the measurement error assumed."""

    off: tuple[Code, ...] = Field(default=(), max_length=MOST)
    thresholds: dict[Code, Finite] = Field(default={}, max_length=MOST)
    error: Share = 0.1
    sample: Annotated[int, Field(ge=1, le=1_000_000)] = 1000
    rule: Code | None = None
    unit: Code | None = None


class CompareSettings(Part):
    """Plans beside the first, and what they are compared by."""

    others: tuple[Code, ...] = Field(default=(), max_length=3)
    by: Literal["county", "township", "village"] = "county"
    quantity: Code | None = None
    group: Code | None = None
    threshold: Share = 0.05


class Settings(Part):
    """All that a link carries.

    Examples
    --------
    >>> Settings(weights={"points": {"a": 12.5}}).weights.points
    {'a': 12.5}
    """

    lang: Literal["zh", "en"] = "zh"
    theme: Literal["light", "dark"] = "light"
    presenter: bool = False
    run: Code | None = None
    year: Annotated[int, Field(ge=1900, le=2200)] | None = None
    scorecard: Code | None = None
    tab: Code | None = None
    forecast: ForecastSettings = ForecastSettings()
    weights: WeightSettings = WeightSettings()
    vetoes: VetoSettings = VetoSettings()
    compare: CompareSettings = CompareSettings()

    def changed(self, part: str | None = None, **updates: Any) -> Settings:
        """Return settings with some of their entries replaced, of a part or of the whole, checked again.

        Raises
        ------
        pydantic.ValidationError
            A value that is out of bounds or an entry that does not exist.

        Examples
        --------
        >>> Settings().changed("vetoes", off=("income",)).vetoes.off
        ('income',)
        """
        data = self.model_dump()
        (data if part is None else data[part]).update(updates)
        return Settings.model_validate(data)


VIEW = frozenset({"lang", "theme", "presenter", "tab"})
"""How a page is looked at: kept in the link, but no step that can be undone."""
