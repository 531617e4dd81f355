"""Poverty, inequality and deprivation measures on weighted arrays, with their errors and their sources.

Names are loaded when first used. Conventions hold for all measures: a person is poor with an income strictly below the
line; numbers are compared as they are stored, never rounded to another precision; incomes below zero count as zero in
gaps; ``weight`` counts persons (a household's size times its survey weight), and a weight of two is the same as two
persons alike; NumPy arrays reduce over their last axis, DataArrays over ``household``, ``person``, ``dim`` or the only
dim they have.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from povsim.poverty.changes import datt_ravallion, growth_incidence, shapley_change
    from povsim.poverty.dynamics import chronic_transient, spell_hazards, transition_matrix, vulnerability
    from povsim.poverty.gaps import exit_time, fgt, headcount_ratio, poverty_gap, poverty_severity, watts
    from povsim.poverty.inequality import atkinson, gini, hoover, mean_income, theil_l, theil_t
    from povsim.poverty.multidimensional import adjusted_gap, alkire_foster
    from povsim.poverty.poor_ranks import poor_gini, sen, sen_shorrocks_thon, takayama
    from povsim.poverty.quantiles import (
        at_risk_rate,
        at_risk_threshold,
        line_for_share,
        median_gap,
        quantile,
        quantile_shares,
        quintile_ratio,
    )
    from povsim.poverty.survey_errors import Design, influence, linearised_error, standard_error
    from povsim.poverty.targeting import quantile_incidence, targeting_table

_HOMES = {
    "Design": "survey_errors",
    "adjusted_gap": "multidimensional",
    "alkire_foster": "multidimensional",
    "at_risk_rate": "quantiles",
    "at_risk_threshold": "quantiles",
    "atkinson": "inequality",
    "chronic_transient": "dynamics",
    "datt_ravallion": "changes",
    "exit_time": "gaps",
    "fgt": "gaps",
    "gini": "inequality",
    "growth_incidence": "changes",
    "headcount_ratio": "gaps",
    "hoover": "inequality",
    "influence": "survey_errors",
    "line_for_share": "quantiles",
    "linearised_error": "survey_errors",
    "mean_income": "inequality",
    "median_gap": "quantiles",
    "poor_gini": "poor_ranks",
    "poverty_gap": "gaps",
    "poverty_severity": "gaps",
    "quantile": "quantiles",
    "quantile_incidence": "targeting",
    "quantile_shares": "quantiles",
    "quintile_ratio": "quantiles",
    "sen": "poor_ranks",
    "sen_shorrocks_thon": "poor_ranks",
    "shapley_change": "changes",
    "spell_hazards": "dynamics",
    "standard_error": "survey_errors",
    "takayama": "poor_ranks",
    "targeting_table": "targeting",
    "theil_l": "inequality",
    "theil_t": "inequality",
    "transition_matrix": "dynamics",
    "vulnerability": "dynamics",
    "watts": "gaps",
}

__all__ = [
    "Design",
    "adjusted_gap",
    "alkire_foster",
    "at_risk_rate",
    "at_risk_threshold",
    "atkinson",
    "chronic_transient",
    "datt_ravallion",
    "exit_time",
    "fgt",
    "gini",
    "growth_incidence",
    "headcount_ratio",
    "hoover",
    "influence",
    "line_for_share",
    "linearised_error",
    "lorenz",
    "mean_income",
    "median_gap",
    "poor_gini",
    "poverty_gap",
    "poverty_severity",
    "quantile",
    "quantile_incidence",
    "quantile_shares",
    "quintile_ratio",
    "sen",
    "sen_shorrocks_thon",
    "shapley_change",
    "spell_hazards",
    "standard_error",
    "takayama",
    "targeting_table",
    "theil_l",
    "theil_t",
    "transition_matrix",
    "vulnerability",
    "watts",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its room."""
    if name == "lorenz":
        return importlib.import_module("povsim.poverty.lorenz")
    if name in _HOMES:
        return getattr(importlib.import_module(f"povsim.poverty.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'povsim.poverty' has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
