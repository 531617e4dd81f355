"""A run of the sample county on disk, with the parts of its digest that the exit forecast reads."""

from __future__ import annotations

import atexit
import json
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import povsim
from povsim.folder import open_run, write_run
from povsim.folder_manifest import Record
from povsim.runs import Settings, run_scenarios
from povsim.views import digests, store
from povsim.views.digests import RunDigest, open_digest
from povsim.views.forecast import digest, digest_households

DRAWS = 8


def _place() -> Path:
    place = Path(mkdtemp(prefix="povsim-test-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return place


@cache
def sample_run() -> Path:
    """Return the folder of a run of the sample county, made once."""
    plan = povsim.read_scenario("sample")
    people = povsim.complete_population(plan)
    results = run_scenarios(people, (plan,), Settings(draws=range(DRAWS), seed=1))
    return write_run(results, _place() / "sample", register=people, record=Record(seed=1))


@cache
def sample_digest() -> RunDigest:
    """Return its digest: the parts "forecast" and "households" only."""
    folder = _place() / "digest"
    with open_run(sample_run()) as run:
        store.write(digest(run), folder / "forecast")
        people = digest_households(run)
        assert people is not None
        store.write(people, folder / "households")
        plan = run.scenario
        told = {
            "code": "sample", "path": str(run.path), "names": {"zh": plan.label("zh"), "en": plan.label("en")},
            "scorecards": [], "left_out": {}, "manifest": run.manifest,
        }  # fmt: skip
    (folder / digests.SCENARIO).write_text(plan.model_dump_json(), encoding="utf-8")
    (folder / digests.META).write_text(json.dumps(told), encoding="utf-8")
    return open_digest(folder)
