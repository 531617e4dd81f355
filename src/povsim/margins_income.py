"""What is known of incomes: level, spread, tails and composition."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from povsim.margins_fields import Amount, Positive, Share, check_sum, checked, values_of
from povsim.poverty.lorenz import fit_best
from povsim.poverty.lorenz_curves import Beta, Curve, GeneralQuadratic
from povsim.quantity import Quantity, Rule


class BySource(Rule):
    """One entry for each of the four official sources of income."""

    wage: Quantity
    business: Quantity
    property: Quantity
    transfer: Quantity


class SourceShares(BySource):
    """Shares of the four sources in net income; they add up to one."""

    wage: Share
    business: Share
    property: Share
    transfer: Share

    @model_validator(mode="after")
    def _adds_up(self) -> SourceShares:
        check_sum({name: getattr(self, name) for name in ("wage", "business", "property", "transfer")})
        return self


class Headcount(Rule):
    """A published share of people below a line, met before everything else but the mean."""

    line: Positive
    share: Annotated[Quantity, checked(1e-9, 1 - 1e-9, "a share above 0 and below 1")]
    of: Literal["persons", "households"] = "persons"
    gap: Share | None = None
    """Poverty gap at the line: mean shortfall over the line, of all persons."""

    @model_validator(mode="after")
    def _gap_goes_with_share(self) -> Headcount:
        if self.gap is not None and self.of != "persons":
            raise ValueError("a poverty gap belongs to a share of persons")
        if self.gap is not None and max(values_of(self.gap)) >= min(values_of(self.share)):
            raise ValueError("the poverty gap should be below the share of the poor")
        return self


class LorenzPoint(Rule):
    """One point of grouped data: the poorest so many, and what they have together."""

    persons: Share
    income: Share


class QuadraticParameters(Rule):
    """A published General Quadratic Lorenz curve."""

    a: Quantity
    b: Quantity
    c: Quantity


class BetaParameters(Rule):
    """A published Beta Lorenz curve."""

    theta: Quantity
    gamma: Quantity
    delta: Quantity


class Lorenz(Rule):
    """Grouped data, or the parameters of a curve that somebody fitted to them."""

    points: Annotated[tuple[LorenzPoint, ...], Field(min_length=4)] | None = None
    """Running shares, the poorest first; of the two curves the better one that holds is taken."""
    general_quadratic: QuadraticParameters | None = None
    beta: BetaParameters | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Lorenz:
        if sum(part is not None for part in (self.points, self.general_quadratic, self.beta)) != 1:
            raise ValueError("give one of points, general_quadratic and beta")
        return self

    def curve(self, year: int, *, line_over_mean: float | None = None) -> Curve:
        """Return the Lorenz curve of a year.

        Parameters
        ----------
        year : int
            Year of the figures.
        line_over_mean : float, optional
            Poverty line over the mean, up to which curves fitted to points are compared.

        Raises
        ------
        InputError
            Points that neither curve holds for.
        ValueError
            Parameters of what is no Lorenz curve.
        """
        if self.points is not None:
            shares = [[point.persons.at(year), point.income.at(year)] for point in self.points]
            persons, income = zip(*shares, strict=True)
            return fit_best(persons, income, line_over_mean=line_over_mean)
        curve: Curve
        if self.beta is not None:
            curve = Beta(*(part.at(year) for part in (self.beta.theta, self.beta.gamma, self.beta.delta)))
        else:
            assert self.general_quadratic is not None
            parts = self.general_quadratic
            curve = GeneralQuadratic(*(part.at(year) for part in (parts.a, parts.b, parts.c)))
        if curve.faults:
            raise ValueError("; ".join(curve.faults))
        return curve


class Income(Rule):
    """Level, spread, tails and composition of income per head in the margins' year."""

    mean: Positive
    median: Positive | None = None
    """Of persons."""
    known_headcounts: tuple[Headcount, ...] = ()
    quintiles: tuple[Positive, Positive, Positive, Positive, Positive] | None = None
    """Mean income per head in the fifths of households ranked by income per head, lowest first."""
    reference_mean: Positive | None = None
    """Mean income per head of the population the quintiles describe; it settles how much larger poor households are."""
    dispersion: Positive | None = None
    """Log spread in the county over log spread in the population the quintiles describe; 1 where left out."""
    gini: Annotated[Quantity, checked(0.01, 0.9, "a Gini coefficient between 0.01 and 0.9")] | None = None
    lorenz: Lorenz | None = None
    township_sd: Amount
    village_sd: Amount
    transitory_share: Share
    sources: SourceShares
    source_slopes: BySource
    """Change of the log of a source's weight per standard unit of log income."""
    production_cost_share: Annotated[Quantity, checked(0, 0.95, "a share between 0 and 0.95")]
    loss_share: Share
    """Households whose business runs at a loss."""
    loss_size: Amount
    """Size of such a loss relative to the household's net income."""
    pension_share: Share
    dibao_benefit: Amount

    @model_validator(mode="after")
    def _one_shape(self) -> Income:
        if sum(part is not None for part in (self.quintiles, self.gini, self.lorenz)) != 1:
            raise ValueError(
                "give either the five quintile means or the Gini coefficient or a Lorenz curve, and not more"
            )
        if self.quintiles is None and (self.reference_mean or self.dispersion):
            raise ValueError("reference_mean and dispersion belong to quintiles, not to a Gini coefficient or a curve")
        means = [] if self.quintiles is None else [max(values_of(quantity)) for quantity in self.quintiles]
        if any(later <= earlier for earlier, later in pairwise(means)):
            raise ValueError("quintile means should rise from the lowest to the highest fifth")
        return self

    @model_validator(mode="after")
    def _headcounts_rise(self) -> Income:
        for of in ("persons", "households"):
            known = [item for item in self.known_headcounts if item.of == of]
            pairs = sorted((max(values_of(item.line)), max(values_of(item.share))) for item in known)
            for (line, share), (next_line, next_share) in pairwise(pairs):
                if next_line <= line or next_share <= share:
                    raise ValueError(
                        "known headcounts should rise with their lines; "
                        f"found {share:g} below {line:g} and {next_share:g} below {next_line:g}"
                    )
        return self
