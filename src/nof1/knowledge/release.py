"""Compiling a release of definitions, phenotypes and guidelines into fact files."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from nof1.core.errors import InputError
from nof1.knowledge import alleles, cpic, dpwg, guidance, pharmcat, phenotypes, prescribing
from nof1.knowledge.alleles import GeneDefinition
from nof1.knowledge.base import DATA, SHIPPED, Base
from nof1.knowledge.cpic import Reading
from nof1.knowledge.layout import Layout, Place, definitions, find
from nof1.knowledge.phenotypes import GenePhenotypes
from nof1.knowledge.prescribing import Rule
from nof1.knowledge.sound import GENE, sound

DEFINITIONS = "pharmcat-2025-11"
MANIFEST = "manifest.tsv"
PREVIOUS = "knowledge.previous"  # what a workspace's facts are called after an import


class Names(NamedTuple):
    """Ids of the sources that the facts of a release get, where no folder carries its own date."""

    definitions: str = DEFINITIONS
    cpic: str = cpic.SOURCE
    dpwg: str = dpwg.SOURCE


@dataclass
class Compiled:
    """What was written.

    Attributes
    ----------
    files : file (without its ending) -> a few words about it.
    genes : definitions by gene; tables : phenotype tables by gene; rules : by name of the source.
    unread : texts that nobody has encoded, with the medicines they are about.
    notes : reason -> number of rows or files that were set aside, or read with less than they say.
    """

    files: dict[str, str] = field(default_factory=dict)
    genes: dict[str, GeneDefinition] = field(default_factory=dict)
    tables: dict[str, GenePhenotypes] = field(default_factory=dict)
    rules: dict[str, tuple[Rule, ...]] = field(default_factory=dict)
    unread: list[cpic.Unread] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)

    def lines(self) -> list[str]:
        """For people."""
        files = [f"{name:28} {words}" for name, words in sorted(self.files.items())]
        return [*files, *(f"{number:>7,}  {reason}" for reason, number in self.notes.items())]


def compile_release(
    folder: Path,
    out: Path,
    *,
    names: Names | None = None,
    genes: Collection[str] | None = None,
    base: Base = SHIPPED,
) -> Compiled:
    """Read a release and write the compact fact files below ``out``.

    Parameters
    ----------
    genes : only these; others are set aside by name. None: all.
    base : its encodings of guideline texts are used, and its rules for a source that the release
        lacks.

    Raises
    ------
    InputError : the folder holds nothing of a release, or a file is not in its form.
    """
    found, made, ids = find(folder), Compiled(), names or Names()
    made.notes.update({f"not read, a newer place has it: {name}": 1 for name in found.unused})
    _read_definitions(found, made, ids.definitions, genes, base)
    _read_phenotypes(found, made, ids.definitions, genes)
    _read_guidelines(found, made, ids, base)
    for gene, definition in made.genes.items():
        _write(out / "alleles" / f"{gene}.json", alleles.to_dict(definition))
        words = f"{len(definition.positions)} positions, {len(definition.alleles)} alleles"
        made.files[f"alleles/{gene}"] = words
    for gene, table in made.tables.items():
        _write(out / "phenotypes" / f"{gene}.json", phenotypes.to_dict(table))
        words = f"{len(table.values)} alleles, {len(table.results)} results"
        made.files[f"phenotypes/{gene}"] = words
    if made.rules:
        rules = _all_rules(made, base)
        write_table(out / prescribing.FILE, [row_of(rule) for rule in rules])
        made.files[prescribing.FILE] = f"{len(rules)} rules"
    return made


def write_manifest(folder: Path = DATA) -> int:
    """Write the SHA-256 of each fact file of a folder into ``manifest.tsv``; how many there are."""
    files = sorted(p for end in ("*.tsv", "*.json") for p in folder.rglob(end))
    rows = [
        {
            "file": path.relative_to(folder).as_posix(),
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in files
        if path.name != MANIFEST
    ]
    write_table(folder / MANIFEST, rows)
    return len(rows)


def write_table(path: Path, rows: list[dict[str, str]]) -> None:
    """Rows with the same columns as a table, tab separated, with a header line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["\t".join(rows[0]), *("\t".join(row.values()) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def row_of(rule: Rule) -> dict[str, str]:
    """A rule as a table row that gives this very rule when it is read again.

    Raises
    ------
    InputError : a name holds a character that has a meaning in the table.
    """
    row = prescribing.to_row(rule)
    if not (all(cell.isprintable() for cell in row.values()) and _same(row, rule)):
        raise InputError(
            "A name, result or number of this guideline cannot be kept.",
            where=f"guideline of {rule.drug if rule.drug.isprintable() else 'a medicine'}",
            allowed="printable characters, without tab, '|', ';' and '='",
        )
    return row


def _same(row: dict[str, str], rule: Rule) -> bool:
    try:
        return prescribing.from_row(row) == rule
    except InputError:
        return False


def _read_definitions(
    found: Layout, made: Compiled, source: str, genes: Collection[str] | None, base: Base
) -> None:
    exempt = pharmcat.load(found.exemptions) if found.exemptions else {}
    for path in definitions(found.alleles):
        with _reading(path):
            data = pharmcat.load(path)
            gene = sound(pharmcat.definition(data, exempt, source), data, path)
        if found.exemptions is None and gene.gene in alleles.genes(base):
            gene = _with_extra(gene, alleles.definition(gene.gene, base), made)
        if _wanted(gene.gene, genes, made):
            _once(made.genes, gene.gene, gene, path)


def _with_extra(gene: GeneDefinition, old: GeneDefinition, made: Compiled) -> GeneDefinition:
    """Newer releases have no file of exemptions: positions beside the named alleles stay."""
    if not old.extra:
        return gene
    made.notes[f"{gene.gene}: extra positions kept as they are, the release says none"] += 1
    return GeneDefinition(**{**vars(gene), "extra": old.extra})


def _read_phenotypes(
    found: Layout, made: Compiled, source: str, genes: Collection[str] | None
) -> None:
    # the newest first: an older table only serves genes that no newer file has
    for place, month in found.phenotypes:
        here: dict[str, GenePhenotypes] = {}
        for path in sorted(place.glob("*.json")):
            with _reading(path):
                table = pharmcat.phenotypes(
                    pharmcat.load(path), f"cpic-{month}" if month else source
                )
            if not GENE.fullmatch(table.gene):
                raise InputError("This is no name of a gene.", where=path.name)
            if _wanted(table.gene, genes, made):
                _once(here, table.gene, table, path)
        made.tables.update({gene: table for gene, table in here.items() if gene not in made.tables})


def _read_guidelines(found: Layout, made: Compiled, ids: Names, base: Base) -> None:
    if found.guidance is not None:
        with _reading(found.guidance):
            known = {"CPIC": ids.cpic, "DPWG": ids.dpwg}
            read = guidance.read(found.guidance, base=base, sources=known)
        for name, reading in read.items():
            _take(made, name.lower(), reading)
    for name, place, source in (("cpic", found.cpic, ids.cpic), ("dpwg", found.dpwg, ids.dpwg)):
        if place is not None:
            _take(made, name, _folder(name, place, source, base))


def _folder(name: str, place: Place, source: str, base: Base) -> Reading:
    reader = {"cpic": cpic.read, "dpwg": dpwg.read}[name]
    with _reading(place.path):
        dated = f"{name}-{place.dated}" if place.dated else source
        return reader(place.path, base=base, source=dated)


def _take(made: Compiled, name: str, reading: Reading) -> None:
    if reading.rules:
        made.rules[name] = tuple(_linked(rule, made) for rule in reading.rules)
    made.unread += reading.unread
    made.notes.update(reading.notes)


def _linked(rule: Rule, made: Compiled) -> Rule:
    """Only https addresses are kept: pages make links of them."""
    if not rule.url or rule.url.startswith("https://"):
        return rule
    made.notes["rule whose address is no https address, kept without it"] += 1
    return rule._replace(url="")


def _all_rules(made: Compiled, base: Base) -> list[Rule]:
    """Rules of the release, our own, and those in use of a source that the release lacks."""
    rules = [rule for each in made.rules.values() for rule in each]
    rules += cpic.labels(base)
    if "cpic" in made.rules:
        rules += cpic.extra(base)
    missing = {"cpic", "dpwg"} - set(made.rules)
    for name in sorted(missing):
        kept = [rule for rule in prescribing.rules(base) if rule.source.startswith(name)]
        made.notes[f"rule of {name} kept as it is, the release has no guidelines of it"] += len(
            kept
        )
        rules += kept
    return sorted(rules, key=lambda rule: (rule.drug, rule.source, rule.population, rule.when))


def _wanted(gene: str, genes: Collection[str] | None, made: Compiled) -> bool:
    if genes is None or gene in genes:
        return True
    made.notes[f"{gene}: not taken, nof1 does not know how common its alleles are"] += 1
    return False


def _once(into: dict[str, Any], gene: str, value: Any, path: Path) -> None:
    if gene in into:
        raise InputError("Two files are about the same gene.", where=f"{path.name}, {gene}")
    into[gene] = value


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """A file that is in no form that we know is refused by its name, whatever is wrong in it."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise InputError(
            f"This is not in the form of PharmCAT's files ({type(error).__name__}).",
            where=path.name,
            next_step="Download the release again.",
        ) from None


def _write(path: Path, data: dict[str, Any]) -> None:
    """JSON with one line for each row, so that a change of knowledge is a change of few lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["{"]
    for number, (key, value) in enumerate(data.items(), 1):
        end = "," if number < len(data) else ""
        if isinstance(value, list) and value:
            rows = [json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in value]
            lines += [f"{json.dumps(key)}:[", *(f"{row}," for row in rows[:-1])]
            lines.append(f"{rows[-1]}]{end}")
        else:
            lines.append(f"{json.dumps(key)}:{json.dumps(value, ensure_ascii=False)}{end}")
    path.write_text("\n".join([*lines, "}"]) + "\n", encoding="utf-8")
