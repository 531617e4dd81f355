"""What is done for households: one small function a family, each acting on the run of its records in a village.

A family is a kind; several types of measures may be of one kind. ``TERMS`` names a kind's figures in the order in which
compiled functions read them.
"""

from __future__ import annotations

EARNING, LINE, LOAN, RELOCATION, WORKS, EDUCATION, MEDICAL, TRANSFER, DIBAO = range(9)

KINDS = {
    **dict.fromkeys(
        (
            "industry", "contracts", "ecommerce", "tourism", "jobs", "workshop", "training", "posts", "solar", "assets",
            "ecology",
        ),
        EARNING,
    ),
    "credit_line": LINE,
    "microcredit": LOAN,
    "relocation": RELOCATION,
    **dict.fromkeys(("repair", "water", "enrolment", "return_to_school"), WORKS),
    "education": EDUCATION,
    "medical": MEDICAL,
    "transfer": TRANSFER,
    "dibao": DIBAO,
}  # fmt: skip
"""Kind of each type of measure."""

TERMS = {
    EARNING: (
        "amount", "margin", "effect_sd", "first_year", "second_year", "failure", "success", "displaced",
        "support_years", "support_after_exit", "decay", "unit_cost", "yearly_cost", "destination", "paid",
    ),
    LINE: ("amount", "open_years", "unit_cost"),
    LOAN: (
        "mean_amount", "amount_sd", "max_amount", "term", "rate", "return_mean", "return_sd", "salvage", "repay_share",
        "line",
    ),
    RELOCATION: (
        "cost_per_head", "self_paid", "repay_years", "rate", "disruption", "land_loss", "job_share", "job_wage",
        "cures",
    ),
    WORKS: ("subsidy", "self_paid", "repay_years", "completion", "cures"),
    EDUCATION: ("preschool", "compulsory", "senior", "tertiary"),
    MEDICAL: ("reimbursed", "deductible", "ceiling", "premium"),
    TRANSFER: ("amount", "per", "one_off"),
    DIBAO: ("standard", "paid_share"),
}  # fmt: skip
"""Figures of each kind, in the order of the array that its function reads."""

MOST_TERMS = max(len(names) for names in TERMS.values())
YEARLY = (EDUCATION, MEDICAL, TRANSFER, DIBAO)
"""Kinds that are granted for one year, act after all others, and are decided anew."""
FIRST_SUBSIDY = EDUCATION
"""Kinds from this number on are subsidies: they act after the user's own processes."""

__all__ = ["EARNING", "KINDS", "MOST_TERMS", "TERMS", "YEARLY"]
