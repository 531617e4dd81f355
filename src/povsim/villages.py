"""What measures for whole villages do: facilities that are finished, collective income, and what both cost.

Villages do not answer to their households here, so one draw is worked out for all years before the households are
simulated. Luck is addressed by village, measure and calendar year: adding a measure changes nobody else's luck.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from povsim.draws import household_key, uniforms
from povsim.plan_frame import Filter
from povsim.plan_village import FACILITIES, Collective, VillageFrame, VillageWorks
from povsim.quantity import Quantity

Flags: TypeAlias = npt.NDArray[np.bool_]
Doubles: TypeAlias = npt.NDArray[np.float64]
Longs: TypeAlias = npt.NDArray[np.int64]
Texts: TypeAlias = npt.NDArray[np.str_]
Sample: TypeAlias = Callable[[Quantity, int], float]
VillageMeasures: TypeAlias = Mapping[str, VillageWorks | Collective]

AT_START = 0
"""Year of the address of luck that a village has once and for all."""
ORDER, CHANCE, SIZE = 1, 2, 3
"""Lanes of a measure's luck: random order, completion or failure in the year, size of a project."""


class VillageNames(Protocol):
    """What tells villages apart; arrays have one entry per village."""

    @property
    def villages(self) -> Texts:
        """Names, which address luck."""

    @property
    def townships(self) -> Texts:
        """Name of each village's township."""

    @property
    def poor_village(self) -> Flags:
        """Whether the village is registered as poor."""


class VillageGround(VillageNames, Protocol):
    """What a register says about its villages; arrays have one entry per village."""

    @property
    def households(self) -> Longs:
        """Households of the village."""

    @property
    def facilities(self) -> Mapping[str, Flags]:
        """Which villages lack a facility at the start, for the facilities the register knows of."""


class VillagePaths(NamedTuple):
    """What measures for villages do in one draw.

    Attributes
    ----------
    business_gain : array of float64, dims (year, village)
        Logarithm of the factor on gross business income.
    collective : array of int64, dims (year, village)
        Yuan that projects add to the collective income of the year.
    lacking : array of bool, dims (facility, year, village)
        Whether a facility is lacking at the end of the year.
    facilities : tuple of str
        Names of the rows of ``lacking``.
    spending : array of int64, dims (measure, year, village)
        Yuan paid by the payer; what a village raises itself is not part of it.
    recipients : array of int64, dims (measure, year, village)
        Households of the villages in which works or a project were begun in the year.
    """

    business_gain: Doubles
    collective: Longs
    lacking: Flags
    facilities: tuple[str, ...]
    spending: Longs
    recipients: Longs


class WorksPath(NamedTuple):
    """What works on one facility do: ``begun`` has dims (measure, year, village), the others (year, village)."""

    lacking: Flags
    gain: Doubles
    begun: Flags


@dataclass(frozen=True)
class Setting:
    """One draw of one register: the villages, the years, the values of this draw and the address of luck."""

    ground: VillageGround
    span: range
    sample: Sample
    key: npt.NDArray[np.uint64]
    seed: int
    draw: int

    @property
    def villages(self) -> int:
        """Number of villages."""
        return int(self.key.size)

    def luck(self, decision: str, year: int, lane: int) -> Doubles:
        """Return a uniform per village, shape (villages,), of one lane of a decision in a year."""
        return _village_luck(self.key.tobytes(), self.seed, self.draw, year, decision, lane)


@lru_cache(maxsize=2048)
def _village_luck(key: bytes, seed: int, draw: int, year: int, decision: str, lane: int) -> Doubles:
    """Return uniforms of villages, read-only; the scenarios of a run share them."""
    villages = np.frombuffer(key, dtype=np.uint64)
    found = uniforms(villages, seed=seed, draw=draw, year=year, decision=decision, lane=lane).astype(np.float64)
    found.setflags(write=False)
    return found


def village_paths(
    measures: VillageMeasures, ground: VillageGround, span: range, sample: Sample, *, seed: int, draw: int
) -> VillagePaths:
    """Work out what the measures for villages do in one draw.

    Parameters
    ----------
    measures : mapping of str to VillageWorks or Collective
        In the order in which they choose villages; one that is not active still has its (empty) rows.
    ground : VillageGround
        The villages.
    span : range
        Calendar years.
    sample : callable
        ``sample(entry, year)`` is the value of an entry in this draw and year.
    seed, draw : int
        Address of luck.

    Returns
    -------
    VillagePaths
        Facilities are those the register knows of and those the measures name, in the order of ``FACILITIES``.

    Examples
    --------
    A road for the poor village, finished at once: a tenth more gross business income from the year after.

    >>> from types import SimpleNamespace
    >>> def q(value, unit):
    ...     return {"value": value, "unit": unit, "source": "example", "status": "assumed"}
    >>> road = VillageWorks.model_validate(
    ...     {
    ...         "type": "village_works", "facility": "road", "name_zh": "通路", "name_en": "roads",
    ...         "years": (2016, 2016), "payer": {"name_zh": "县", "name_en": "county"}, "lacking": q(1.0, "share"),
    ...         "villages_per_year": q(1, "villages per year"), "cost": q(900_000, "yuan per village"),
    ...         "self_raised": q(0.1, "share"), "completion": q(1.0, "share"), "business_gain": q(0.1, "share"),
    ...     }
    ... )
    >>> ground = SimpleNamespace(
    ...     villages=np.array(["a", "b"]), townships=np.array(["x", "x"]), poor_village=np.array([False, True]),
    ...     households=np.array([300, 200]), facilities={},
    ... )
    >>> paths = village_paths({"road": road}, ground, range(2016, 2018), lambda e, year: e.at(year), seed=1, draw=0)
    >>> paths.lacking[0].tolist(), paths.spending[0].tolist()
    ([[True, False], [True, False]], [[0, 810000], [0, 0]])
    >>> np.exp(paths.business_gain).round(3).tolist(), paths.recipients[0].tolist()
    ([[1.0, 1.0], [1.0, 1.1]], [[0, 200], [0, 0]])
    """
    setting = Setting(ground, span, sample, household_key(ground.villages), seed, draw)
    shape = (len(span), setting.villages)
    business_gain, collective = np.zeros(shape), np.zeros(shape, np.int64)
    begun: dict[str, Flags] = {}
    works = {code: measure for code, measure in measures.items() if isinstance(measure, VillageWorks)}
    facilities = facilities_of(works, ground)
    lacking = np.zeros((len(facilities), *shape), np.bool_)
    for row, facility in enumerate(facilities):
        own = {code: measure for code, measure in works.items() if measure.facility == facility}
        path = works_path(own, lacking_at_start(facility, own, setting), setting)
        lacking[row] = path.lacking
        begun |= dict(zip(own, path.begun, strict=True))
        business_gain += path.gain
    for code, measure in measures.items():
        if isinstance(measure, Collective):
            income, begun[code] = collective_path(code, measure, setting)
            collective += income
    counts = stacked([begun[code] for code in measures], shape)
    price = np.array([[public_cost(measure, year, sample) for year in span] for measure in measures.values()], np.int64)
    spending = counts * price.reshape(len(measures), len(span), 1)
    return VillagePaths(business_gain, collective, lacking, facilities, spending, counts * ground.households)


def stacked(rows: list[Flags], shape: tuple[int, int]) -> Longs:
    """Return flags of measures as whole numbers, dims (measure, year, village); none at all are no rows."""
    return np.array(rows, np.int64).reshape(len(rows), *shape)


def facilities_of(works: Mapping[str, VillageWorks], ground: VillageGround) -> tuple[str, ...]:
    """Return the facilities that the register knows of or that works provide, in the order of ``FACILITIES``."""
    known = {*ground.facilities, *(measure.facility for measure in works.values())}
    return tuple(name for name in FACILITIES if name in known)


def lacking_at_start(facility: str, works: Mapping[str, VillageWorks], setting: Setting) -> Flags:
    """Return which villages lack a facility before the first year, shape (villages,).

    The register says so where it can; elsewhere it is drawn with the share that the first of the works states.
    """
    if facility in setting.ground.facilities:
        return np.array(setting.ground.facilities[facility], np.bool_)
    share = setting.sample(next(iter(works.values())).lacking, setting.span[0])
    return setting.luck(f"villages.{facility}", AT_START, 0) < share


def works_path(works: Mapping[str, VillageWorks], lacking: Flags, setting: Setting) -> WorksPath:
    """Follow one facility through the years: works are begun once in a village, then tried until finished.

    Parameters
    ----------
    works : mapping of str to VillageWorks
        The measures that provide the facility, in the order in which they choose.
    lacking : array of bool, shape (villages,)
        Which villages lack it before the first year.
    setting : Setting
        Villages, years and luck.

    Returns
    -------
    WorksPath
        Works under way go on after the years of their measure; a facility is of use from the year after it is finished.
    """
    shape = (len(setting.span), setting.villages)
    missing, gain = np.zeros(shape, np.bool_), np.zeros(shape)
    begun = np.zeros((len(works), *shape), np.bool_)
    left, untouched = lacking.copy(), lacking.copy()
    under_way = np.zeros((len(works), setting.villages), np.bool_)
    in_use = np.zeros_like(under_way)
    for step, year in enumerate(setting.span):
        for row, (code, measure) in enumerate(works.items()):
            gain[step] += in_use[row] * np.log1p(setting.sample(measure.business_gain, year))
            begun[row, step] = taken_on(code, measure, untouched, year, setting)
            untouched &= ~begun[row, step]
            under_way[row] |= begun[row, step]
            finished = completed(code, measure, under_way[row], year, setting)
            under_way[row] &= ~finished
            in_use[row] |= finished
            left &= ~finished
        missing[step] = left
    return WorksPath(missing, gain, begun)


def completed(code: str, measure: VillageWorks, under_way: Flags, year: int, setting: Setting) -> Flags:
    """Return which of the works under way are finished and accepted in a year, shape (villages,)."""
    if not under_way.any():
        return under_way.copy()
    share = setting.sample(measure.completion, year)
    return under_way & (setting.luck(f"measures.{code}", year, CHANCE) < share)


def collective_path(code: str, measure: Collective, setting: Setting) -> tuple[Longs, Flags]:
    """Follow the projects of one measure: a village has at most one, and what has failed does not come back.

    Parameters
    ----------
    code : str
        Code of the measure.
    measure : Collective
        Its figures.
    setting : Setting
        Villages, years and luck.

    Returns
    -------
    income : array of int64, dims (year, village)
        Whole yuan added to collective income; a project that fails brings nothing in that year.
    begun : array of bool, dims (year, village)
        Projects begun.
    """
    shape = (len(setting.span), setting.villages)
    income, begun = np.zeros(shape, np.int64), np.zeros(shape, np.bool_)
    sd = setting.sample(measure.income_sd, setting.span[0])
    spread = mean_one(setting.luck(f"measures.{code}", AT_START, SIZE), sd)
    untouched = np.ones(setting.villages, np.bool_)
    alive = np.zeros(setting.villages, np.bool_)
    for step, year in enumerate(setting.span):
        begun[step] = taken_on(code, measure, untouched, year, setting)
        untouched &= ~begun[step]
        alive |= begun[step]
        if alive.any():
            alive &= setting.luck(f"measures.{code}", year, CHANCE) >= setting.sample(measure.failure, year)
            size = np.where(begun[step], setting.sample(measure.first_year, year), 1.0)
            income[step] = whole_yuan(setting.sample(measure.income_per_year, year) * spread * size) * alive
    return income, begun


def taken_on(code: str, measure: VillageFrame, waiting: Flags, year: int, setting: Setting) -> Flags:
    """Return which waiting villages a measure newly takes on in a year, shape (villages,).

    A capacity of two and a half villages a year takes on two.
    """
    if not measure.active or not measure.years[0] <= year <= measure.years[1]:
        return np.zeros(setting.villages, np.bool_)
    # a capacity worked out as 2.9999999999 is three villages
    number = int(np.floor(setting.sample(measure.villages_per_year, year) + 1e-9))
    candidates = waiting & eligible(measure, setting.ground)
    if number >= np.count_nonzero(candidates):
        return candidates
    return first_in_order(candidates, sort_key(code, measure, year, setting), number)


def eligible(measure: Filter | VillageFrame, ground: VillageNames) -> Flags:
    """Return which villages a measure is for, shape (villages,).

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> measure = SimpleNamespace(townships=("x",), villages=(), poor_villages_only=True)
    >>> villages, townships = np.array(["a", "b", "c"]), np.array(["x", "x", "y"])
    >>> poor = np.array([True, False, True])
    >>> eligible(measure, SimpleNamespace(villages=villages, townships=townships, poor_village=poor)).tolist()
    [True, False, False]
    """
    chosen = np.ones(ground.villages.shape, np.bool_)
    if measure.townships:
        chosen &= np.isin(ground.townships, measure.townships)
    if measure.villages:
        chosen &= np.isin(ground.villages, measure.villages)
    if measure.poor_villages_only:
        chosen &= ground.poor_village
    return chosen


def sort_key(code: str, measure: VillageFrame, year: int, setting: Setting) -> Doubles:
    """Return the key by which villages stand in line, the smallest first, shape (villages,)."""
    if measure.priority == "random":
        return setting.luck(f"measures.{code}", year, ORDER)
    if measure.priority == "largest_first":
        return -setting.ground.households.astype(np.float64)
    return (~setting.ground.poor_village).astype(np.float64)


def first_in_order(waiting: Flags, key: Doubles, number: int) -> Flags:
    """Return the first ``number`` of those waiting by key, ties in the order of the villages, shape (villages,).

    Examples
    --------
    >>> first_in_order(np.array([True, True, False, True]), np.array([2.0, 1.0, 0.0, 1.0]), 1).tolist()
    [False, True, False, False]
    """
    places = np.flatnonzero(waiting)
    chosen = np.zeros_like(waiting)
    chosen[places[np.argsort(key[places], kind="stable")][:number]] = True
    return chosen


def public_cost(measure: VillageFrame, year: int, sample: Sample) -> int:
    """Return what the payer pays for one village begun in a year, whole yuan."""
    raised = sample(measure.self_raised, year) if isinstance(measure, VillageWorks) else 0.0
    return int(whole_yuan(np.array(sample(measure.cost, year) * (1.0 - raised))))


def mean_one(u: Doubles, sd: float) -> Doubles:
    """Return lognormal factors with mean one at quantiles ``u``, ``sd`` in log points, of the shape of ``u``.

    Examples
    --------
    >>> mean_one(np.array([0.5, 0.975]), 0.4).round(3).tolist()
    [0.923, 2.022]
    """
    factors: Doubles = np.exp(sd * ndtri(u) - 0.5 * sd * sd)
    return factors


def whole_yuan(amount: Doubles) -> Longs:
    """Round to whole yuan, halves up, keeping the shape.

    Examples
    --------
    >>> whole_yuan(np.array([0.5, 1.49])).tolist()
    [1, 1]
    """
    return np.floor(amount + 0.5).astype(np.int64)
