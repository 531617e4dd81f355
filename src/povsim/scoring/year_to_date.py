"""Values to date carried to the end of the year: what is in stays, what is to come follows the pace and the prior."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from povsim.scoring.schema import Profile

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
UNBOUNDED = (-math.inf, math.inf)


def done_by(month: npt.ArrayLike, profile: Profile) -> Doubles:
    """Return how much of the year's value is in by the end of a month, share 0-1.

    Linear between the months of the profile, and from nothing at the year's start to the first of them.

    Examples
    --------
    >>> spending = Profile(
    ...     name_zh="支出",
    ...     name_en="spending",
    ...     kind="flow",
    ...     done={6: 0.3, 12: 1.0},
    ...     persistence=0.5,
    ...     source="example",
    ...     status="assumed",
    ... )
    >>> done_by([3, 6, 9, 12], spending).round(3).tolist()
    [0.15, 0.3, 0.65, 1.0]
    """
    months = [0, *sorted(profile.done)]
    shares = [0.0, *(profile.done[place] for place in months[1:])]
    return np.interp(np.asarray(month, dtype=np.float64), months, shares)


def to_year_end(
    reading: npt.ArrayLike,
    month: npt.ArrayLike,
    profile: Profile,
    prior: npt.ArrayLike | None = None,
    *,
    bounds: tuple[float, float] = UNBOUNDED,
) -> Floats:
    r"""Return the year-end values that go with values to date.

    With y the value to date, s the part done by the month, p the pace (``y / s`` of a flow, ``y`` of a level), x a draw
    of the prior, m the mean of the prior's draws and rho the persistence, what is to come is a normal regression on the
    pace,

    .. math:: r = m + \rho (p - m) + \sqrt{1 - \rho^2} (x - m),

    and the year ends at ``y + (1 - s) r`` for a flow (values add up), at ``s y + (1 - s) r`` for a level (a reading
    that may still move). Where the paces before and after the month have the prior's mean and spread and correlate by
    rho, this is the distribution of the year-end value given the value to date: right on average, and narrower from
    month to month. Where there is no prior, the pace so far goes on: ``y / s``, or ``y``.

    Parameters
    ----------
    reading : array, dims (draw, year, unit)
        Values to date, in the unit of the indicator; not a number where nothing is entered.
    month : array of int, broadcast against ``reading``
        Month by whose end the value was read, 1 to 12; 12 leaves the reading as it is.
    profile : Profile
        Kind, part done by month, persistence.
    prior : array, dims (draw, year, unit), optional
        Draws of the year-end value from before anything was entered; not a number where there are none.
    bounds : (float, float)
        Lowest and highest possible value; a flow that cannot be negative does not fall below the value to date either.

    Returns
    -------
    array of float32, dims (draw, year, unit)
        Year-end values, not a number where the reading is.

    Examples
    --------
    >>> spending = Profile(
    ...     name_zh="支出",
    ...     name_en="spending",
    ...     kind="flow",
    ...     done={6: 0.4, 12: 1.0},
    ...     persistence=0.5,
    ...     source="example",
    ...     status="assumed",
    ... )
    >>> to_year_end([[[30.0]]], 6, spending).item()  # no prior: 30 / 0.4
    75.0
    >>> to_year_end([[[30.0]]], 6, spending, [[[100.0]]]).item()  # 30 + 0.6 * (100 + 0.5 * (75 - 100))
    82.5
    """
    y = np.asarray(reading, dtype=np.float64)
    s = np.broadcast_to(done_by(month, profile), y.shape)
    flow = profile.kind == "flow"
    pace = y / s if flow else y
    rest = pace if prior is None else _rest(pace, np.asarray(prior, dtype=np.float64), profile.persistence)
    # At the year's end nothing is to come, whatever the prior says.
    to_come = np.where(s < 1, (1 - s) * rest, 0.0)
    values = to_come + (y if flow else s * y)
    low, high = bounds
    if flow and low >= 0:
        values = np.maximum(values, y)
    return np.clip(values, low, high).astype(np.float32)


def _rest(pace: Doubles, prior: Doubles, persistence: float) -> Doubles:
    """Return the pace of what is to come; where the prior has no draw, the pace so far."""
    known = np.isfinite(prior)
    count = known.sum(axis=0)
    mean = np.where(known, prior, 0.0).sum(axis=0) / np.maximum(count, 1)
    rest = mean + persistence * (pace - mean) + math.sqrt(1 - persistence**2) * (np.where(known, prior, mean) - mean)
    return np.where(known, rest, pace)
