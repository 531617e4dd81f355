"""What is known, or has to be assumed, about the rural population of a county: the margins a register is built from."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from povsim.errors import InputError, Problem, nearest
from povsim.margins_fields import (
    Amount,
    Correlation,
    Count,
    Positive,
    Share,
    check_most,
    check_sum,
    values_of,
)
from povsim.margins_income import Income
from povsim.quantity import Quantity, Rule, Year, read_yaml, validate
from povsim.terms import CAUSES

SUFFIX = ".margins.yaml"
Size = Annotated[int, Field(ge=1, le=30)]


def _named(entry: object) -> object:
    return {"name_zh": entry} if isinstance(entry, str) else entry


class Village(Rule):
    """A village, a community or another assessed unit; in a file a bare name will do where no more is known."""

    name_zh: Annotated[str, Field(min_length=1)]
    name_en: str = ""
    kind: Literal["village", "community", "area"] = "village"
    poor: bool = False
    households: Count | None = None
    persons: Count | None = None
    registered_households: Count | None = None
    registered_persons: Count | None = None


NamedVillage = Annotated[Village, BeforeValidator(_named)]


class Township(Rule):
    """A township with its villages and communities; totals are given where they are known."""

    name_zh: Annotated[str, Field(min_length=1)]
    name_en: str = ""
    villages: tuple[NamedVillage, ...] = ()
    communities: tuple[NamedVillage, ...] = ()
    households: Count | None = None
    persons: Count | None = None
    registered_households: Count | None = None
    registered_persons: Count | None = None

    @model_validator(mode="after")
    def _has_villages(self) -> Township:
        names = [unit.name_zh for unit in self.units()]
        if not names:
            raise ValueError("a township needs at least one village or community")
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"names given twice: {', '.join(twice)}")
        return self

    def units(self) -> tuple[Village, ...]:
        """Return villages and communities, the latter marked as such."""
        return self.villages + tuple(unit.model_copy(update={"kind": "community"}) for unit in self.communities)


class Population(Rule):
    """Rural households and persons; the county's totals may be left out where every township or village has its own."""

    households: Count | None = None
    persons: Count | None = None
    community_ratio: Amount
    """Rural households of a community relative to those of a village."""
    village_size_sd: Amount
    """Standard deviation of the log of village sizes."""


class HouseholdSize(Rule):
    """Distribution of household sizes; tilted until the mean is that of the population."""

    shares: dict[Size, Share]
    income_correlation: Correlation | None = None
    """Latent correlation of size and income per head; needed unless ``income.reference_mean`` settles it."""

    @model_validator(mode="after")
    def _adds_up(self) -> HouseholdSize:
        check_sum(self.shares)
        sizes = sorted(self.shares)
        if sizes != list(range(sizes[0], sizes[-1] + 1)) or min(min(values_of(s)) for s in self.shares.values()) <= 0:
            raise ValueError("sizes should follow one another without gaps, each with a share above zero")
        return self


class PersonShare(Rule):
    """Share of all persons with an attribute, and its link to income (log odds per standard unit of log income)."""

    share: Share
    income_link: Quantity


class People(Rule):
    """Who lives in the households."""

    workers: PersonShare
    students: PersonShare
    ill: PersonShare
    disabled: PersonShare


class Guarantee(Rule):
    """Shares of households for which a guarantee is not met."""

    registered: Share
    unregistered: Share
    exited: Share | None = None
    """Of exited households; as unregistered ones where left out."""
    about: Literal["everyone", "students"] = "everyone"


class Guarantees(Rule):
    """Failure of the guarantees: a common factor makes them go together and with low income."""

    rates: Annotated[dict[str, Guarantee], Field(min_length=1)]
    common_factor: Share
    """Part of the latent variance that all guarantees share."""
    income_link: Share
    """Correlation of the common factor with low income."""


class Registration(Rule):
    """Who is on the register, and who has already left it, at the end of the margins' year."""

    households: Count | None = None
    persons: Count | None = None
    registered_year: Quantity
    exited_share: Share
    exit_years: dict[Year, Share]
    poor_villages: Count
    poor_village_ratio: Positive
    """Registered share in a poor village over that in another."""
    village_sd: Amount
    """Standard deviation of the log of the registered share over villages."""
    identification_error: Amount
    """Standard deviation of the noise in the choice, in log points of permanent income."""
    guarantee_weight: Amount
    """Log points of income one standard unit of the guarantees' common factor counts for."""
    illness_weight: Amount
    """Log points of income a member with an illness counts for."""

    @model_validator(mode="after")
    def _adds_up(self) -> Registration:
        check_sum(self.exit_years)
        return self


class Categories(Rule):
    """Categories as shares of all households ever registered, and dibao among the others."""

    dibao: Share
    tekun: Share
    dibao_unregistered: Share


class Housing(Rule):
    """Dwelling area per head, square metres."""

    area_per_head: Positive
    income_elasticity: Quantity
    sd: Amount


class CollectiveIncome(Rule):
    """Yearly income of the village collective."""

    mean: Amount
    sd: Amount
    poor_village_ratio: Positive


class Margins(Rule):
    """Everything needed to build the rural population of one county.

    Every number is a :class:`povsim.quantity.Quantity` with unit, source and status.
    """

    code: str
    name_zh: str
    name_en: str
    year: Year
    currency: str = "CNY"
    source: str = ""
    note: str = ""
    townships: Annotated[tuple[Township, ...], Field(min_length=1)]
    population: Population
    household_size: HouseholdSize
    income: Income
    people: People
    guarantees: Guarantees
    registration: Registration
    causes: dict[str, Share]
    categories: Categories
    housing: Housing
    collective_income: CollectiveIncome

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Margins:
        names = [township.name_zh for township in self.townships]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"townships given twice: {', '.join(twice)}")
        known = [term.code for term in CAUSES]
        for cause in self.causes:
            if cause not in known:
                raise ValueError(f"unknown cause {cause!r}; allowed: {', '.join(known)}; {nearest(cause, known)}")
        check_sum(self.causes)
        check_most("workers and students", self.people.workers.share, self.people.students.share)
        check_most("dibao and tekun", self.categories.dibao, self.categories.tekun)
        if self.household_size.income_correlation is None and self.income.reference_mean is None:
            raise ValueError("give household_size.income_correlation, or income.reference_mean beside the quintiles")
        return self

    @model_validator(mode="after")
    def _has_a_lorenz_curve(self) -> Margins:
        if self.income.lorenz is None:
            return self
        try:
            self.income.lorenz.curve(self.year)
        except InputError as error:
            raise ValueError("income.lorenz: " + "; ".join(problem.line() for problem in error.problems)) from None
        except ValueError as error:
            raise ValueError(f"income.lorenz: {error}") from None
        return self


def read_margins(margins: Margins | Mapping[str, Any] | str | Path) -> Margins:
    """Read margins from a file, a shipped name or plain data.

    Parameters
    ----------
    margins : Margins, mapping, str or Path
        A ready object (returned as it is), plain data, a path, or the name of a shipped file such as ``sample``.

    Raises
    ------
    InputError
        Every problem of the file at once.

    Examples
    --------
    >>> margins = read_margins("sample")
    >>> margins.year, len(margins.townships)
    (2015, 2)
    """
    if isinstance(margins, Margins):
        return margins
    if isinstance(margins, Mapping):
        return validate(Margins, dict(margins), "margins")
    path = Path(margins)
    if not path.is_file() and path.name == str(margins):
        path = _shipped(path.name)
    return validate(Margins, read_yaml(path), str(margins))


def shipped_margins() -> list[str]:
    """Return the names of the margins files that ship with the package.

    Examples
    --------
    >>> "sample" in shipped_margins()
    True
    """
    return sorted({path.name.removesuffix(SUFFIX) for folder in _folders() for path in folder.glob(f"*{SUFFIX}")})


def _folders() -> list[Path]:
    # Installed wheels hold the files inside the package, a source tree beside it.
    places = [Path(str(files("povsim"))) / "data" / "scenarios", Path(__file__).parents[2] / "scenarios"]
    return [place for place in places if place.is_dir()]


def _shipped(name: str) -> Path:
    for folder in _folders():
        for path in (folder / f"{name}{SUFFIX}", folder / name):
            if path.is_file():
                return path
    known = shipped_margins()
    problem = Problem("file", "neither a file nor a shipped name", name, ", ".join(known), nearest(name, known))
    raise InputError(name, [problem])
