"""Two Lorenz curves in formulas, and whether each is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_NEAR_ZERO = 0.001
"""Where the slope of the Beta curve at the bottom is judged: at zero itself it is minus infinity or one."""

_MOST = 0.9
"""A quadratic curve that ends below this share of all income is none."""


@dataclass(frozen=True)
class GeneralQuadratic:
    """The General Quadratic Lorenz curve: L (1 - L) = a (p^2 - L) + b L (p - 1) + c (p - L).

    Attributes
    ----------
    a, b, c : float
        Parameters.
    squares : float
        Sum of squared differences from the L that were fitted.

    References
    ----------
    J. Villasenor and B. Arnold, "Elliptical Lorenz curves", 10.1016/0304-4076(89)90089-4.
    """

    a: float
    b: float
    c: float
    squares: float = float("nan")

    @property
    def ellipse(self) -> tuple[float, float, float]:
        """Return e, m and n: L = -(b p + e + sqrt(m p^2 + n p + e^2)) / 2."""
        e = -(self.a + self.b + self.c + 1.0)
        return e, self.b**2 - 4.0 * self.a, 2.0 * self.b * e - 4.0 * self.c

    def _root(self, p: Any) -> Any:
        e, m, n = self.ellipse
        with np.errstate(invalid="ignore"):
            return np.sqrt((m * p + n) * p + e * e)

    def ordinate(self, p: Any) -> Any:
        """Return L, the share of income of the poorest share p of persons."""
        p = np.asarray(p, dtype=np.float64)
        return -(self.b * p + self.ellipse[0] + self._root(p)) / 2.0

    def slope(self, p: Any) -> Any:
        """Return income at rank p over the mean."""
        p = np.asarray(p, dtype=np.float64)
        _, m, n = self.ellipse
        with np.errstate(invalid="ignore", divide="ignore"):
            return -self.b / 2.0 - (2.0 * m * p + n) / (4.0 * self._root(p))

    @property
    def faults(self) -> tuple[str, ...]:
        """Return why the curve is no Lorenz curve, empty where it is one.

        It passes (0, 0), does not fall at the bottom and bends upwards everywhere; the second derivative is
        (n^2 - 4 m e^2) / (8 (m p^2 + n p + e^2)^(3/2)). With a + c below 1 it ends at a + c: the rest of all income is
        the very richest's. As PovcalNet has it, that is let pass down to 0.9.
        """
        e, m, n = self.ellipse
        lowest = min(e * e, m + n + e * e, (e * e - n * n / (4 * m)) if m > 0 and 0 < -n < 2 * m else np.inf)
        rules = (
            (e < 0, f"does not pass (0, 0): e = {e:.6g} should be below 0"),
            (
                self.a + self.c >= _MOST,
                f"ends far below (1, 1): a + c = {self.a + self.c:.6g} should be {_MOST} or more",
            ),
            (self.c >= 0, f"starts with negative incomes: c = {self.c:.6g} should be 0 or more"),
            (lowest > 0, f"does not exist everywhere: m p^2 + n p + e^2 falls to {lowest:.6g}"),
            (n * n >= 4 * m * e * e, f"bends downwards: n^2 - 4 m e^2 = {n * n - 4 * m * e * e:.6g}"),
        )
        return tuple(fault for holds, fault in rules if not holds)


@dataclass(frozen=True)
class Beta:
    """The Beta Lorenz curve: L = p - theta p^gamma (1 - p)^delta.

    Attributes
    ----------
    theta, gamma, delta : float
        Parameters.
    squares : float
        Sum of squared differences from the L that were fitted.

    References
    ----------
    N. Kakwani, "On a class of poverty measures", 10.2307/1911106.
    """

    theta: float
    gamma: float
    delta: float
    squares: float = float("nan")

    def ordinate(self, p: Any) -> Any:
        """Return L, the share of income of the poorest share p of persons."""
        p = np.asarray(p, dtype=np.float64)
        return p - self.theta * p**self.gamma * (1.0 - p) ** self.delta

    def slope(self, p: Any) -> Any:
        """Return income at rank p over the mean."""
        p = np.asarray(p, dtype=np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            rise = self.gamma * p ** (self.gamma - 1.0) * (1.0 - p) ** self.delta
            fall = self.delta * p**self.gamma * (1.0 - p) ** (self.delta - 1.0)
            return 1.0 - self.theta * (rise - fall)

    @property
    def faults(self) -> tuple[str, ...]:
        """Return why the curve is no Lorenz curve, empty where it is one.

        With gamma and delta from 0 to 1 it bends upwards everywhere. Incomes of the very poorest are negative wherever
        gamma is below 1; as PovcalNet has it, that is let pass where it has ended at the poorest 0.1 %.
        """
        low = float(self.slope(_NEAR_ZERO))
        rules = (
            (self.theta > 0, f"is above the diagonal: theta = {self.theta:.6g} should be above 0"),
            (0 < self.gamma <= 1, f"bends downwards at the bottom: gamma = {self.gamma:.6g} should be 0 to 1"),
            (0 < self.delta <= 1, f"bends downwards at the top: delta = {self.delta:.6g} should be 0 to 1"),
            (low >= 0, f"starts with negative incomes: {low:.6g} of the mean at the poorest {_NEAR_ZERO:.1%}"),
        )
        return tuple(fault for holds, fault in rules if not holds)


Curve = GeneralQuadratic | Beta
