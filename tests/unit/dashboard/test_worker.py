"""The simulator process: what it answers, how it is stopped, whom it lets wait."""

from __future__ import annotations

import io
import json
import stat
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import povsim
from povsim.dashboard import worker
from povsim.dashboard.worker_client import Client
from povsim.dashboard.worker_jobs import Bench, moved
from povsim.dashboard.worker_process import Connection, Office
from povsim.dashboard.worker_queue import MOST_EACH, GaveWayError, Job, Queue
from povsim.errors import InputError
from povsim.views import store
from tests.unit.views.forecast_samples import DRAWS, sample_digest

LEVER = "measures.jobs.take_up"


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    place = tmp_path_factory.mktemp("cache")
    (place / "shelf.json").write_text(json.dumps({"sample": str(sample_digest().folder)}))
    return place


@pytest.fixture(scope="module")
def handle(cache):
    made = worker.start(cache)
    deadline = time.monotonic() + 60
    while not (made.place / "socket").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    yield made
    made.stop()


class Told:
    """Messages of a request, and a way to wait for its end."""

    def __init__(self):
        self.messages, self.over = [], threading.Event()

    def __call__(self, message):
        self.messages.append(message)
        if {"done", "cancelled", "error"} & set(message):
            self.over.set()

    def wait(self, seconds=120):
        assert self.over.wait(seconds), self.messages
        return self.messages

    def having(self, key):
        return [message for message in self.messages if key in message]


@pytest.fixture
def client(handle):
    made = Client(deliver=lambda call: call(), address=handle.environment[worker.VARIABLE])
    yield made
    made.close()


def run(client, levers, draws, code="sample"):
    told = Told()
    return client.run(code, sample_digest().folder, levers, told, draws), told


def test_an_answer_is_what_a_new_run_would_give(client):
    _, told = run(client, {LEVER: 0.9}, [2, 5])
    told.wait()
    stages = told.having("stage")
    assert [message["stage"] for message in stages] == [2, 5]
    plan = povsim.read_scenario("sample", overrides={LEVER: 0.9})
    again = povsim.simulate(povsim.complete_population(plan), plan, draws=5, seed=1)
    for message in stages:
        found = store.read(Path(message["folder"]))
        wanted = again["poor_persons"].isel(scenario=0, draw=slice(0, message["stage"])).sum("village")
        np.testing.assert_array_equal(found["poor"].values[0], wanted.transpose("draw", "year").values)
    assert told.messages[-1].keys() == {"id", "done"}


def test_no_more_draws_than_the_run_has(client):
    _, told = run(client, {LEVER: 0.8}, [3, 1000])
    told.wait()
    assert [message["stage"] for message in told.having("stage")] == [3, DRAWS]


def test_the_same_levers_are_answered_from_what_is_there(client):
    first = run(client, {LEVER: 0.7}, [2])[1].wait()
    again = run(client, {LEVER: 0.7}, [2])[1].wait()
    assert [one["folder"] for one in first if "stage" in one] == [one["folder"] for one in again if "stage" in one]
    assert not [one for one in again if "progress" in one]


@pytest.mark.parametrize(
    ("levers", "draws", "code", "said"),
    [
        ({LEVER: 3.0}, [2], "sample", "should lie between 0 and 1"),
        ({"measures.jobs.takeup": 0.5}, [2], "sample", "did you mean"),
        ({LEVER: "0.5"}, [2], "sample", "paths with a number each"),
        ({LEVER: 0.5}, [0], "sample", "whole numbers from 1"),
        ({LEVER: 0.5}, list(range(1, 50)), "sample", "whole numbers from 1"),
        ({LEVER: 0.5}, [2], "../other", "is not on the shelf"),
        ({f"a{number}": 1.0 for number in range(60)}, [2], "sample", "too many"),
    ],
)
def test_what_cannot_be_done_is_said(client, levers, draws, code, said):
    told = Told()
    folder = sample_digest().folder
    request = {"do": "run", "run": code, "folder": str(folder), "set": levers, "draws": draws}
    client.submit(request, told)
    message = told.wait()[-1]
    assert message["error"] == "input"
    assert said in message["text"]


def test_lines_that_are_no_requests_do_no_harm(client):
    for line in (b"nonsense\n", b"[1, 2]\n", b'{"do": "quit"}\n', b'{"cancel": "7"}\n', b"{" * 5000 + b"\n"):
        with client._lock:
            (client._sink or client._connect()).write(line)
            client._sink.flush()
    _, told = run(client, {LEVER: 0.6}, [2])
    assert told.wait()[-1].get("done") is True


def test_a_cancelled_request_ends_and_says_no_more(client, handle):
    submission, told = run(client, {LEVER: 0.55}, [2, DRAWS])
    deadline = time.monotonic() + 60
    while not told.having("progress") and time.monotonic() < deadline:
        time.sleep(0.005)
    submission.cancel()
    known = len(told.messages)
    time.sleep(0.5)
    assert len(told.messages) == known
    assert not told.over.is_set()
    _, other = run(client, {LEVER: 0.54}, [2])
    other.wait()


def test_two_sessions_get_their_own_answers(handle):
    clients = [Client(lambda call: call(), handle.environment[worker.VARIABLE]) for _ in range(2)]
    both = [run(one, {LEVER: 0.3 + place / 10}, [2])[1] for place, one in enumerate(clients)]
    folders = [told.wait() and told.having("stage")[0]["folder"] for told in both]
    assert folders[0] != folders[1]
    for one in clients:
        one.close()


def test_cures_and_explanations_come_from_the_process(client):
    people = sample_digest().part("households")
    household = str(people["id"].values[people["follow_row"].values[0]])
    cures, explained = Told(), Told()
    client.cures("sample", sample_digest().folder, (household, 2018), cures)
    client.explain("sample", sample_digest().folder, household, explained)
    assert isinstance(cures.wait()[-2]["result"], list)
    told = explained.wait()[-2]["result"]
    assert str(told["household"]["household"]) == household
    assert told["agrees"]
    nobody = Told()
    client.explain("sample", sample_digest().folder, "0", nobody)
    assert "is not in the population" in nobody.wait()[-1]["text"]


def test_the_folder_is_of_its_user_alone(handle):
    assert stat.S_IMODE(handle.place.stat().st_mode) == 0o700
    assert stat.S_IMODE((handle.place / "socket").stat().st_mode) == 0o600


def test_stop_ends_the_process_and_removes_its_folder_and_sessions_are_told(cache):
    made = worker.start(cache)
    while not (made.place / "socket").exists():
        time.sleep(0.05)
    client = Client(lambda call: call(), made.environment[worker.VARIABLE])
    _, told = run(client, {LEVER: 0.2}, [2, DRAWS])
    made.stop()
    made.stop()
    assert not made.running()
    assert not made.place.exists()
    assert told.wait()[-1]["error"] == "gone"
    _, after = run(client, {LEVER: 0.2}, [2])
    assert after.wait()[-1]["error"] == "gone"


def test_without_a_socket_a_session_has_a_process_of_its_own(monkeypatch):
    monkeypatch.delenv(worker.VARIABLE, raising=False)
    client = Client(lambda call: call())
    _, told = run(client, {LEVER: 0.5}, [2])
    stage = next(message for message in told.wait() if "stage" in message)
    assert store.read(Path(stage["folder"])).sizes["draw"] == 2
    process = client._own.process
    client.close()
    assert process.poll() is not None


# ---- without a process ----


def test_moved_plans_are_checked_all_problems_at_once(sample):
    with pytest.raises(InputError, match="should be a number"):
        moved(sample, {LEVER: float("nan"), "nowhere": 1.0})


def job(owner, do="run", stage=0, code="1"):
    return Job(code, owner, lambda message: None, {"do": do}, Path("x"), stage=stage)


def test_the_most_urgent_goes_first_and_of_equals_the_first():
    queue, owners = Queue(), [object() for _ in range(4)]
    jobs = [job(owners[0], stage=2), job(owners[1], "explain"), job(owners[2]), job(owners[3]), job(owners[3], "cures")]
    for one in jobs:
        assert queue.put(one)
    assert [queue.take() for _ in jobs] == [jobs[4], jobs[2], jobs[3], jobs[1], jobs[0]]


def test_who_asks_too_much_is_refused_but_others_are_not():
    queue, greedy = Queue(), object()
    assert all(queue.put(job(greedy)) for _ in range(MOST_EACH))
    assert not queue.put(job(greedy))
    assert queue.put(job(object()))
    assert queue.put(job(greedy), again="yes")


def test_a_refinement_gives_way_to_a_first_answer_and_is_done_in_the_end(tmp_path):
    """While the second stage of one session runs, another one asks: the step is given up, and done again later."""
    office = Office(tmp_path, None)
    quiet = io.BytesIO()
    slow, quick = Connection(io.BytesIO(), quiet), Connection(io.BytesIO(), quiet)
    folder = sample_digest().folder
    first = Job("1", slow, slow.say, {"do": "run", "set": {LEVER: 0.41}, "draws": [1, 4]}, folder)
    second = Job("2", quick, quick.say, {"do": "run", "set": {LEVER: 0.42}, "draws": [1]}, folder)
    office._step(first)
    assert first.stage == 1
    assert office.queue.take() is first
    office.queue.put(second)
    office._step(first)
    assert (first.gave_way, first.stage) == (1, 1)
    while office.queue._jobs:
        office._step(office.queue.take())
    said = [json.loads(line) for line in quiet.getvalue().splitlines()]
    stages = [(one["id"], one["stage"]) for one in said if "stage" in one]
    assert stages == [("1", 1), ("2", 1), ("1", 4)]


def test_a_closed_connection_stops_its_job_between_blocks(tmp_path):
    office = Office(tmp_path, None)
    gone = Connection(io.BytesIO(), io.BytesIO())
    asked = Job("1", gone, gone.say, {"do": "run", "set": {LEVER: 0.43}, "draws": [1, 4]}, sample_digest().folder)
    gone.jobs["1"] = asked
    gone.end()
    office._step(asked)
    assert gone.jobs == {}
    assert asked.stage == 0
    assert not office.queue._jobs


def test_what_fails_unexpectedly_is_told_and_the_process_lives(tmp_path, monkeypatch):
    office, heard = Office(tmp_path, None), []
    asked = Job("1", None, heard.append, {"do": "run", "set": {}, "draws": [1]}, Path("nowhere"))
    office._step(asked)
    assert heard[-1]["error"] == "input"
    monkeypatch.setattr(Bench, "trial", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        office._step(asked)


def test_giving_way_is_an_exception_of_its_own():
    assert not issubclass(GaveWayError, InputError)
