"""Whether the facts in use are whole, dated, and can reach the people they are about.

``critical``: facts may be wrong or cannot be read. ``warning``: facts are old, or cannot reach
somebody. ``info``: worth knowing, nothing to do. A check that fails on a damaged file says so and
the others still run.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from nof1.core.errors import InputError
from nof1.knowledge import (
    agreement,
    alleles,
    cpic,
    drugs,
    governed,
    modulators,
    phenotypes,
    prescribing,
    reach,
    rows,
)
from nof1.knowledge.agreement import some
from nof1.knowledge.base import DATA, SHIPPED, Base, Source, listed, sources, tables
from nof1.knowledge.release import MANIFEST, PREVIOUS

SEVERITIES = ("critical", "warning", "info")
SOON = timedelta(days=90)
RENEW = "Bring a newer release: nof1 knowledge import FOLDER --published DATE"
RESTORE = "Install nof1 again; keep facts of your own in the workspace's knowledge folder."


@dataclass(frozen=True)
class Problem:
    """One thing that was found: how bad (``SEVERITIES``), where, what, and what to do."""

    severity: str
    where: str
    what: str
    next_step: str

    def to_dict(self) -> dict[str, str]:
        """The JSON form."""
        return asdict(self)


@dataclass(frozen=True)
class Checked:
    """All problems, the worst first."""

    today: date
    problems: tuple[Problem, ...]

    @property
    def attention(self) -> bool:
        """Whether somebody should act: something is critical, or a warning."""
        return any(problem.severity != "info" for problem in self.problems)

    def counts(self) -> dict[str, int]:
        """Severity -> number of problems."""
        found = Counter(problem.severity for problem in self.problems)
        return {severity: found[severity] for severity in SEVERITIES}

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "today": self.today.isoformat(),
            "attention": self.attention,
            "counts": self.counts(),
            "problems": [problem.to_dict() for problem in self.problems],
        }


def check(
    base: Base = SHIPPED,
    today: date | None = None,
    more: Iterable[Callable[[], Iterable[Problem]]] = (),
) -> Checked:
    """Look at every fact file in use.

    Parameters
    ----------
    more : further looks, of rooms above this one (the tiers of the order checks).
    """
    day = today or date.today()
    parts: tuple[Callable[[], Iterable[Problem]], ...] = (
        lambda: _files(base),
        lambda: _cut_off(base),
        lambda: _filled(base),
        lambda: _dates(base, day),
        lambda: _known_sources(base),
        lambda: _medicines(base),
        lambda: _rules(base),
        lambda: _genes(base),
        lambda: _conflicts(base),
        lambda: (Problem(*fault) for fault in agreement.faults(base)),
        lambda: (Problem(*fault) for fault in governed.faults(base, day)),
        *more,
    )
    found = [problem for part in parts for problem in _safely(part)]
    unique = dict.fromkeys(found)
    return Checked(day, tuple(sorted(unique, key=lambda one: SEVERITIES.index(one.severity))))


def facts(base: Base = SHIPPED) -> Counter[str]:
    """Source id -> number of facts: rows of tables; alleles, positions and results of genes."""
    found: Counter[str] = Counter()
    for file, row in _sourced(base):
        if file != cpic.EXTRA:  # its rows stand in the rules as well
            found.update(listed(row["source"]))
    for gene in alleles.genes(base):
        definition = alleles.definition(gene, base)
        found[definition.source] += len(definition.alleles) + len(definition.all_positions)
    for gene in phenotypes.genes(base):
        table = phenotypes.phenotypes(gene, base)
        found[table.source] += len(table.values) + len(table.results)
    return found


def _safely(part: Callable[[], Iterable[Problem]]) -> Iterator[Problem]:
    try:
        yield from part()
    except InputError as error:
        step = error.next_step or "Restore the file; nothing that it holds can be used."
        yield Problem("critical", error.where or "knowledge", error.message, step)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        what = f"A fact file is damaged: it is not in its form ({type(error).__name__})."
        yield Problem("critical", "knowledge", what, RESTORE)


def _files(base: Base) -> Iterator[Problem]:
    """Files that are not those of the manifest of their folder."""
    for folder, name in ((DATA, "shipped"), (base.folder, "workspace")):
        if folder is None or not (folder / MANIFEST).is_file():
            if name == "shipped":
                yield Problem("critical", f"{name}: {MANIFEST}", "It is missing.", RESTORE)
            continue
        written = {row["file"]: row["sha256"] for row in _manifest(folder)}
        for file, wanted in sorted(written.items()):
            found = _hash(folder / file)
            if found != wanted:
                what = "The file is missing." if found is None else "The file was changed."
                yield Problem("critical", f"{name}: {file}", what, _restore(name))
        for file in sorted(set(_present(folder)) - set(written)):
            what = "The file stands in no manifest: it was put there by hand."
            severity = "critical" if name == "shipped" else "info"
            yield Problem(severity, f"{name}: {file}", what, _restore(name))


def _cut_off(base: Base) -> Iterator[Problem]:
    """An import that stopped between taking the old folder away and putting the new one there."""
    if base.folder and not base.folder.exists() and base.folder.with_name(PREVIOUS).is_dir():
        what = "An import was cut off: the workspace's own facts are not in use."
        step = f"Rename {PREVIOUS} to {base.folder.name}, and import again."
        yield Problem("critical", PREVIOUS, what, step)


def _origin(base: Base, file: str) -> str:
    return "shipped" if base.path(file).is_relative_to(DATA) else "workspace"


def _restore(name: str) -> str:
    if name == "shipped":
        return RESTORE
    return "Import the release again, or keep the file if the change is yours."


def _manifest(folder: Path) -> list[dict[str, str]]:
    return Base(folder).rows(MANIFEST)


def _present(folder: Path) -> list[str]:
    files = [path for end in ("*.tsv", "*.json") for path in folder.rglob(end)]
    return [p.relative_to(folder).as_posix() for p in files if p.name != MANIFEST]


def _hash(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def _dates(base: Base, today: date) -> Iterator[Problem]:
    count = facts(base)
    for source in sources(base).values():
        where = f"sources.tsv, {source.id}"
        if source.published > today or source.valid_until <= source.published:
            what = "The dates of this source cannot be right."
            yield Problem("critical", where, what, "Mend the row: published before valid_until.")
        elif source.expired(today):
            yield Problem("warning", where, _expired(source, count[source.id]), RENEW)
        elif source.valid_until - today < SOON:
            what = f"Valid until {source.valid_until}: soon nobody vouches for it."
            yield Problem("info", where, what, RENEW)


def _expired(source: Source, count: int) -> str:
    return f"Expired on {source.valid_until}; {count:,} facts in use are past their date."


def _filled(base: Base) -> Iterator[Problem]:
    """A table without rows finds nothing for anybody, which looks like all is well."""
    for file in tables(base):
        if file.endswith(".tsv") and file != rows.REVIEWS and not base.rows(file):
            yield Problem(
                "critical", file, "The table holds no rows.", _restore(_origin(base, file))
            )


def _known_sources(base: Base) -> Iterator[Problem]:
    known = set(sources(base))
    missing = {name: n for name, n in facts(base).items() if name not in known}
    for name, count in sorted(missing.items()):
        what = f"{count:,} facts name the source {name!r}, which has no row."
        yield Problem("critical", "sources.tsv", what, "Add its row, with the dates.")
    empty = Counter(file for file, row in _sourced(base) if not listed(row["source"]))
    for file, count in sorted(empty.items()):
        yield Problem(
            "critical", file, f"{count:,} rows name no source.", "Say where they are from."
        )


def _sourced(base: Base) -> Iterator[tuple[str, dict[str, str]]]:
    """Rows with a column ``source``. ``rest`` stands for what the other rows leave: no fact."""
    for file in tables(base):
        for row in base.rows(file) if file.endswith(".tsv") and "/" not in file else ():
            if "source" in row and "rest" not in row.values():
                yield file, {**row, "source": row["source"] or ""}


def _medicines(base: Base) -> Iterator[Problem]:
    named = {
        prescribing.FILE: {rule.drug for rule in prescribing.rules(base)},
        "modulators.tsv": {row.drug for row in modulators.modulators(base)},
    }
    for file, names in named.items():
        lost = sorted(name for name in names if drugs.find(name, base) is None)
        if lost:
            what = f"{len(lost)} medicines stand in no row of drugs.tsv: {some(lost)}."
            step = "Add them to drugs.tsv; until then no medicine list finds them."
            yield Problem("warning", file, what, step)
    found = [drugs.find(name, base) for name in named[prescribing.FILE]]
    bare = sorted(drug.name for drug in found if drug and not drug.rxnorm and not drug.atc)
    if bare:
        what = f"{len(bare)} medicines have no code and are found by name only: {some(bare)}."
        yield Problem("info", drugs.TABLE, what, "Add an RxNorm or ATC code, if you are certain.")


def _rules(base: Base) -> Iterator[Problem]:
    unread = [rule for rule in prescribing.rules(base) if rule.action == "unread"]
    for source in sorted({rule.source for rule in unread}):
        names = sorted({rule.drug for rule in unread if rule.source == source})
        count = sum(rule.source == source for rule in unread)
        what = f"{count:,} rules hold a text that nobody has read for nof1: {some(names)}."
        step = "Read the source itself for these medicines; nof1 says so each time."
        yield Problem("warning", f"{prescribing.FILE}, {source}", what, step)
    lost: dict[tuple[str, str], set[str]] = {}
    for rule, gene in reach.dead(base):
        lost.setdefault((rule.drug, rule.source), set()).add(gene)
    for (drug, source), genes in sorted(lost.items()):
        what = f"Rules for {drug} can hold for nobody: no result of {some(sorted(genes))} fits."
        step = "Give these results another way, or read the source for this medicine."
        yield Problem("warning", f"{prescribing.FILE}, {source}", what, step)
    for gene, results in reach.unreachable(base).items():
        what = f"{len(results)} results that nobody can have: {some(list(results))}."
        step = "None, as long as their rules name other results too (else: a warning above)."
        yield Problem("info", f"{prescribing.FILE}, {gene}", what, step)


def _genes(base: Base) -> Iterator[Problem]:
    defined, tabled = set(alleles.genes(base)), set(phenotypes.genes(base))
    for gene in sorted(defined - tabled):
        what = "Alleles are defined, but no table says what they do: no phenotype is given."
        yield Problem("info", f"alleles/{gene}.json", what, "None; the alleles are still named.")
    for gene in sorted(tabled - defined):
        what = "There are phenotypes, but no alleles: results come from other programs only."
        yield Problem("info", f"phenotypes/{gene}.json", what, "Bring its result as outside call.")
    for gene in sorted(defined & tabled):
        table = phenotypes.phenotypes(gene, base)
        names = dict.fromkeys(alleles.definition(gene, base).names)
        bare = [name for name in names if name not in table.values]
        if bare:
            what = f"Alleles without function ({len(bare)}), thus without phenotype: {some(bare)}."
            yield Problem("info", f"phenotypes/{gene}.json", what, "None; nof1 says so each time.")


def _conflicts(base: Base) -> Iterator[Problem]:
    for one in reach.conflicts(base):
        where = f"{prescribing.FILE}, {one.drug}"
        yield Problem("info", where, one.text, "None; both are shown side by side.")
