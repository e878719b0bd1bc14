"""Where the files of a PharmCAT release lie in a folder that somebody gives us.

Three forms are known: the resources of PharmCAT's source (a checkout, or a jar that was unpacked),
the same folders lifted out of it, and folders with a date in their name (``guidelines-2023-08``),
whose facts keep that date whatever the date of the rest is.

Everything is looked at before anything is read: only plain files that lie inside the folder, of a
size that a release can have.
"""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from nof1.core.errors import InputError

ROOTS = ("", "src/main/resources/org/pharmgkb/pharmcat", "org/pharmgkb/pharmcat")
ALLELES = ("alleles", "definition/alleles")
EXEMPTIONS = "exemptions.json"
DEFINED = "*_translation.json"
# PharmCAT 2.x has a folder for each source, with one file a medicine; 3.x has one file for all.
GUIDELINES = ("guidelines", "reporter/guidelines")
GUIDANCE = ("prescribing_guidance.json", "reporter/prescribing_guidance.json")
LARGEST = 64 * 2**20  # the largest file of PharmCAT 3.x is 5 MiB
MOST_FILES = 2_000
_DATED = re.compile(r"(phenotype|guidelines)-(\d{4}-\d{2})")


class Place(NamedTuple):
    """A folder or file of a release; ``dated`` is the month in its name (``2023-08``), or empty."""

    path: Path
    dated: str = ""


@dataclass(frozen=True)
class Layout:
    """What a release folder holds.

    Attributes
    ----------
    alleles : folder of the definitions, or None.
    exemptions : file with extra positions and alleles to ignore, or None.
    phenotypes : folders of phenotype tables; the first that has a gene counts.
    cpic, dpwg : the folder of this source's guidelines, or None.
    guidance : the one file that holds the guidelines of all sources, or None.
    unused : what is there as well, but is not read, because a newer place has it.
    """

    alleles: Path | None
    exemptions: Path | None
    phenotypes: tuple[Place, ...]
    cpic: Place | None
    dpwg: Place | None
    guidance: Path | None
    unused: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that would be read."""
        single = [path for path in (self.exemptions, self.guidance) if path is not None]
        folders = [place.path for place in (*self.phenotypes, self.cpic, self.dpwg) if place]
        found = [path for folder in folders for path in sorted(folder.glob("*.json"))]
        return (*single, *definitions(self.alleles), *found)


def definitions(folder: Path | None) -> list[Path]:
    """The definition files of a folder, sorted."""
    return [] if folder is None else sorted(folder.glob(DEFINED))


def find(folder: Path) -> Layout:
    """The layout of a release folder; every file of it was looked at.

    Raises
    ------
    InputError : this is no folder, it holds nothing of a release, or a file of it is no plain file,
        lies outside, or is too large.
    """
    if not folder.is_dir():
        raise InputError(
            "This is no folder.",
            where=folder.name,
            next_step="Unpack the release, and give the folder that it makes.",
        )
    for root in ROOTS:
        found = _layout(folder / root)
        if found.files:
            _look_at(folder, found.files)
            return found
    raise InputError(
        "Nothing of a PharmCAT release was found here.",
        where=str(folder),
        allowed=f"folders alleles/{DEFINED}, phenotype/*.json, guidelines/cpic and dpwg, or a"
        " checkout of PharmCAT",
    )


def _layout(root: Path) -> Layout:
    alleles = next((root / name for name in ALLELES if definitions(root / name)), None)
    guidance = next((root / name for name in GUIDANCE if (root / name).is_file()), None)
    exempt = [p / EXEMPTIONS for p in (alleles, alleles.parent)] if alleles else []
    places = {name: _guidelines(root, name) for name in ("cpic", "dpwg")}
    used = {name: found[0] if found and not guidance else None for name, found in places.items()}
    rest = [one for name, found in places.items() for one in found if one is not used[name]]
    return Layout(
        alleles,
        next((path for path in exempt if path.is_file()), None),
        tuple(_phenotypes(root)),
        used["cpic"],
        used["dpwg"],
        guidance,
        tuple(str(one.path.relative_to(root)) for one in rest),
    )


def _phenotypes(root: Path) -> list[Place]:
    plain = next((p for p in (root / "phenotype", root / "phenotype" / "cpic") if _json(p)), None)
    return [*([Place(plain)] if plain else []), *_dated(root, "phenotype", "")]


def _guidelines(root: Path, source: str) -> list[Place]:
    """Folders with the guidelines of a source: those without a date first, then the newest."""
    plain = [root / name / source for name in GUIDELINES]
    return [*(Place(path) for path in plain if _json(path)), *_dated(root, "guidelines", source)]


def _dated(root: Path, kind: str, inner: str) -> list[Place]:
    folders = sorted(root.iterdir(), reverse=True) if root.is_dir() else []
    names = [(path, _DATED.fullmatch(path.name)) for path in folders]
    found = [(path / inner, name[2]) for path, name in names if name and name[1] == kind]
    return [Place(path, month) for path, month in found if _json(path)]


def _json(folder: Path) -> bool:
    return folder.is_dir() and any(folder.glob("*.json"))


def _look_at(folder: Path, files: tuple[Path, ...]) -> None:
    if len(files) > MOST_FILES:
        raise InputError(
            f"The folder holds {len(files):,} files.", where=folder.name, allowed=f"{MOST_FILES:,}"
        )
    inside = folder.resolve()
    for path in files:
        kind = path.stat()
        if not stat.S_ISREG(kind.st_mode) or not path.resolve().is_relative_to(inside):
            raise InputError("This is no plain file inside the release.", where=path.name)
        if kind.st_size > LARGEST:
            raise InputError(
                f"The file is too large: {kind.st_size / 2**20:,.0f} MiB.",
                where=path.name,
                allowed=f"{LARGEST >> 20} MiB",
                next_step="Download the release again; its own files are far smaller.",
            )
