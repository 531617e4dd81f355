"""Reading panel mapping files, and finding those that ship with the package."""

from __future__ import annotations

from dataclasses import replace
from importlib import resources
from pathlib import Path

from povsim.errors import InputError, Problem, nearest
from povsim.panel_schema import PanelMapping
from povsim.quantity import read_yaml, validate

SUFFIX = ".panel.yaml"


def read_panel_mapping(path: str | Path) -> PanelMapping:
    """Read a panel mapping file, or the shipped one of that name.

    Parameters
    ----------
    path : str or Path
        YAML, read by the safe loader; or the name of a shipped mapping.

    Raises
    ------
    InputError
        Every problem, with its path in the file.

    Examples
    --------
    >>> read_panel_mapping("nlsy-poverty").welfare
    'poor'
    """
    file = Path(path)
    if not file.is_file() and str(path) in shipped_panel_mappings():
        return shipped_panel_mapping(str(path))
    if not file.is_file():
        known = shipped_panel_mappings()
        allowed = "a file, or one of " + ", ".join(known)
        raise InputError(str(path), [Problem("mapping", "not found", "", allowed, nearest(str(path), known))])
    return parse_panel_mapping(read_yaml(file), source=file.name)


def parse_panel_mapping(content: object, *, source: str = "mapping") -> PanelMapping:
    """Turn the content of a panel mapping file into a `PanelMapping`.

    Raises
    ------
    InputError
        Every problem, with its path.

    Examples
    --------
    >>> parse_panel_mapping({"name_zh": "例"})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    povsim.errors.InputError: mapping: 5 problems
    ...
    """
    try:
        return validate(PanelMapping, content, source)
    except InputError as error:
        told = [
            replace(one, allowed=one.allowed.replace("from_", "from"), mend=one.mend.replace("from_", "from"))
            for one in error.problems
        ]
    raise InputError(source, told)


def shipped_panel_mappings() -> list[str]:
    """Return the names of the panel mappings that ship with the package.

    Examples
    --------
    >>> "pakistan-graduation" in shipped_panel_mappings()
    True
    """
    return sorted(path.name.removesuffix(SUFFIX) for path in _folder().glob(f"*{SUFFIX}"))


def shipped_panel_mapping(name: str) -> PanelMapping:
    """Return a panel mapping that ships with the package.

    Raises
    ------
    InputError
        No such name.

    Examples
    --------
    >>> list(shipped_panel_mapping("pakistan-graduation").years)
    ['bsl', 'end', 'fup']
    """
    known = shipped_panel_mappings()
    if name not in known:
        raise InputError(name, [Problem("mapping", "no such name", "", ", ".join(known), nearest(name, known))])
    return parse_panel_mapping(read_yaml(_folder() / f"{name}{SUFFIX}"), source=f"{name}{SUFFIX}")


def mapping_for(file: str) -> PanelMapping:
    """Return the shipped mapping of a data file of that name.

    Raises
    ------
    InputError
        No shipped mapping names the file.

    Examples
    --------
    >>> mapping_for("bangladesh_9198_panel.csv").welfare
    'consumption'
    """
    found = [shipped_panel_mapping(name) for name in shipped_panel_mappings()]
    named = {mapping.file: mapping for mapping in found if mapping.file}
    if file not in named:
        mend = "give a mapping file; docs/calibration.md says how to write one " + nearest(file, named)
        raise InputError(file, [Problem("mapping", "no shipped mapping knows this file", "", ", ".join(named), mend)])
    return named[file]


def _folder() -> Path:
    # An installed wheel holds the files inside the package, a source tree beside it.
    inside = Path(str(resources.files("povsim"))) / "data" / "panels"
    return inside if inside.is_dir() else Path(__file__).resolve().parents[2] / "panels"
