"""A server on small runs, and a Chromium."""

import shutil

import pytest

from povsim.dashboard.demonstration import Demonstration, make_runs
from tests.browser.parts import CARD, CHROMIUM_FLAGS, Visit, marked_run, serving, watch


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """Folders of two plans of the sample county."""
    return make_runs(Demonstration("sample", 8), tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="session")
def marked(tmp_path_factory):
    """Folder of a run in which a village's name tries to be markup."""
    return marked_run(tmp_path_factory.mktemp("marked") / "plan", 2)


@pytest.fixture(scope="session")
def server(runs, marked, tmp_path_factory):
    """One server for all tests of the process."""
    with serving([*runs, marked], tmp_path_factory.mktemp("cache"), "--scorecard", str(CARD)) as started:
        yield started


@pytest.fixture(scope="module")
def chromium():
    """A Chromium of the machine; tests that need it skip without one.

    It ends with its module: as long as it lives, its event loop counts as running in this thread, and pages of other
    tests would wait for a turn on it that never comes.
    """
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("no chromium or chromium-browser on PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium, server):
    """A visit in a fresh browser profile; what was wrong is told when the test ends."""
    context = chromium.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
    made = Visit(context.new_page(), server)
    watch(made)
    yield made
    context.close()
    assert made.wrong == []


@pytest.fixture
def another(chromium, server):
    """A function that gives a visit in a fresh browser profile of its own, for pages beside the first one."""
    made = []

    def open_one(**look):
        context = chromium.new_context(viewport={"width": 1366, "height": 768}, **look)
        made.append((context, Visit(context.new_page(), server)))
        watch(made[-1][1])
        return made[-1][1]

    yield open_one
    for context, one in made:
        context.close()
        assert one.wrong == []
