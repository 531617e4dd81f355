"""What is done for households: one small function a family, all called alike once a year.

``act(h, since, ended, terms, turn, book)``: ``h`` the block, ``since`` and ``ended`` the measure's own state (year
codes), ``terms`` its figures for the year, ``turn`` the address of its luck, ``book`` where money and recipients are
entered by village. Households whose ``since`` equals the year's code were taken on this year.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from povsim.measures.income import industry_year
from povsim.measures.loan import microcredit_year
from povsim.measures.relocation import relocation_year
from povsim.measures.subsidy import dibao_year, transfer_year
from povsim.measures.works import repair_year

ACTS: dict[str, Callable[..., Any]] = {
    "industry": industry_year,
    "microcredit": microcredit_year,
    "relocation": relocation_year,
    "repair": repair_year,
    "transfer": transfer_year,
    "dibao": dibao_year,
}
"""The function of each family."""

__all__ = ["ACTS"]
