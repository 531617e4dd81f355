"""The reference of public names: a summary, then each name with its docstring, by autodoc and numpydoc."""

import importlib
import inspect
from types import ModuleType

ROOMS: dict[str, tuple[str, ...]] = {
    "povsim.folder": ("Run",),
    "povsim.outlook": ("Forecast",),
    "povsim.planning.targets": ("TargetReport",),
    "povsim.planning.comparison": ("Comparison",),
    "povsim.planning.goals": ("GoalAnswer",),
    "povsim.planning.allocation": ("Allocation",),
    "povsim.sensitivity.weights": (),
    "povsim.sensitivity.vetoes": (),
    "povsim.sensitivity.drivers": ("find_drivers", "drivers", "driver_table", "tornado", "thin"),
    "povsim.sensitivity.discovery": (),
    "povsim.scoring.scorecard": ("shipped_scorecards",),
    "povsim.scoring.schemes": ("WeightScheme",),
    "povsim.scoring.league": ("league", "lost"),
    "povsim.scoring.reweighting": (
        "Reweighting", "Caps", "Move", "reweighting", "totals", "moved", "proportional_move", "reweighted",
    ),
    "povsim.report": ("pack",),
    "povsim.dashboard.app": ("page",),
}  # fmt: skip
"""Doors that programs use beside the public names of the package; no names mean all that a room offers."""


def public_names(module: ModuleType) -> list[str]:
    """Return the names of a module that the reference shows: ``__all__``, else what it defines without underscore.

    Examples
    --------
    >>> import povsim
    >>> "simulate" in public_names(povsim), "__version__" in public_names(povsim)
    (True, False)
    """
    listed = getattr(module, "__all__", None)
    if listed is None:
        own = [name for name, thing in vars(module).items() if getattr(thing, "__module__", "") == module.__name__]
        listed = [name for name in own if not name.startswith("_")]
    things = {name: getattr(module, name) for name in listed if not name.startswith("__")}
    return [name for name, thing in things.items() if inspect.isfunction(thing) or inspect.isclass(thing)]


def interface_page(name: str, *, only: tuple[str, ...] = ()) -> str:
    """Return the reference of a module as MyST text, of some names only where any are given."""
    module = importlib.import_module(name)
    first = (inspect.getdoc(module) or "").split("\n\n")[0].replace("``", "`")
    names = list(only) or public_names(module)
    lines = [f"## {name}", "", " ".join(first.split()), "", "```{eval-rst}", f".. currentmodule:: {name}", ""]
    lines += [".. autosummary::", "", *(f"   {one}" for one in names), "", "```", ""]
    for one in names:
        kind = "class" if inspect.isclass(getattr(module, one)) else "function"
        lines += [f"### {one}", "", "```{eval-rst}", f".. currentmodule:: {name}", f".. auto{kind}:: {one}", "```", ""]
    return "\n".join(lines)
