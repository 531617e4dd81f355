"""What a report is asked for: the settings of a page, or those of the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, Protocol


class ForecastWanted(Protocol):
    """What is shown of the forecast."""

    @property
    def area(self) -> str | None:
        """Township; everything if not given."""


class WeightsWanted(Protocol):
    """Points that differ from the printed ones, and what is asked about the ranking."""

    @property
    def points(self) -> Mapping[str, float]:
        """By item."""

    @property
    def locked(self) -> tuple[str, ...]:
        """Items whose points stay."""

    @property
    def top(self) -> int:
        """Number of first places that is asked about."""

    @property
    def unit(self) -> str | None:
        """Unit looked at."""


class VetoesWanted(Protocol):
    """How the rules are set."""

    @property
    def off(self) -> tuple[str, ...]:
        """Rules switched off."""

    @property
    def thresholds(self) -> Mapping[str, float]:
        """Thresholds moved."""

    @property
    def error(self) -> float:
        """Measurement error assumed."""

    @property
    def sample(self) -> int:
        """Persons sampled."""


class CompareWanted(Protocol):
    """Plans beside the first."""

    @property
    def others(self) -> tuple[str, ...]:
        """Their codes."""

    @property
    def by(self) -> Literal["county", "township", "village"]:
        """Level of areas."""

    @property
    def quantity(self) -> str | None:
        """What plans are compared by."""


class Wanted(Protocol):
    """The part of a page's settings that a report depends on; ``povsim.dashboard.settings.Settings`` has it."""

    @property
    def year(self) -> int | None:
        """The last of the run if not given."""

    @property
    def scorecard(self) -> str | None:
        """The first that ranks several units if not given."""

    @property
    def forecast(self) -> ForecastWanted: ...  # noqa: D102
    @property
    def weights(self) -> WeightsWanted: ...  # noqa: D102
    @property
    def vetoes(self) -> VetoesWanted: ...  # noqa: D102
    @property
    def compare(self) -> CompareWanted: ...  # noqa: D102


@dataclass(frozen=True)
class _Forecast:
    area: str | None = None


@dataclass(frozen=True)
class _Weights:
    points: Mapping[str, float] = field(default_factory=dict)
    locked: tuple[str, ...] = ()
    top: int = 3
    unit: str | None = None


@dataclass(frozen=True)
class _Vetoes:
    off: tuple[str, ...] = ()
    thresholds: Mapping[str, float] = field(default_factory=dict)
    error: float = 0.1
    sample: int = 1000


@dataclass(frozen=True)
class _Compare:
    others: tuple[str, ...] = ()
    by: Literal["county", "township", "village"] = "township"
    quantity: str | None = None


PARTS: dict[str, Any] = {"forecast": _Forecast, "weights": _Weights, "vetoes": _Vetoes, "compare": _Compare}


@dataclass(frozen=True)
class Plain:
    """What is asked for where no page is: everything as the run and the scorecard have it.

    Examples
    --------
    >>> Plain(year=2018).weights.top
    3
    """

    year: int | None = None
    scorecard: str | None = None
    forecast: _Forecast = field(default_factory=_Forecast)
    weights: _Weights = field(default_factory=_Weights)
    vetoes: _Vetoes = field(default_factory=_Vetoes)
    compare: _Compare = field(default_factory=_Compare)


def told_of(wanted: Wanted) -> dict[str, Any]:
    """Return what is asked for as plain data, which another process can be told.

    Examples
    --------
    >>> plain_of(told_of(Plain(year=2018))) == Plain(year=2018)
    True
    """
    told: dict[str, Any] = {"year": wanted.year, "scorecard": wanted.scorecard}
    for name, kind in PARTS.items():
        part = getattr(wanted, name)
        told[name] = {one.name: _plain(getattr(part, one.name)) for one in fields(kind)}
    return told


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value


def plain_of(told: Mapping[str, Any]) -> Plain:
    """Return what is asked for, out of plain data."""
    made = {
        name: kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in told[name].items()})
        for name, kind in PARTS.items()
    }
    return Plain(told["year"], told["scorecard"], **made)
