"""Kinds of figures in a margins file: shares, counts, amounts, and what a set of shares has to add up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator

from povsim.quantity import Quantity

SUM_TOLERANCE = 1e-6
"""Shares that should add up to one may miss it by this much."""


def values_of(quantity: Quantity) -> Iterable[float]:
    """Return the values of all dates."""
    return quantity.value.values() if isinstance(quantity.value, dict) else [quantity.value]


def checked(low: float, high: float, what: str, *, whole: bool = False) -> AfterValidator:
    """Return a rule on every value of a quantity: bounds, and whether it is a whole number."""

    def check(quantity: Quantity) -> Quantity:
        wrong = [f"{x:g}" for x in values_of(quantity) if not low <= x <= high or (whole and x != int(x))]
        if wrong:
            raise ValueError(f"should be {what}; found {', '.join(wrong)}")
        return quantity

    return AfterValidator(check)


Share = Annotated[Quantity, checked(0, 1, "a share between 0 and 1")]
Correlation = Annotated[Quantity, checked(-0.95, 0.95, "a correlation between -0.95 and 0.95")]
Count = Annotated[Quantity, checked(0, 1e9, "a whole number, zero or more", whole=True)]
Amount = Annotated[Quantity, checked(0, 1e12, "zero or more")]
Positive = Annotated[Quantity, checked(1e-9, 1e12, "more than zero")]


def check_sum(shares: Mapping[Any, Quantity]) -> None:
    """Refuse shares that do not add up to one."""
    total = sum(next(iter(values_of(share))) for share in shares.values())
    if abs(total - 1) > SUM_TOLERANCE:
        raise ValueError(f"shares should add up to 1; found {total:.6g}")


def check_most(what: str, *shares: Quantity) -> None:
    """Refuse shares that exceed one together."""
    if (total := sum(max(values_of(share)) for share in shares)) > 1:
        raise ValueError(f"the shares of {what} should not exceed 1 together; found {total:.6g}")
