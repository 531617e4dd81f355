"""The one door of back-tests: published series by name or file, panels of households by their data file."""

from __future__ import annotations

from pathlib import Path

from povsim.backtests.nation import backtest_nation
from povsim.backtests.nation_spec import is_nation, shipped_backtests
from povsim.backtests.panel import backtest_panel
from povsim.backtests.record import BackTest
from povsim.engine import Progress
from povsim.errors import InputError, Problem, nearest

TABLES = (".csv", ".csv.gz", ".xlsx", ".parquet")
"""Endings of data files."""


def backtest(
    subject: str | Path,
    *,
    mapping: str | Path | None = None,
    draws: int = 100,
    seed: int = 1,
    rho: float | tuple[float, float] | None = None,
    progress: Progress = lambda done, total: None,
) -> BackTest:
    """Hold the model against what happened.

    Parameters
    ----------
    subject : str or Path
        A shipped back-test (``china``, ``hunan``), a YAML file of published series, or the data file of a panel.
    mapping : str or Path, optional
        Of a panel: mapping file or name of a shipped one; found by the data file's name if not given.
    draws, seed : int
        Paths of luck, and their address.
    rho : float or (float, float), optional
        Of a panel: stated persistence or its range.
    progress : callable
        Told how far it is.

    Returns
    -------
    BackTest
        Sentences in both languages, a table of forecasts, outcomes and scores, parameters, pictures.

    Raises
    ------
    InputError
        Nothing of that name, everything that is wrong in it, or choices for panels where there is none.

    Examples
    --------
    >>> backtest("atlantis")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    povsim.errors.InputError: atlantis: 1 problem
      - subject: nothing to test; found atlantis; allowed: a YAML file of published series, ...
    """
    check_subject(subject)
    if is_panel(subject):
        result = backtest_panel(subject, mapping=mapping, draws=draws, seed=seed, rho=rho)
        progress(1, 1)
        return result
    given = [name for name, value in (("mapping", mapping), ("rho", rho)) if value is not None]
    if given:
        problems = [Problem(name, "is for panels; published series take theirs from their file") for name in given]
        raise InputError(str(subject), problems)
    return backtest_nation(subject, draws=draws, seed=seed, progress=progress)


def check_subject(subject: str | Path) -> None:
    """Make sure that there is something to test.

    Raises
    ------
    InputError
        Neither a shipped name nor a YAML file nor a data file.
    """
    if not is_nation(subject) and not is_panel(subject):
        known = shipped_backtests()
        allowed = "a YAML file of published series, a panel's data file, or one of " + ", ".join(known)
        mend = nearest(str(subject), known)
        raise InputError(str(subject), [Problem("subject", "nothing to test", str(subject), allowed, mend)])


def is_panel(subject: str | Path) -> bool:
    """Tell whether a name is that of a data file.

    Examples
    --------
    >>> is_panel("households.csv"), is_panel("china")
    (True, False)
    """
    return str(subject).lower().endswith(TABLES)
