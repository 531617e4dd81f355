"""The code of the page: modules of the dashboards' charts, joined into one script, and the page's own."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

SHARED = ("dom", "formats", "chart_themes", "chart_options")
"""Modules of ``dashboard/widgets`` that draw charts, each after those that it imports."""
IMPORT = re.compile(r'^import \{([^}]*)\} from "\./(\w+)\.js";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|let|class)\b)", re.MULTILINE)
EXPORTED = re.compile(r"^export (?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE)
LEFT_OVER = re.compile(r"^(?:import|export)\b", re.MULTILINE)


@cache
def script() -> str:
    """Return the page's code as one script that imports nothing.

    Raises
    ------
    ValueError
        A module imports or exports in a way that is not known here.

    Examples
    --------
    >>> "</script" in script(), LEFT_OVER.search(script()) is None
    (False, True)
    """
    folder = resources.files("povsim")
    modules = {name: (folder / "dashboard" / "widgets" / f"{name}.js").read_text(encoding="utf-8") for name in SHARED}
    own = (folder / "report" / "page.js").read_text(encoding="utf-8")
    return joined({**modules, "page": own})


def joined(modules: dict[str, str]) -> str:
    r"""Return modules as one script, each in a scope of its own.

    Examples
    --------
    >>> print(joined({"a": "export const one = 1;\n", "b": 'import { one } from "./a.js";\none;\n'}))
    "use strict";
    const modules = {};
    modules.a = (() => {
    const one = 1;
    return { one };
    })();
    modules.b = (() => {
    const { one } = modules.a;
    one;
    return {  };
    })();
    <BLANKLINE>
    """
    parts = ['"use strict";\nconst modules = {};\n']
    for name, text in modules.items():
        names = ", ".join(EXPORTED.findall(text))
        plain = IMPORT.sub(_taken, EXPORT.sub("", text.replace("\r", "")))
        if LEFT_OVER.search(plain) or "</script" in plain:
            raise ValueError(f"{name}.js: cannot be put into a page")
        parts.append(f"modules.{name} = (() => {{\n{plain}return {{ {names} }};\n}})();\n")
    return "".join(parts)


def _taken(found: re.Match[str]) -> str:
    names = found.group(1).replace(" as ", ": ")
    return f"const {{{names}}} = modules.{found.group(2)};\n"


def style() -> str:
    """Return the page's style."""
    return (resources.files("povsim") / "report" / "page.css").read_text(encoding="utf-8")
