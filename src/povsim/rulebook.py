"""What documents say: exit standards for households, villages and counties, and targets, read from YAML."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import Field, GetCoreSchemaHandler, model_validator
from pydantic_core import CoreSchema, core_schema

from povsim.quantity import EvidenceStatus, Quantity, Rule

Comparison = Literal[">", ">=", "<", "<="]
Facility = Literal["road", "power", "broadband", "broadcasting", "clinic", "culture_room", "services"]
MOST_HOUSEHOLD_TESTS = 15
"""A household's pattern of failures is kept in fifteen bits."""


@dataclass(frozen=True)
class Meaning:
    """What a numeric entry stands for: its one unit, its labels, and the range that makes sense."""

    unit: str
    zh: str
    en: str
    low: float = float("-inf")
    high: float = float("inf")

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check unit and range whenever an entry is read."""
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def _check(self, entry: Quantity | None) -> Quantity | None:
        if entry is None:
            return None
        _check_unit(entry, self.unit)
        values = entry.value.values() if isinstance(entry.value, dict) else [entry.value]
        wrong = [value for value in values if not self.low <= value <= self.high]
        if wrong:
            raise ValueError(f"should lie between {self.low:g} and {self.high:g} {self.unit}; found {wrong[0]:g}")
        return entry


def _in_other_money(found: str, unit: str) -> bool:
    """Tell whether a unit is the one expected with another country's currency code in the place of yuan."""
    code, _, rest = found.partition(" ")
    return len(code) == 3 and code.isalpha() and code.isupper() and rest == unit.partition(" ")[2]


def _check_unit(entry: Quantity, unit: str) -> None:
    if entry.unit != unit and not (unit.startswith("yuan ") and _in_other_money(entry.unit, unit)):
        raise ValueError(f"the unit should be '{unit}'; found '{entry.unit}'")


def a_share(zh: str, en: str) -> Meaning:
    """Return the meaning of a share between 0 and 1."""
    return Meaning("share", zh, en, 0.0, 1.0)


class Named(Rule):
    """An entry with a name in both languages."""

    name_zh: str
    name_en: str

    def label(self, lang: str) -> str:
        """Return the name in the language asked for."""
        return self.name_zh if lang == "zh" else self.name_en


class IncomeTest(Named):
    """Counted income per head against a line; the first test of every household standard."""

    type: Literal["income"]
    code: str = "income"
    comparison: Literal[">", ">="]
    line: Annotated[Quantity | None, Meaning("yuan per head and year", "收入标准", "income line", 0.0)] = None
    line_quantile: Annotated[
        Quantity | None, a_share("收入标准所在分位", "quantile of base-year income that is the line")
    ] = None
    veto: bool = True

    @model_validator(mode="after")
    def _one_line(self) -> IncomeTest:
        if (self.line is None) == (self.line_quantile is None):
            raise ValueError("give one of line (an amount) and line_quantile (a share of the base-year population)")
        return self


class GuaranteeTest(Named):
    """A guarantee that has to be met."""

    type: Literal["guarantee"]
    code: str
    guarantee: str
    veto: bool = True
    source: str
    status: EvidenceStatus


class GrowthTest(Named):
    """Income per head has grown by more than the province's mean; asked of households with labour."""

    type: Literal["growth"]
    code: str = "growth"
    veto: bool = True
    source: str
    status: EvidenceStatus


class ActivityTest(Named):
    """A main industry or a job: wages and gross business income reach an amount; asked of households with labour."""

    type: Literal["activity"]
    code: str = "activity"
    least: Annotated[Quantity, Meaning("yuan per household and year", "最低经营与工资收入", "least earnings", 0.0)]
    veto: bool = True


HouseholdTest = Annotated[IncomeTest | GuaranteeTest | GrowthTest | ActivityTest, Field(discriminator="type")]


class Counts(Rule):
    """What counts as income when the standard is tested; localities differ."""

    pension: bool = True
    dibao: bool = True
    one_off: bool = True
    medical_cost: bool = True
    schooling_cost: bool = False
    source: str
    status: EvidenceStatus


class HouseholdStandard(Rule):
    """When a household may be declared out of poverty."""

    tests: Annotated[tuple[HouseholdTest, ...], Field(min_length=1, max_length=MOST_HOUSEHOLD_TESTS)]
    counts: Counts
    stability_years: Annotated[Quantity, Meaning("years", "稳定年限", "years in a row above the standard", 1, 20)]

    @model_validator(mode="after")
    def _income_first(self) -> HouseholdStandard:
        kinds = [test.type for test in self.tests]
        if kinds[0] != "income" or kinds.count("income") != 1:
            raise ValueError("the first test, and only the first, should be of type income")
        for kind in ("growth", "activity"):
            if kinds.count(kind) > 1:
                raise ValueError(f"at most one test should be of type {kind}")
        codes = [test.code for test in self.tests]
        if len(set(codes)) < len(codes):
            raise ValueError("two tests share a code")
        return self


class VillageTest(Named):
    """One condition of a village's exit.

    ``incidence`` is registered and relapsed persons over all; ``poor_without_relapses`` counts them without those who
    fell back on the register in the year; ``mean_income`` is income per head; ``collective_income`` is the village's
    own. ``facilities`` counts what is there: of one facility, of ``all`` that the scenario models (a share), or of the
    ``haves`` a document lists, each made up of facilities. What a scenario does not model is never held against a
    village.
    """

    code: str
    column: Literal["incidence", "poor_without_relapses", "mean_income", "collective_income", "facilities"]
    comparison: Comparison
    threshold: Quantity
    of: Literal["nothing", "province_mean_income"] = "nothing"
    facility: Facility | Literal["all", "haves"] | None = None
    haves: dict[str, tuple[Facility, ...]] = Field(default_factory=dict)
    veto: bool = True

    @model_validator(mode="after")
    def _unit(self) -> VillageTest:
        units = {
            "incidence": "share",
            "poor_without_relapses": "persons",
            "mean_income": "share" if self.of == "province_mean_income" else "yuan per head and year",
            "collective_income": "yuan per village and year",
            "facilities": "share" if self.facility == "all" else "facilities",
        }
        _check_unit(self.threshold, units[self.column])
        if self.of == "province_mean_income" and self.column != "mean_income":
            raise ValueError(f"of: province_mean_income goes with column mean_income; found {self.column}")
        return self

    @model_validator(mode="after")
    def _facility(self) -> VillageTest:
        if (self.facility is not None) != (self.column == "facilities"):
            raise ValueError("facility should be given with column facilities, and only with it")
        if bool(self.haves) != (self.facility == "haves"):
            raise ValueError("a list of haves should be given with facility haves, and only with it")
        value = self.threshold.value
        if self.haves and max(value.values() if isinstance(value, dict) else [value]) > len(self.haves):
            raise ValueError(f"the threshold should be at most the {len(self.haves)} haves that are listed")
        return self


class CountyTest(Named):
    """One condition of a county's exit, checked against the truth and against what inspectors see.

    Whether a rate at the bound itself passes is said by the comparison; documents disagree.
    """

    code: str
    column: Literal["composite_incidence", "wrong_exit_rate", "omission_rate", "approval"]
    comparison: Comparison
    threshold: Annotated[Quantity, a_share("阈值", "threshold")]


class ExitStandard(Named):
    """Exit standards of households, villages and counties, with the document they come from."""

    code: str
    document: str
    note_zh: str = ""
    note_en: str = ""
    household: HouseholdStandard
    village: tuple[VillageTest, ...] = ()
    county: tuple[CountyTest, ...] = ()


class Target(Named):
    """A figure that the county has to reach in given years.

    ``headcount_ratio`` is true poverty by income; ``registered_ratio`` is what the register says;
    ``composite_incidence`` adds omissions and wrong exits to the register; ``exits`` counts persons declared out of
    poverty in the year; ``villages_passing`` counts villages that pass.
    """

    code: str
    measure: Literal["headcount_ratio", "registered_ratio", "composite_incidence", "exits", "villages_passing"]
    comparison: Comparison
    value: Quantity

    @model_validator(mode="after")
    def _unit(self) -> Target:
        _check_unit(self.value, {"exits": "persons", "villages_passing": "villages"}.get(self.measure, "share"))
        return self

    def holds(self, numerator: int, denominator: int, year: int) -> bool:
        """Compare a ratio of whole numbers with the target of the year, exactly.

        Examples
        --------
        >>> entry = Quantity(value=0.02, unit="share", source="national rule", status="documented")
        >>> below = Target(name_zh="", name_en="", code="t", measure="registered_ratio", comparison="<", value=entry)
        >>> below.holds(2, 100, 2016), below.holds(199, 10000, 2016)
        (False, True)
        """
        bound = Fraction(repr(self.value.at(year)))
        return compare_exactly(numerator * bound.denominator, self.comparison, bound.numerator * denominator)

    def applies(self, year: int) -> bool:
        """Tell whether the target is set for a year: a dated path sets it for the years it names."""
        return year in self.value.value if isinstance(self.value.value, dict) else True


def compare_exactly(left: int, comparison: Comparison, right: int) -> bool:
    """Compare two whole numbers.

    Examples
    --------
    >>> compare_exactly(2, "<", 2), compare_exactly(2, "<=", 2)
    (False, True)
    """
    return {">": left > right, ">=": left >= right, "<": left < right, "<=": left <= right}[comparison]
