"""A run's digest is made once, whole or not at all, and again when the run or what it is made for changes."""

import json
import shutil
from dataclasses import replace

import pytest

from povsim.dashboard import app, demonstration
from povsim.dashboard.app import check_runs, found_runs, open_shelf, page, write_shelf
from povsim.dashboard.demonstration import Demonstration, make_runs
from povsim.errors import InputError
from povsim.folder import open_run
from povsim.views import digests
from povsim.views.digests import open_digest, prepare


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def digest(two_runs, cache):
    return prepare(two_runs[0], cache)


def test_a_digest_says_what_the_run_is(digest, two_runs):
    with open_run(two_runs[0]) as run:
        assert digest.manifest == run.manifest
        assert digest.scenario == run.scenario
    assert digest.path == two_runs[0].resolve()
    assert digest.code == "sample"
    assert digest.label("zh") == digest.scenario.label("zh")
    assert digest.scorecards == ("xiangyin-2016-townships", "xiangyin-2016")
    assert digest.left_out == {}


def test_every_page_has_its_parts(digest):
    names = {"forecast", "households", "vetoes", "comparison"}
    names |= {f"{part}.{card}" for part in ("weights", "vetoes") for card in digest.scorecards}
    assert {path.parent.name for path in digest.folder.glob("*/index.json")} == names
    for name in names:
        assert digest.has(name)
        assert len(digest.part(name).variables) > 0


def test_an_unknown_part_is_told_with_those_there_are(digest):
    assert not digest.has("nonsense")
    with pytest.raises(InputError, match=r"part: is not in the digest.*nonsense.*comparison, forecast"):
        digest.part("nonsense")


def test_a_digest_is_made_once(digest, two_runs, cache):
    before = (digest.folder / "digest.json").stat().st_mtime_ns
    steps = []
    again = prepare(two_runs[0], cache, lambda done, total: steps.append(done))
    assert again.folder == digest.folder
    assert steps == []
    assert (digest.folder / "digest.json").stat().st_mtime_ns == before


def test_another_run_or_another_scorecard_is_another_digest(digest, two_runs, cache, tmp_path):
    assert digests._key(two_runs[1], ()) not in digest.folder.name
    steps = []
    more = prepare(two_runs[0], cache, lambda *told: steps.append(told), scorecards=["hunan-city-2017"])
    assert more.folder != digest.folder
    assert set(more.scorecards) == {*digest.scorecards, "hunan-city-2017"}
    total = 4 + 2 * 3
    assert steps == [(done, total) for done in range(1, total + 1)]
    moved = shutil.copytree(two_runs[0], tmp_path / "sample")
    key = digests._key(moved, ())
    manifest = json.loads((moved / "manifest.json").read_text("utf-8"))
    (moved / "manifest.json").write_text(json.dumps(manifest | {"seed": 2}), "utf-8")
    assert digests._key(moved, ()) != key


def test_a_stop_leaves_nothing_half_made(two_runs, tmp_path):
    def stop(done, _total):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(two_runs[0], tmp_path, stop)
    assert list(tmp_path.iterdir()) == []


def test_a_scorecard_asked_for_has_to_exist_and_to_work(two_runs, tmp_path):
    with pytest.raises(InputError, match="nonsense"):
        prepare(two_runs[0], tmp_path, scorecards=["nonsense"])
    with pytest.raises(InputError, match="household-card"):
        prepare(two_runs[0], tmp_path, scorecards=["household-card"])


def test_no_run_and_no_digest(tmp_path):
    with pytest.raises(InputError, match="is not a povsim run"):
        prepare(tmp_path, tmp_path)
    with pytest.raises(InputError, match="holds no digest"):
        open_digest(tmp_path)


def test_all_wrong_folders_are_told_at_once(two_runs, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError) as caught:
        check_runs([tmp_path / "nowhere", two_runs[0], tmp_path / "file", tmp_path])
    places = [problem.where for problem in caught.value.problems]
    assert places == [str(tmp_path / "nowhere"), str(tmp_path / "file"), str(tmp_path)]


def test_a_shelf_tells_runs_of_the_same_name_apart(digest, tmp_path, monkeypatch):
    write_shelf([digest, digest, digest], tmp_path)
    monkeypatch.setenv("POVSIM_DASHBOARD_CACHE", str(tmp_path))
    shelf = open_shelf()
    assert shelf.codes() == ("sample", "sample-2", "sample-3")
    assert shelf.get("sample-2").code == "sample-2"
    assert shelf.get("gone") is shelf.get(None) is shelf.default()
    assert shelf.default().part("forecast").equals(digest.part("forecast"))


def test_runs_named_go_before_those_of_the_server(two_runs, digest, tmp_path, monkeypatch):
    write_shelf([digest], tmp_path)
    monkeypatch.setenv("POVSIM_DASHBOARD_CACHE", str(tmp_path))
    monkeypatch.setattr(app, "prepare", lambda folder, _cache: replace(digest, code=folder.name))
    monkeypatch.setattr(demonstration, "session_folder", lambda: tmp_path / "session")
    assert open_shelf([two_runs[1], two_runs[0]]).codes() == ("sample-leaner", "sample")


def test_runs_of_the_folder_are_found(two_runs):
    assert set(found_runs(two_runs[0].parent)) == set(two_runs)
    assert found_runs(two_runs[0]) == []


def test_a_demonstration_that_is_there_is_not_made_again(two_runs):
    told = []
    again = make_runs(Demonstration("sample", 3), two_runs[0].parent, lambda *step: told.append(step))
    assert again == two_runs
    assert told == []
    with open_run(two_runs[0]) as first, open_run(two_runs[1]) as second:
        assert first.manifest["seed"] == second.manifest["seed"]
        assert first.manifest["population"]["sha256"] == second.manifest["population"]["sha256"]
        assert len(second.scenario.active()) == len(first.scenario.active()) - 4
        assert second.scenario.label("zh") == f"{first.scenario.label('zh')}——精简方案"


def test_an_unknown_page_is_refused():
    with pytest.raises(InputError, match="did you mean 'veto-lab'"):
        page("veto-lap")
