"""Check what no other tool checks about the repository's own files, and report every problem at once.

Registry hosts are kept as digests so that this file names none either; add one with ``printf %s HOST | sha256sum``.
"""

import hashlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements/build.lock", "requirements/run.lock", "requirements/test.lock")
READMES = ("README.md", "README.zh.md")
DOCUMENT_FOLDERS = ("scenarios", "rulebooks")
MAX_LINES = 400

REGISTRY_HOSTS = frozenset(
    {
        "a4aa2ac280bb8d1a0ce7a1be5a7bfb10292b49fe9435ad5cff19f421f3c70e41",
        "8b5bb5eb9d758455b8635855cf8aaf05b68775e3f83f0291e800ef338fb9783c",
        "d6d7019ca9fcbf07c769e445342515ef0c92e4f18a96adbb3bf6460f5b0ba17f",
        "8743857e3ea00fd1c64bbc68b8af241954ad2c285e7a60340eec7ea5dcb200db",
        "3ca29e55be4befa48f875d24c27f9bed32fe06588819ed6264084b6670a1ebb0",
        "87d14f070cb9686970d008f9f94e668075fd37620381409858bf040ae1271d51",
        "e680c440a2e92079ab1bf7a927e8d3920f1bcd173c0487e28e020110b2e59efc",
        "1ba4e37997a2e986efa6cd844e43fd25b9e816359d31612baa9c18b71e3b5294",
        "789e46d79514e28093cabe2bb4a0798266f584b0e508ef269ebabb6e57859290",
        "00a7dc5a0cc388586b8665846e7d8ae94a6dd096f2aa1aa3b4aab4ac484f998a",
        "51c6b9f69c48a75b146d2785c3d70d336d5fdce24868f2e22db377d736f2ef24",
    }
)
HOST = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}", re.IGNORECASE)
MACHINE_PATH = re.compile(r"(?<![\w./~}-])/(?:home|Users|root|work|mnt)/[\w.-]+")
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)")


def main() -> int:
    """Print every problem found; return 1 if there is any, else 0."""
    files = [path for path in repository_files() if path.is_file()]
    problems = [
        *problems_in_text(files),
        *problems_in_locks(),
        *problems_in_source(files),
        *problems_in_documents(files),
        *(f"{name}: is missing" for name in READMES if not (ROOT / name).is_file()),
    ]
    for problem in problems:
        print(problem)
    print(f"{len(files)} files of the repository checked: {len(problems)} problems")
    return 1 if problems else 0


def repository_files() -> Iterator[Path]:
    """Yield the files that git tracks or would track; without git, those outside hidden and environment folders."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    if (ROOT / ".git").exists():
        listing = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        yield from (ROOT / name for name in sorted(set(listing.split("\0"))) if name)
    else:
        skipped = re.compile(r"^(?:\.venv.*|\..*_cache|\.hypothesis|__pycache__|node_modules|runs)$")
        for path in sorted(ROOT.rglob("*")):
            if not any(skipped.match(part) for part in path.relative_to(ROOT).parts):
                yield path


def problems_in_text(files: list[Path]) -> Iterator[str]:
    """Yield each line that names a package registry's host or a path of somebody's machine."""
    for path in files:
        content = path.read_bytes()
        if b"\0" in content:
            continue
        for number, line in enumerate(content.decode("utf-8", errors="replace").splitlines(), start=1):
            where = f"{relative(path)}:{number}"
            if any(is_registry(host) for host in HOST.findall(line)):
                yield f"{where}: names the host of a package registry; name the package only"
            for found in MACHINE_PATH.findall(line):
                yield f"{where}: names a path of one machine, {found}; use a path relative to the repository"


def is_registry(host: str) -> bool:
    """Return whether the host, or a domain it belongs to, is a package registry."""
    labels = host.lower().split(".")
    domains = (".".join(labels[start:]) for start in range(len(labels) - 1))
    return any(hashlib.sha256(domain.encode()).hexdigest() in REGISTRY_HOSTS for domain in domains)


def problems_in_locks() -> Iterator[str]:
    """Yield what is wrong with the locks: addresses, missing hashes, and dependencies they do not hold."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    base = project["project"]["dependencies"] + extras["dashboard"]
    needed = (project["build-system"]["requires"], base, base + extras["test"] + extras["docs"])
    for name, requirements in zip(LOCKS, needed, strict=True):
        if (ROOT / name).is_file():
            text = (ROOT / name).read_text(encoding="utf-8")
            yield from problems_in_lock(name, text)
            yield from unmet(name, text, requirements)
        else:
            yield f"{name}: is missing; run tools/lock"


def problems_in_lock(name: str, text: str) -> Iterator[str]:
    """Yield the entries of a lock that are not a pinned version with hashes and nothing else."""
    for entry in text.replace("\\\n", " ").splitlines():
        if entry.startswith("#"):
            continue
        if "://" in entry or " @ " in entry or not PIN.match(entry):
            yield f"{name}: not a pinned version: {entry.split(' --hash')[0].strip()}; run tools/lock"
        elif "--hash=sha256:" not in entry:
            yield f"{name}: no hash: {entry.strip()}; run tools/lock"


def unmet(name: str, text: str, requirements: list[str]) -> Iterator[str]:
    """Yield the requirements of pyproject.toml that a lock does not satisfy."""
    pins: dict[str, list[str]] = {}
    for line in text.splitlines():
        if pin := PIN.match(line):
            pins.setdefault(canonicalize_name(pin[1]), []).append(pin[2])
    for requirement in map(Requirement, requirements):
        versions = pins.get(canonicalize_name(requirement.name), [])
        if not versions:
            yield f"{name}: lacks {requirement.name}, which pyproject.toml asks for; run tools/lock"
        for version in versions:
            if not requirement.specifier.contains(version, prereleases=True):
                yield f"{name}: has {requirement.name} {version}, pyproject.toml asks for {requirement}; run tools/lock"


def problems_in_source(files: list[Path]) -> Iterator[str]:
    """Yield the Python files of the package that are too long to read in a sitting."""
    for path in files:
        if path.suffix == ".py" and path.is_relative_to(ROOT / "src"):
            lines = len(path.read_text(encoding="utf-8").splitlines())
            if lines > MAX_LINES:
                yield f"{relative(path)}: {lines} lines, at most {MAX_LINES} are allowed; split it by what it is about"


def problems_in_documents(files: list[Path]) -> Iterator[str]:
    """Yield the scenarios and rulebooks that safe YAML loading refuses."""
    for path in files:
        folder = relative(path).split("/")[0]
        if folder in DOCUMENT_FOLDERS and path.suffix in {".yaml", ".yml"}:
            try:
                yaml.safe_load(path.read_text(encoding="utf-8"))
            except (yaml.YAMLError, UnicodeDecodeError) as error:
                yield f"{relative(path)}: cannot be read as YAML: {' '.join(str(error).split())}"


def relative(path: Path) -> str:
    """Return the path from the root of the repository, with slashes."""
    return path.relative_to(ROOT).as_posix()


if __name__ == "__main__":
    sys.exit(main())
