import io
import time
import zipfile

import openpyxl
import pytest

import povsim
from povsim.dashboard import packing
from povsim.dashboard.app import Shelf
from povsim.dashboard.state import State
from povsim.dashboard.widgets.shell import Shell
from povsim.folder import write_run
from povsim.folder_manifest import Record
from povsim.report.apart import pack_apart
from povsim.runs import Settings as RunSettings
from povsim.runs import run_scenarios
from povsim.views.digests import prepare


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    place = tmp_path_factory.mktemp("packing")
    plan = povsim.read_scenario("sample")
    people = povsim.complete_population(plan)
    results = run_scenarios(people, (plan,), RunSettings(draws=range(3), seed=1))
    run = write_run(results, place / "first", register=people, record=Record(seed=1))
    return Shelf([prepare(run, place / "digests")])


def test_a_pack_shows_what_the_page_is_set_to(shelf):
    state = State()
    state.change(year=2018)
    digest, beside = packing.runs_of(state.settings, shelf)
    assert beside == []
    data = pack_apart(digest, state.settings, "xlsx", "zh", beside)
    book = openpyxl.load_workbook(io.BytesIO(data))
    cells = [str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert len(book.sheetnames) > 5
    assert any("2018" in cell for cell in cells)


def test_the_bar_gives_a_pack_and_is_free_again(shelf, monkeypatch):
    state, sent = State(), []
    shell = Shell(state, page="home")
    monkeypatch.setattr(shell, "send_file", lambda name, data, mime: sent.append((name, data, mime)))
    packing.offer_packs(shell, state, shelf)
    shell._on_pack({"format": "pptx"}, [])
    assert shell.busy
    deadline = time.monotonic() + 240
    while not sent and time.monotonic() < deadline:
        time.sleep(0.1)
    name, data, mime = sent[0]
    assert name == "会议材料-first.pptx"
    assert mime.endswith("presentation")
    assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None
    assert shell.busy == ""


def test_what_cannot_be_made_is_told(shelf, monkeypatch):
    state, told = State(), []
    state.change(scorecard="nonsense")
    shell = Shell(state, page="home")
    monkeypatch.setattr(shell, "tell", lambda text, tone: told.append((text, tone)))
    packing.offer_packs(shell, state, shelf)
    shell._on_pack({"format": "html"}, [])
    deadline = time.monotonic() + 120
    while not told and time.monotonic() < deadline:
        time.sleep(0.1)
    assert told[0][1] == "error"
    assert "nonsense" in told[0][0]
