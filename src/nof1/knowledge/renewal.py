"""Bringing a newer release into a workspace: compiled, compared, and put in place as a whole.

Nothing that came with nof1 is written to. The new facts are made beside the workspace's
``knowledge`` folder and renamed into its place; the folder that stood there is kept as
``knowledge.previous``. A release that cannot be used changes nothing.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from nof1.core.errors import InputError, UsageError, WorkspaceError
from nof1.knowledge import alleles, frequencies, pharmcat, phenotypes, prescribing
from nof1.knowledge.base import Base, Source, sources
from nof1.knowledge.layout import definitions, find
from nof1.knowledge.release import (
    PREVIOUS,
    Compiled,
    Names,
    compile_release,
    write_manifest,
    write_table,
)

MONTHS_VALID = 18  # of what is brought in, when nobody says until when it may be used
AGREE = timedelta(days=92)  # a release may come out some weeks after the data in it
_VERSION = re.compile(r"[\w.+-]{1,40}")
TITLES = {
    "pharmcat": "Named alleles, functions and phenotypes of a PharmCAT release, imported here",
    "cpic": "CPIC guidelines of a PharmCAT release, imported here",
    "dpwg": "DPWG guideline annotations of a PharmCAT release, imported here",
}
LICENCES = {
    "pharmcat": "repository MPL-2.0, content of CPIC CC0; only facts are kept, in our own form",
    "cpic": "CC0-1.0 (CPIC); only facts are kept, in our own words",
    "dpwg": "annotations CC BY-SA 4.0 (ClinPGx); only facts are kept, in our own words",
}


@dataclass(frozen=True)
class Staged:
    """New facts that lie beside the workspace's, not in use yet.

    Attributes
    ----------
    folder : where they lie: the workspace's own files, with the release's over them.
    compiled : what was read, with notes about all that was not taken.
    sources : rows that ``sources.tsv`` gets.
    """

    folder: Path
    compiled: Compiled
    sources: tuple[Source, ...]


def stage(
    release: Path,
    out: Path,
    base: Base,
    *,
    published: date | None = None,
    valid_until: date | None = None,
    today: date | None = None,
) -> Staged:
    """Compile a release over the facts in use, into the folder ``out``, which is not there yet.

    Parameters
    ----------
    published : day of the release; the ids of its sources carry it [what its files say].
    valid_until : last day on which its facts are not called old [18 months after ``published``].

    Raises
    ------
    UsageError : a date is not possible, or not that of the files.
    InputError : the release is not whole, not for GRCh38, or not in a form that we know.
    """
    own, day = _own_date(release), today or date.today()
    published = published or own or day
    last = valid_until or _months_later(published, MONTHS_VALID)
    _check_dates(published, last, own, day)
    ids = _ids(published)
    if base.folder is not None and base.folder.is_dir():
        shutil.copytree(base.folder, out, dirs_exist_ok=True)
    known = {row["gene"] for row in base.rows("frequencies.tsv")} | set(phenotypes.genes(base))
    made = compile_release(release, out, names=ids, genes=known, base=base)
    _whole(release, made, base)
    _weighable(made, base)
    rows = _sources(made, ids, base, published, last)
    table = {**sources(base), **{row.id: row for row in rows}}
    write_table(out / "sources.tsv", [_row(source) for source in table.values()])
    write_manifest(out)
    return Staged(out, made, rows)


def install(staged: Path, place: Path) -> None:
    """Put a staged folder in the place of the workspace's ``knowledge`` folder.

    Raises
    ------
    WorkspaceError : another import is at work, or the folder cannot be written.
    """
    previous = place.with_name(PREVIOUS)
    with _alone(place):
        try:
            shutil.rmtree(previous, ignore_errors=True)
            if place.exists():
                os.rename(place, previous)
            try:
                os.rename(staged, place)
            except OSError:
                if previous.exists():
                    os.rename(previous, place)
                raise
        except OSError as error:
            raise WorkspaceError(
                f"The facts cannot be put in place: {error.strerror}.",
                where=str(place),
                next_step="Nothing was changed. Check the rights and the free space.",
            ) from None
    forget()


def forget() -> None:
    """Forget facts that were read before: the files below the same folder are others now."""
    for read in (
        sources,
        alleles.genes,
        alleles.definition,
        phenotypes.genes,
        phenotypes.phenotypes,
        prescribing.rules,
        prescribing.by_drug,
    ):
        read.cache_clear()


def _own_date(release: Path) -> date | None:
    """The day that the release's own definitions name as their version."""
    for path in definitions(find(release).alleles)[:1]:
        version = str(pharmcat.load(path).get("version"))
        try:
            return date.fromisoformat(version[:10])
        except ValueError:
            return None
    return None


def _check_dates(published: date, last: date, own: date | None, today: date) -> None:
    if published > today:
        raise UsageError("The release is from the future.", where="--published")
    if last <= published:
        raise UsageError("Valid until a day before the release.", where="--valid-until")
    if own is not None and abs(published - own) > AGREE:
        raise UsageError(
            "This day is far from the one that the files themselves name: old facts would pass"
            " for new ones.",
            where="--published",
            allowed=f"at most {AGREE.days} days from {own}",
        )


def _months_later(day: date, months: int) -> date:
    """The same day some months later; a day that the month does not have becomes its 28th."""
    years, month = divmod(day.month - 1 + months, 12)
    return date(day.year + years, month + 1, min(day.day, 28))


def _ids(published: date) -> Names:
    """Ids with the month of the release; with the day, where nof1 came with the month's own."""
    month, taken = f"{published:%Y-%m}", sources()
    named = {
        kind: f"{kind}-{month}" if f"{kind}-{month}" not in taken else f"{kind}-{published}"
        for kind in TITLES
    }
    return Names(named["pharmcat"], named["cpic"], named["dpwg"])


def _whole(release: Path, made: Compiled, base: Base) -> None:
    """A release defines every gene in use, and has phenotypes of every gene with new alleles.

    Phenotypes of a gene whose alleles are the same may be missing: those in use are kept.
    """
    lacks = [f"alleles of {gene}" for gene in alleles.genes(base) if gene not in made.genes]
    lacks += [] if made.tables else ["phenotypes"]
    for gene, definition in made.genes.items():
        if made.tables and gene not in made.tables and gene in phenotypes.genes(base):
            known = {*phenotypes.phenotypes(gene, base).values, *_names(gene, base)}
            lacks += [f"phenotypes of {gene}"] if set(definition.names) - known else []
            made.notes[f"{gene}: phenotypes kept as they are, the release has none"] += 1
    if lacks:
        more = f" and {len(lacks) - 8} more" if len(lacks) > 8 else ""
        raise InputError(
            f"This is half a release. It lacks: {', '.join(lacks[:8])}{more}.",
            where=release.name,
            allowed="definitions of all genes in use, and their phenotypes",
            next_step="Download it again; nothing was changed.",
        )


def _names(gene: str, base: Base) -> tuple[str, ...]:
    return alleles.definition(gene, base).names if gene in alleles.genes(base) else ()


def _weighable(made: Compiled, base: Base) -> None:
    """The common allele of each gene still has the name that the frequencies have for it."""
    for gene, definition in made.genes.items():
        try:
            frequencies.frequencies(gene, definition.names, base=base)
        except UsageError:
            raise InputError(
                "The common allele of this gene has another name in the release.",
                where=gene,
                next_step="nof1 cannot weigh its alleles: wait for a newer nof1, or bring a"
                " frequencies.tsv with the new name in the workspace's knowledge folder.",
            ) from None


def _sources(
    made: Compiled, ids: Names, base: Base, published: date, last: date
) -> tuple[Source, ...]:
    """Rows for every id that the facts of the release name, as far as they are new."""
    used = {gene.source for gene in made.genes.values()}
    used |= {table.source for table in made.tables.values()}
    used |= {rule.source for rules in made.rules.values() for rule in rules}
    said = next((gene.version.split(",")[0] for gene in made.genes.values()), "")
    version = said if _VERSION.fullmatch(said) else str(published)
    rows = []
    for name in sorted((used & set(ids)) | (used - set(sources(base)))):
        kind = name.split("-")[0]
        day, until = published, last
        if name not in ids:  # a folder that carries its own, older month
            day = date.fromisoformat(f"{name.removeprefix(f'{kind}-')}-01")
            until = min(last, _months_later(day, MONTHS_VALID))
        of = version if name == ids.definitions else f"{day:%Y-%m}"
        rows.append(Source(name, TITLES[kind], of, day, until, LICENCES[kind], _cited(kind)))
    return tuple(rows)


def _cited(kind: str) -> str:
    return {"pharmcat": "github.com/PharmGKB/PharmCAT; cpicpgx.org; pharmvar.org"}.get(
        kind, "github.com/PharmGKB/PharmCAT; clinpgx.org"
    )


def _row(source: Source) -> dict[str, str]:
    return {name: str(value) for name, value in source._asdict().items()}


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """One import at a time."""
    with (place.parent / ".knowledge.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise WorkspaceError(
                "Another import of facts is at work here.",
                where=str(place),
                next_step="Try again when it is done.",
            ) from None
        yield
