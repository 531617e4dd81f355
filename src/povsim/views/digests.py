"""What pages need of a run, worked out once and kept as small files that sessions share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from povsim.errors import InputError, Problem
from povsim.staging import MANIFEST, staged
from povsim.terms import Language
from povsim.views import store

if TYPE_CHECKING:
    import xarray as xr

    from povsim.folder import Run
    from povsim.scenario import Scenario
    from povsim.scoring.schema import Scorecard

Progress = Callable[[int, int], None]
"""Called with steps done and steps in all; an exception of its own stops the work, and nothing is left behind."""
FORMAT = 2
META, SCENARIO = "digest.json", "scenario.json"
FALLBACK_LEVELS = ("township", "village")
"""Where a scenario names no scorecard that ranks several units, the first shipped one of these that works is taken."""


@dataclass(frozen=True)
class RunDigest:
    """A run as pages see it; everything is read when first asked for.

    Attributes
    ----------
    code : str
        What the run is called in links: the name of its folder.
    folder : Path
        Where the digest is.
    path : Path
        Where the run is; it may have been moved since.
    scorecards : tuple of str
        Codes of the scorecards that work for the run; those that rank at least two units come first.
    left_out : dict of code to reason
        Scorecards of the scenario that do not work for the run, and why.
    manifest : dict
        As the run was written with.
    """

    code: str
    folder: Path
    path: Path
    scorecards: tuple[str, ...]
    left_out: dict[str, str]
    manifest: dict[str, Any]
    names: dict[str, str]

    def label(self, lang: Language) -> str:
        """Return the name of the plan, behind the folder's where that says more: plans of one name are told apart.

        Examples
        --------
        >>> RunDigest("b", Path("x"), Path("b"), (), {}, {"scenarios": ["a"]}, {"en": "Plan", "zh": "计划"}).label("zh")
        'b · 计划'
        """
        name = self.names[lang]
        if self.code == self.manifest["scenarios"][0]:
            return name
        return f"{self.code} · {name}"

    @property
    def scenario(self) -> Scenario:
        """The plan of the run."""
        return _scenario(self.folder)

    def has(self, name: str) -> bool:
        """Tell whether the digest has a part."""
        return (self.folder / name / store.INDEX).is_file()

    def part(self, name: str) -> xr.Dataset:
        """Return a part; its large arrays are read-only maps that all sessions share.

        Raises
        ------
        InputError
            The digest has no such part.
        """
        return _part(self.folder, name)


@cache
def _scenario(folder: Path) -> Scenario:
    from povsim.scenario import Scenario

    return Scenario.model_validate_json((folder / SCENARIO).read_text(encoding="utf-8"))


@cache
def _part(folder: Path, name: str) -> xr.Dataset:
    if not (folder / name / store.INDEX).is_file():
        known = ", ".join(sorted(path.parent.name for path in folder.glob(f"*/{store.INDEX}")))
        raise InputError(folder.name, [Problem("part", "is not in the digest of the run", name, known)])
    return store.read(folder / name)


def prepare(
    run_folder: str | Path,
    cache_folder: str | Path,
    progress: Progress | None = None,
    *,
    scorecards: Sequence[str] = (),
) -> RunDigest:
    """Return the digest of a run, made now unless the cache has it.

    Parameters
    ----------
    run_folder : str or Path
        As ``povsim run`` writes it.
    cache_folder : str or Path
        Where digests are kept; each in a folder of its own, by run and version of povsim.
    progress : callable, optional
        Called with steps done and steps in all.
    scorecards : sequence of str
        Names or files of scorecards wanted beside the scenario's own.

    Returns
    -------
    RunDigest

    Raises
    ------
    InputError
        The folder is no run, or a scorecard asked for does not exist or does not work for it.
    """
    from povsim.folder import open_run

    path = Path(run_folder).resolve()
    with open_run(path) as run:
        folder = Path(cache_folder).resolve() / f"{path.name[:80]}-{_key(path, scorecards)}"
        if not (folder / META).is_file():
            with staged(folder) as part:
                _make(run, part, scorecards, progress)
    return open_digest(folder, path=path)


def open_digest(folder: str | Path, *, code: str | None = None, path: Path | None = None) -> RunDigest:
    """Open a digest that :func:`prepare` made.

    Parameters
    ----------
    folder : str or Path
        The folder of the digest.
    code : str, optional
        What the run is to be called, where two folders have the same name.
    path : Path, optional
        Where the run is now, if it was moved.

    Raises
    ------
    InputError
        No digest there.
    """
    place = Path(folder)
    if not (place / META).is_file():
        raise InputError(str(folder), [Problem("folder", "holds no digest of a run", mend="prepare it again")])
    told = json.loads((place / META).read_text(encoding="utf-8"))
    return RunDigest(
        code or told["code"], place, path or Path(told["path"]), tuple(told["scorecards"]), told["left_out"],
        told["manifest"], told["names"],
    )  # fmt: skip


def _key(path: Path, scorecards: Sequence[str]) -> str:
    """Return what a digest depends on, as one hash: the run, the scorecards, and the code that makes digests."""
    from povsim.scoring.scorecard import locate_scorecard

    hashed = hashlib.sha256(f"{FORMAT} {metadata.version('povsim')} {_code_hash()} {path}\n".encode())
    hashed.update((path / MANIFEST).read_bytes())
    for name in scorecards:
        hashed.update(locate_scorecard(name).read_bytes())
    return hashed.hexdigest()[:16]


@cache
def _code_hash() -> str:
    """Return a hash of the sources: in an editable install they change without the version doing so."""
    package = Path(__file__).resolve().parents[1]
    above = {"dashboard", "charts", "report"}
    sources = [path for path in sorted(package.rglob("*.py")) if path.relative_to(package).parts[0] not in above]
    hashed = hashlib.sha256()
    for source in sources:
        hashed.update(source.read_bytes())
    return hashed.hexdigest()


def _make(run: Run, folder: Path, scorecards: Sequence[str], progress: Progress | None) -> None:
    cards, run_parts, card_parts = _cards(run, scorecards), _run_parts(), _card_parts()
    told = _Steps(progress, len(run_parts) + len(cards) * len(card_parts))
    asked = {_read(name).code for name in scorecards}
    working, left_out = [], {}
    # Scorecards first: one that was asked for and does not work is told soon.
    for card in cards:
        try:
            for name, make_card in card_parts.items():
                _write(make_card(run, card), folder / f"{name}.{card.code}")
                told.step()
            working.append(card)
        except InputError as error:
            if card.code in asked:
                raise
            left_out[card.code] = str(error)
    for name, make in run_parts.items():
        _write(make(run), folder / name)
        told.step()
    _write_meta(run, folder, working, left_out)


def _write(dataset: xr.Dataset | None, folder: Path) -> None:
    if dataset is not None:
        store.write(dataset, folder)


def _write_meta(run: Run, folder: Path, cards: Sequence[Scorecard], left_out: dict[str, str]) -> None:
    scenario = run.scenario
    many = [card for card in cards if _units(run, card) > 1]
    told = {
        "code": run.path.name,
        "path": str(run.path),
        "names": {"zh": scenario.label("zh"), "en": scenario.label("en")},
        "scorecards": [card.code for card in (*many, *(card for card in cards if card not in many))],
        "left_out": left_out,
        "manifest": run.manifest,
    }
    (folder / SCENARIO).write_text(scenario.model_dump_json(), encoding="utf-8")
    (folder / META).write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")


def _cards(run: Run, asked: Sequence[str]) -> list[Scorecard]:
    """Return the scenario's scorecards and those asked for; one that ranks several units where none of them does."""
    found = {card.code: card for card in map(_read, (*run.scenario.scorecards, *asked))}
    if not any(_units(run, card) > 1 for card in found.values()):
        found |= {card.code: card for card in _fallback(run)}
    return list(found.values())


def _fallback(run: Run) -> Iterator[Scorecard]:
    from povsim.scoring.scorecard import shipped_scorecards
    from povsim.scoring.values import indicator_values

    cards = [_read(name) for name in shipped_scorecards()]
    for level in FALLBACK_LEVELS:
        for card in (card for card in cards if card.level == level and _units(run, card) > 1):
            try:
                indicator_values(run.outcomes, card)
            except InputError:
                continue
            yield card
            return


def _read(name: str) -> Scorecard:
    from povsim.scoring.scorecard import read_scorecard

    return read_scorecard(name)


def _units(run: Run, card: Scorecard) -> int:
    from povsim.scoring.signal_names import AREAS
    from povsim.scoring.signals import units_of

    return len(units_of(run.outcomes, card.level)) if card.level in AREAS else 0


class _Steps:
    """Counts steps for a progress bar."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress, self.done, self.total = progress, 0, total

    def step(self) -> None:
        self.done += 1
        if self.progress is not None:
            self.progress(self.done, self.total)


def _run_parts() -> dict[str, Callable[[Run], xr.Dataset | None]]:
    """Return what makes each part; none is made of what a run does not hold."""
    from povsim.views import comparison, forecast, vetoes

    return {
        "forecast": forecast.digest,
        "households": forecast.digest_households,
        "vetoes": vetoes.digest,
        "comparison": comparison.digest,
    }


def _card_parts() -> dict[str, Callable[[Run, Scorecard], xr.Dataset | None]]:
    from povsim.views import vetoes, weights

    return {"weights": weights.digest, "vetoes": vetoes.digest_card}
