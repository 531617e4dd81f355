"""The households of a run as columns that sessions map: counts of draws, incomes, and who is likely to fall back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

if TYPE_CHECKING:
    from povsim.folder import Run
    from povsim.scenario import Scenario

Array = npt.NDArray[Any]
EVERYBODY = 10**9
"""More households than any run has: nobody who may fall back is left out of the list."""
TRAITS = ("workers", "students", "ill", "disabled", "category", "cause", "status")
RECEIVES = "receives_"


def digest_households(run: Run) -> xr.Dataset | None:
    """Return a run's summary by household, laid out so that one household is one stretch of a file.

    Parameters
    ----------
    run : Run
        A run that was opened.

    Returns
    -------
    Dataset or None
        None where the run was made without households. Households are in the order of their villages, from
        ``village_first`` (village + 1) on; ``id_sorted`` and ``id_row`` find one by its identifier.

        - ``state``, ``fails``, ``receives`` (household, year, what): in how many of the run's draws;
        - ``income`` (household, year): mean income per head;
        - ``follow_row``, ``follow_risk``, ``follow_back``, ``follow_test``, ``follow_fails`` (place): who may fall
          back, the likeliest first, as ``povsim.planning.target_households.most_at_risk`` has them; the stretch of a
          year is in ``follow_first`` (year + 1);
        - ``register_*`` (household), ``TRAITS``: members, and codes of category, cause and status, as the
          register has them; left out where the population cannot be made again from the folder.
    """
    from povsim.planning.target_households import household_table

    plan = run.scenario
    codes = _measures(run)
    years = list(plan.span)
    first = household_table(run, plan, years[:1], [*codes, "income_per_head", "synthetic"])
    if first is None:
        return None
    villages = run.outcomes["village"].to_numpy().astype(str)
    place = pd.Index(villages).get_indexer(first["village"].astype(str))
    order = np.argsort(place, kind="stable")
    data, frames = _base(first, place, order, len(villages)), _Frames(run, plan, codes, order)
    data |= frames.data(years)
    data |= _traits(run, first["household"].to_numpy(), order)
    coordinates = {"year": years, "status": list(_states()), "test": frames.tests, "help": frames.helps}
    return xr.Dataset(data, coordinates, {"draws": int(run.manifest["draws"]["count"]), "scenario": plan.code})


def _states() -> tuple[str, ...]:
    from povsim.planning.target_households import STATES

    return STATES


def _measures(run: Run) -> list[str]:
    import pyarrow.parquet as pq

    file = run.path / "households.parquet"
    names = pq.read_schema(file).names if file.is_file() else []
    return [name for name in names if name.startswith(RECEIVES)]


def _base(first: pd.DataFrame, place: Array, order: Array, villages: int) -> dict[str, Any]:
    identifier = first["household"].to_numpy()[order]
    identifier = identifier if identifier.dtype.kind in "iu" else identifier.astype(str)
    by_id = np.argsort(identifier, kind="stable")
    counts = np.bincount(place, minlength=villages)
    return {
        "id": ("household", identifier),
        "id_sorted": ("household", identifier[by_id]),
        "id_row": ("household", by_id.astype(np.int32)),
        "village_index": ("household", place[order].astype(np.int32)),
        "village_first": ("edge", np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)),
        "persons": ("household", first["persons"].to_numpy()[order].astype(np.int16)),
        "weight": ("household", first["weight"].to_numpy()[order].astype(np.int32)),
        "synthetic": ("household", first["synthetic"].to_numpy()[order].astype(bool)),
    }


class _Frames:
    """Reads the summary a year at a time, so that memory stays bounded."""

    def __init__(self, run: Run, plan: Scenario, codes: Sequence[str], order: Array) -> None:
        self.run, self.plan, self.codes, self.order = run, plan, list(codes), order
        self.draws = int(run.manifest["draws"]["count"])
        self.tests = [test.code for test in plan.exit_standard.household.tests]
        self.helps = [code.removeprefix(RECEIVES) for code in codes]

    def data(self, years: Sequence[int]) -> dict[str, Any]:
        """Return the columns by household and year."""
        from povsim.planning.target_households import household_table, most_at_risk

        rows, kind = self.order.size, np.uint8 if self.draws <= 255 else np.uint16
        blocks = {"state": _states(), "fails": [f"fails_{test}" for test in self.tests], "receives": self.codes}
        whole: dict[str, Array] = {
            name: np.zeros((rows, len(years), len(columns)), dtype=kind) for name, columns in blocks.items()
        }
        income = np.zeros((rows, len(years)), dtype=np.float32)
        lists = []
        for y, year in enumerate(years):
            table = household_table(self.run, self.plan, [year], [*self.codes, "income_per_head"])
            assert table is not None
            table = table.iloc[self.order].reset_index(drop=True)
            for name, columns in blocks.items():
                for c, column in enumerate(columns):
                    whole[name][:, y, c] = np.rint(table[column].to_numpy() * self.draws)
            income[:, y] = table["income_per_head"].to_numpy()
            risky = most_at_risk(table, self.plan, most=EVERYBODY)
            at = pd.Index(table["household"]).get_indexer(pd.Index(risky["household"]))
            lists.append((at, risky))
        dims = {"state": "status", "fails": "test", "receives": "help"}
        found = {name: (("household", "year", dims[name]), values) for name, values in whole.items()}
        return found | {"income": (("household", "year"), income)} | self._list(lists)

    def _list(self, lists: Sequence[tuple[Array, pd.DataFrame]]) -> dict[str, Any]:
        tests = [pd.Index(self.tests).get_indexer(pd.Index(risky["test"])) for _, risky in lists]
        ends = np.cumsum([len(at) for at, _ in lists])
        return {
            "follow_first": ("year_edge", np.concatenate([[0], ends]).astype(np.int64)),
            "follow_row": ("place", np.concatenate([at for at, _ in lists]).astype(np.int32)),
            "follow_test": ("place", np.concatenate(tests).astype(np.int8)),
            **{
                f"follow_{name}": ("place", np.concatenate([risky[column] for _, risky in lists]).astype(np.float32))
                for name, column in (("risk", "risk"), ("back", "fallen_back"), ("fails", "test_fails"))
            },
        }


def _traits(run: Run, known: Array, order: Array) -> dict[str, Any]:
    """Return what the register says of households, if the folder is enough to make the population again."""
    from povsim.errors import InputError
    from povsim.runs import complete_population

    if run.manifest["inputs"].get("register") is not None:
        return {}
    try:
        people = complete_population(run.scenario)
    except (InputError, OSError):
        return {}
    same = people.attrs.get("sha256") == run.manifest["population"]["sha256"]
    if not (same and np.array_equal(people["household"].to_numpy(), known)):
        return {}
    poor = people["poor_village"].to_numpy() if "poor_village" in people else np.zeros(people.sizes["village"])
    return {
        **{f"register_{name}": ("household", people[name].to_numpy()[order].astype(np.int16)) for name in TRAITS},
        "poor_village": ("village", poor.astype(bool)),
    }
