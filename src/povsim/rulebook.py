"""What documents say: exit standards for households, villages and counties, and targets, read from YAML."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import Field, GetCoreSchemaHandler, model_validator
from pydantic_core import CoreSchema, core_schema

from povsim.quantity import Quantity, Rule

Comparison = Literal[">", ">=", "<", "<="]
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
    status: Literal["documented", "estimated", "assumed"]


class Counts(Rule):
    """What counts as income when the standard is tested; localities differ."""

    pension: bool = True
    dibao: bool = True
    one_off: bool = True
    medical_cost: bool = True
    source: str
    status: Literal["documented", "estimated", "assumed"]


class HouseholdStandard(Rule):
    """When a household may be declared out of poverty."""

    tests: Annotated[tuple[IncomeTest | GuaranteeTest, ...], Field(min_length=1, max_length=MOST_HOUSEHOLD_TESTS)]
    counts: Counts
    stability_years: Annotated[Quantity, Meaning("years", "稳定年限", "years in a row above the standard", 1, 20)]

    @model_validator(mode="after")
    def _income_first(self) -> HouseholdStandard:
        kinds = [test.type for test in self.tests]
        if kinds[0] != "income" or kinds.count("income") != 1:
            raise ValueError("the first test, and only the first, should be of type income")
        codes = [test.code for test in self.tests]
        if len(set(codes)) < len(codes):
            raise ValueError("two tests share a code")
        return self


class VillageTest(Named):
    """One condition of a village's exit."""

    code: str
    column: Literal["incidence", "mean_income", "collective_income"]
    comparison: Comparison
    threshold: Quantity
    of: Literal["nothing", "province_mean_income"] = "nothing"
    veto: bool = True

    @model_validator(mode="after")
    def _unit(self) -> VillageTest:
        units = {
            "incidence": "share",
            "mean_income": "share" if self.of == "province_mean_income" else "yuan per head and year",
            "collective_income": "yuan per village and year",
        }
        _check_unit(self.threshold, units[self.column])
        return self


class CountyTest(Named):
    """One condition of a county's exit, checked against the truth and against what inspectors see."""

    code: str
    column: Literal["composite_incidence", "wrong_exit_rate", "omission_rate"]
    comparison: Comparison
    threshold: Annotated[Quantity, a_share("阈值", "threshold")]


class ExitStandard(Named):
    """Exit standards of households, villages and counties, with the document they come from."""

    code: str
    document: str
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
