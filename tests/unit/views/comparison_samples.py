"""Runs of the sample county and their digests, made quickly: only the part that plans are compared by."""

from __future__ import annotations

from pathlib import Path

import povsim
from povsim.folder import open_run, write_run
from povsim.folder_manifest import Record
from povsim.runs import Settings, run_scenarios
from povsim.views import store
from povsim.views.comparison import digest
from povsim.views.digests import RunDigest

LESS = {
    "code": "less", "name_zh": "<img onerror=x>", "name_en": "Less", "measures.dibao_new.active": False,
    "measures.industry.capacity.budget": 0.0,
}  # fmt: skip
KINDS = {
    # name: which plans, draws, seed, households
    "a": ((0,), range(6), 1, True),
    "b": ((1,), range(6), 1, True),
    "both": ((0, 1), range(6), 1, True),
    "few": ((1,), range(2, 5), 1, True),
    "other": ((1,), range(6), 2, True),
    "bare": ((1,), range(6), 1, False),
}


def plans() -> tuple:
    """Return the sample plan and a leaner one."""
    return povsim.read_scenario("sample"), povsim.read_scenario("sample", overrides=LESS)


def make(name: str, people, place: Path) -> Path:
    """Return the folder of a run, made where it is not there yet."""
    folder = place / name
    if not folder.exists():
        which, draws, seed, households = KINDS[name]
        chosen = tuple(plans()[at] for at in which)
        results = run_scenarios(people, chosen, Settings(draws=draws, seed=seed, household_summary=households))
        write_run(results, folder, register=people, record=Record(seed=seed))
    return folder


def digested(run: Path, place: Path) -> RunDigest:
    """Return a digest that has only what plans are compared by."""
    folder = place / f"{run.name}-digest"
    with open_run(run) as opened:
        store.write(digest(opened), folder / "comparison")
        (folder / "scenario.json").write_text(opened.scenario.model_dump_json(), encoding="utf-8")
        names = {lang: opened.scenario.label(lang) for lang in ("zh", "en")}
        return RunDigest(run.name, folder, run, (), {}, opened.manifest, names)
