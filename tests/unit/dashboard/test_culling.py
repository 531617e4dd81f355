"""Which sessions' processes are ended, and which are kept."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace

import pytest

pytest.importorskip("voila")

from jupyter_server._tz import utcnow

from povsim.dashboard.handlers import SessionManager


def culled(manager, *kernels, waiting=()):
    """Return the kernels that a look around ends."""
    ended = []

    async def look():
        async def end(kernel_id):
            ended.append(kernel_id)

        async def ready(kernel_id):
            return {"kernel_id": kernel_id}

        tasks = [asyncio.ensure_future(ready(one)) for one in waiting]
        await asyncio.gather(*tasks)
        manager._pools = {"home.ipynb": tasks}
        manager.shutdown_kernel = end
        for one in kernels:
            await manager.cull_kernel_if_idle(one)

    asyncio.run(look())
    return ended


@pytest.fixture
def manager():
    made = SessionManager(closed_seconds=180.0, cull_idle_timeout=3600, cull_connected=True)
    made._kernels = {
        name: SimpleNamespace(
            last_activity=utcnow() - timedelta(seconds=seconds),
            execution_state="idle",
            kernel_name="python3",
            kernel_spec=SimpleNamespace(metadata={}),
        )
        for name, seconds in {"old": 7200, "quiet": 300, "fresh": 60}.items()
    }
    made._kernel_connections = {}
    return made


def test_without_a_page_a_process_ends_after_a_while(manager):
    assert culled(manager, "old", "quiet", "fresh") == ["old", "quiet"]


def test_a_process_with_a_page_ends_only_after_an_idle_hour(manager):
    manager._kernel_connections = {"old": 1, "quiet": 1}
    assert culled(manager, "old", "quiet") == ["old"]


def test_a_process_that_waits_for_a_page_is_kept_however_long(manager):
    assert culled(manager, "old", "quiet", "fresh", waiting=["old", "quiet"]) == []


def test_a_page_that_has_just_been_given_its_process_has_time_to_connect(manager):
    culled(manager, "old", waiting=["old"])
    assert culled(manager, "old") == []
    manager._waited["old"] -= timedelta(seconds=200)
    assert culled(manager, "old") == ["old"]


def test_a_process_that_died_while_it_waited_is_taken_away(manager):
    manager._kernels["fresh"].execution_state = "dead"
    assert culled(manager, "fresh", waiting=["fresh"]) == ["fresh"]
