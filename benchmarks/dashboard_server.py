"""What the dashboards are measured on: a made-up county of five hundred villages, its scorecard, and a server of it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml

from povsim.dashboard.app import PAGES
from povsim.folder import write_run
from povsim.folder_manifest import Record, input_files
from povsim.quantity import read_yaml
from povsim.runs import Settings, complete_population, run_scenarios
from povsim.scenario import locate, read_scenario

TOKEN = "token-of-the-benchmark"
TOWNSHIPS, HOUSEHOLDS = 20, 10_000
CALM = 4
"""Seconds without work after which all is ready; a process that was taken is replaced after three."""
TOLD = {"source": "made up for the benchmark", "status": "assumed"}
SIGNALS = (
    *(("guarantee_met", one) for one in ("housing", "insurance", "schooling", "water")),
    *(("facility_coverage", one) for one in ("road", "power", "broadband", "broadcasting", "clinic", "culture_room")),
    *(("coverage_so_far", one) for one in
      ("industry", "contracts", "ecommerce", "tourism", "jobs", "workshop", "training", "posts", "rangers", "solar",
       "assets", "ecology", "microcredit", "repair", "medical")),
)  # fmt: skip
"""Twenty-five things a village is scored by."""


def scorecard(folder: Path) -> Path:
    """Write a scorecard of villages with twenty-five indicators."""
    items = [
        {
            "code": f"{kind[:3]}_{what}", "name_zh": f"{what}（村级）", "name_en": f"{what}, village",
            "points": 4, "unit": "share", "rule": {"type": "proportional", **TOLD},
            "value_from": {"simulated": kind, "of": [what]}, "missing": "zero", **TOLD,
        }
        for kind, what in SIGNALS
    ]  # fmt: skip
    head = {"code": "bench-villages", "name_zh": "村级评分", "name_en": "Villages", "level": "village",
            "total_points": 100, "document": "made up for the benchmark"}  # fmt: skip
    path = folder / "bench-villages.yaml"
    path.write_text(yaml.safe_dump({"scorecard": head, "indicators": items}, allow_unicode=True), encoding="utf-8")
    return path


def run_of(folder: Path, villages: int, draws: int, code: str) -> Path:
    """Return the folder of a run of a made-up county; the leaner plan goes without public jobs."""
    target = folder / code
    margins: Any = read_yaml(locate("sample").with_name("sample.margins.yaml"))
    each = villages // TOWNSHIPS
    margins["townships"] = [
        {"name_zh": f"第{town}镇", "name_en": f"Town {town}",
         "villages": [f"{town:02d}-{place:02d}村" for place in range(1, each + 1)]}
        for town in range(1, TOWNSHIPS + 1)
    ]  # fmt: skip
    people = margins["population"]
    for name, value in (("households", HOUSEHOLDS), ("persons", 3.3 * HOUSEHOLDS)):
        people[name] = {**people[name], "value": value}
    (folder / "bench.margins.yaml").write_text(yaml.safe_dump(margins, allow_unicode=True), encoding="utf-8")
    plan = folder / f"{code}.yaml"
    written: dict[str, Any] = {
        "base": str(locate("sample")), "code": code, "name_zh": code, "name_en": code,
        "population": {"margins": "bench.margins.yaml"},
    }  # fmt: skip
    plan.write_text(yaml.safe_dump(written, allow_unicode=True), encoding="utf-8")
    overrides = {"measures.posts.active": False} if code != "bench" else {}
    scenario = read_scenario(plan, overrides=overrides)
    households = complete_population(scenario)
    results = run_scenarios(households, (scenario,), Settings(range(draws), seed=1))
    record = Record(
        seed=1, inputs=input_files(plan, scenario), overrides=tuple(f"{a}={b}" for a, b in overrides.items())
    )
    write_run(results, target, register=households, record=record)
    return target


@dataclass(frozen=True)
class Server:
    """A server in a process of its own."""

    process: subprocess.Popen[str]
    port: int

    def url(self, page: str) -> str:
        """Return the address of a page."""
        return f"http://127.0.0.1:{self.port}/{page}?token={TOKEN}"

    def kernels(self) -> dict[str, psutil.Process]:
        """Return the processes of sessions and of those that wait, by the numbers of their kernels."""
        found = {}
        for child in psutil.Process(self.process.pid).children(recursive=True):
            try:
                sockets = [str(one.laddr) for one in child.net_connections("unix")]
            except psutil.Error:
                continue
            for match in filter(None, (re.search(r"kernel-([0-9a-f-]{36})-ipc", one) for one in sockets)):
                found[match[1]] = child
        return found


@contextmanager
def serving(runs: list[Path], card: Path, cache: Path) -> Iterator[Server]:
    """Give a server that answers; it ends with the block."""
    command = [sys.executable, "-c", "from povsim.cli import main; main()", "dashboard", *map(str, runs)]
    options = ["--no-browser", "--token", TOKEN, "--lang", "zh", "--scorecard", str(card)]
    process = subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "XDG_CACHE_HOME": str(cache)},
    )  # fmt: skip
    try:
        yield Server(process, _port(process))
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=120)


def _port(process: subprocess.Popen[str]) -> int:
    for line in process.stdout or ():
        if found := re.search(r"http://127\.0\.0\.1:(\d+)/", line):
            return int(found[1])
    raise SystemExit("the server did not start")


def settled(server: Server, *, open_pages: int = 0, most: float = 120.0) -> None:
    """Wait until every page has a process that waits for it, and none of them works.

    Parameters
    ----------
    server : Server
        The server.
    open_pages : int
        Sessions that are open besides.
    most : float
        Seconds after which the wait ends all the same.
    """
    end, calm = time.monotonic() + most, 0
    while calm < CALM and time.monotonic() < end:
        before = _used(server)
        time.sleep(1)
        after = _used(server)
        quiet = before.keys() == after.keys() and all(after[one] - before[one] < 0.1 for one in after)
        calm = calm + 1 if quiet and len(after) >= len(PAGES) + open_pages else 0


def _used(server: Server) -> dict[str, float]:
    """Return the seconds that each session's process has worked."""
    found = {}
    for number, child in server.kernels().items():
        try:
            found[number] = sum(child.cpu_times()[:2])
        except psutil.Error:
            continue
    return found


def private_megabytes(process: psutil.Process) -> float:
    """Return what of a process's memory no other process shares, in MB."""
    told = Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii")
    kilobytes = sum(int(count) for count in re.findall(r"^Private_\w+:\s+(\d+) kB", told, re.MULTILINE))
    return kilobytes * 1024 / 1e6
