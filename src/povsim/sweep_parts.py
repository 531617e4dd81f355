"""A sweep's folder: a finished batch is a part on disk, found again by a later call with the same arguments."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from povsim.errors import InputError, Problem
from povsim.scenario import Scenario
from povsim.staging import CLUTTER, replaced

RESULT = "sweep.nc"
OURS = re.compile(r"\.?(sweep\.nc|part-\d{5,}\.(nc|json))(\.part-\d+)?")
"""Names of a sweep's files, and of those still being written."""
COMPRESSION = {"zlib": True, "complevel": 1, "shuffle": True}


def text_digest(text: str) -> str:
    """Return the SHA-256 of a text.

    Examples
    --------
    >>> text_digest("povsim")[:8]
    'b8a44520'
    """
    return hashlib.sha256(text.encode()).hexdigest()


def register_digest(register: xr.Dataset) -> str:
    """Return the SHA-256 of a register's values and attributes, but for the name of the file it was read from."""
    digest = hashlib.sha256()
    for name in sorted(map(str, register.variables)):
        array = register[name].variable
        values = array.to_numpy()
        plain = np.ascontiguousarray(values.astype(str) if values.dtype.kind == "O" else values)
        digest.update(f"{name} {array.dims} {plain.dtype.str} {plain.shape}\n".encode())
        digest.update(plain.tobytes())
    told = {str(key): str(value) for key, value in register.attrs.items() if key != "source"}
    digest.update(json.dumps(told, sort_keys=True).encode())
    return digest.hexdigest()


def scenario_digest(scenario: Scenario) -> str:
    """Return the SHA-256 of a scenario as expanded, but for its population, which a register stands for."""
    data = scenario.model_dump(mode="json", exclude={"population"})
    return text_digest(json.dumps(data, sort_keys=True, ensure_ascii=False))


@dataclass(frozen=True)
class Parts:
    """The parts of one sweep in a folder.

    Attributes
    ----------
    folder : Path
        Made when the first part is written.
    arguments : mapping of str to str
        What a part has to have been made with, texts or digests.
    """

    folder: Path
    arguments: Mapping[str, str]

    def file(self, number: int) -> Path:
        """Return where a part's Dataset is."""
        return self.folder / f"part-{number:05d}.nc"

    def check(self) -> None:
        """Refuse a folder that holds other files than a sweep's, or parts made with other arguments."""
        if not self.folder.exists():
            return
        if not self.folder.is_dir():
            raise InputError(str(self.folder), [Problem("folder", "is a file", mend="name a new folder")])
        _clear_up(self.folder)
        foreign = sorted(item.name for item in self.folder.iterdir() if not _is_ours(item.name))
        if foreign:
            found, allowed = ", ".join(foreign[:5]), "a new folder, or that of a sweep"
            raise InputError(str(self.folder), [Problem("folder", "holds files that no sweep wrote", found, allowed)])
        for note in sorted(self.folder.glob("part-*.json")):
            self._compare(_read_note(note))

    def _compare(self, note: Mapping[str, object]) -> None:
        made = note.get("arguments")
        if not isinstance(made, dict) or made == self.arguments:
            return
        mend = "give the arguments of the sweep in the folder, or name another folder"
        problems = [
            Problem(name, "is not that of the sweep in the folder", _short(value), _short(str(made.get(name))), mend)
            for name, value in self.arguments.items()
            if made.get(name) != value
        ]
        raise InputError(str(self.folder), problems or [Problem("folder", "was written by another povsim", mend=mend)])

    def is_whole(self, number: int) -> bool:
        """Tell whether a part was finished and is undamaged."""
        file = self.file(number)
        note = _read_note(file.with_suffix(".json"))
        return file.is_file() and note.get("sha256") == _file_digest(file)

    def write(self, number: int, part: xr.Dataset) -> None:
        """Write a part, then the note that says it is finished."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file, note = self.file(number), self.file(number).with_suffix(".json")
        write_netcdf(part.assign_attrs(arguments=json.dumps(dict(self.arguments), ensure_ascii=False)), file)
        told = {"sha256": _file_digest(file), "arguments": dict(self.arguments)}
        with replaced(note) as beside:
            beside.write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
            _to_disk(beside)
        _to_disk(self.folder)

    def read(self, number: int) -> xr.Dataset:
        """Return a part as it was before it was written."""
        return read_netcdf(self.file(number)).drop_attrs(deep=False)

    def write_result(self, result: xr.Dataset) -> None:
        """Write the whole sweep beside its parts."""
        write_netcdf(result, self.folder / RESULT)


def write_netcdf(dataset: xr.Dataset, file: Path) -> None:
    """Write a Dataset to a file that appears whole or not at all, and is on the disk when this returns."""
    packed = [name for name, array in dataset.data_vars.items() if array.dtype.kind in "iuf" and array.ndim]
    with replaced(file) as beside:
        dataset.to_netcdf(
            beside, format="NETCDF4", engine="netcdf4", encoding={name: dict(COMPRESSION) for name in packed}
        )
        _to_disk(beside)
    _to_disk(file.parent)


def read_netcdf(file: Path) -> xr.Dataset:
    """Return what :func:`write_netcdf` wrote, in memory, texts as fixed-width texts again."""
    read = xr.load_dataset(file, engine="netcdf4").drop_encoding()
    texts = [name for name, array in read.variables.items() if array.dtype.kind not in "biuf"]
    return read.assign({name: read[name].astype(str) for name in texts})


def _to_disk(path: Path) -> None:
    if path.is_dir() and os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _file_digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read_note(file: Path) -> dict[str, object]:
    try:
        note = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _short(value: str) -> str:
    is_digest = len(value) == 64 and all(letter in "0123456789abcdef" for letter in value)
    return f"{value[:12]}..." if is_digest else value


def _is_ours(name: str) -> bool:
    return name in CLUTTER or OURS.fullmatch(name) is not None


def _clear_up(folder: Path) -> None:
    """Remove what a process that was killed outright was writing."""
    for left in folder.glob(".*.part-*"):
        pid = left.name.rpartition("-")[2]
        if _is_ours(left.name) and pid.isdigit() and not _alive(int(pid)):
            left.unlink(missing_ok=True)


def _alive(pid: int) -> bool:
    # elsewhere the signal would end the process
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
