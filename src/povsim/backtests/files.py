"""The folder a back-test is written to: page, tables, manifest; it appears whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from povsim.assumptions import harmless_table
from povsim.backtests.pages import backtest_page
from povsim.backtests.record import BackTest, own_version
from povsim.register_files import file_sha256
from povsim.staging import MANIFEST, staged, target_folder
from povsim.terms import Language

PAGE, TABLE, PARAMETERS = "backtest.html", "backtest.csv", "parameters.csv"
FILES = (PAGE, TABLE, PARAMETERS, MANIFEST)
FORMAT = "backtest-1"


def check_folder(folder: str | Path) -> Path:
    """Return the full path of a folder that a back-test may be written to.

    Raises
    ------
    InputError
        It is a file, or holds anything that no back-test wrote.
    """
    return target_folder(folder, FILES)


def write_backtest(
    result: BackTest, folder: str | Path, *, lang: Language = "en", before: Callable[[], None] = lambda: None
) -> Path:
    """Write a back-test to a folder: page in both languages, table, parameters, settings.

    Parameters
    ----------
    result : BackTest
        The back-test.
    folder : str or Path
        New, empty, or an earlier back-test, which is replaced.
    lang : {"zh", "en"}
        Language the page opens in.
    before : callable
        Called just before the folder takes its place; an exception of its own still stops that.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        As :func:`check_folder`.
    """
    target = check_folder(folder)
    with staged(target, before) as part:
        (part / PAGE).write_bytes(backtest_page(result, lang=lang))
        for name, table in ((TABLE, result.table), (PARAMETERS, result.parameters)):
            harmless_table(table).to_csv(part / name, index=False, encoding="utf-8-sig", lineterminator="\n")
        manifest = _manifest(result, {name: file_sha256(part / name) for name in FILES[:-1]})
        (part / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return target


def _manifest(result: BackTest, files: dict[str, str]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "povsim": own_version(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "code": result.code,
        "kind": result.kind,
        "name_zh": result.name_zh,
        "name_en": result.name_en,
        "settings": dict(result.settings),
        "files": files,
    }
