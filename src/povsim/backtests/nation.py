"""The back-test of a nation or province on its published series."""

from __future__ import annotations

from pathlib import Path

from povsim.backtests.nation_gap import gaps
from povsim.backtests.nation_parameters import parameters
from povsim.backtests.nation_pictures import pictures
from povsim.backtests.nation_plans import make_plans
from povsim.backtests.nation_runs import run_plans
from povsim.backtests.nation_spec import Nation, read_nation
from povsim.backtests.nation_statements import notes, statements
from povsim.backtests.nation_table import make_table, rivals
from povsim.backtests.record import BackTest
from povsim.engine import Progress
from povsim.errors import InputError, Problem

MOST_DRAWS = 10_000


def backtest_nation(
    spec: Nation | str | Path, *, draws: int = 100, seed: int = 1, progress: Progress = lambda done, total: None
) -> BackTest:
    """Hold the model against the published path of a nation or province.

    From the published start three forecasts are made: a lognormal whose spread stays as it was and whose mean grows as
    published; the model with growth by source alone; the model with the documented coverage of the measures. The mean
    is tied to the published one in all of them, so that what is tested is who stays poor, not how incomes grew.

    Parameters
    ----------
    spec : Nation, str or Path
        A file, or a shipped name: ``china``, ``hunan``.
    draws, seed : int
        Paths of luck, and their address. Figures with a spread are drawn anew for each.
    progress : callable
        Told how far it is.

    Returns
    -------
    BackTest
        Its table has quantities of a survey and of a register, told apart by the column ``concept``.

    Raises
    ------
    InputError
        Everything that is wrong in the file or with the settings.

    Examples
    --------
    >>> result = backtest_nation("china", draws=1)
    >>> rival = result.table[result.table["model"] == "lognormal"].set_index("when")["mean"]
    >>> float(rival[2015].round(3)), float(rival[2019].round(4))
    (0.057, 0.0297)
    """
    if not 1 <= draws <= MOST_DRAWS:
        raise InputError("backtest", [Problem("draws", "out of range", str(draws), f"1 to {MOST_DRAWS}")])
    nation = spec if isinstance(spec, Nation) else read_nation(spec)
    plans = make_plans(nation)
    paths = run_plans(nation, plans, draws=draws, seed=seed, progress=progress)
    others = rivals(nation, plans)
    table, found = make_table(nation, paths, others), gaps(nation, paths, others)
    return BackTest(
        code=nation.code,
        name_zh=nation.name_zh,
        name_en=nation.name_en,
        kind="nation",
        statements=statements(nation, plans, table, found, others),
        table=table,
        parameters=parameters(nation, plans),
        pictures=pictures(nation, paths, others, found),
        notes=notes(nation, plans, paths, found),
        settings={
            "draws": draws, "seed": seed, "scenario": Path(nation.scenario).name, "years": list(nation.years),
            "households": int(plans.register.sizes["household"]), "persons_each": paths.scale,
            "sigma": others.sigma, "note_zh": nation.note_zh, "note_en": nation.note_en,
        },
    )  # fmt: skip
