"""Genotypes as an importer of the record: gene results and polygenic scores become events.

A source is a VCF or BCF file, or a folder with some. Beside them may lie

- scoring files of the PGS Catalog (``*.txt``, ``*.txt.gz``): every score is computed;
- a reference distribution of the scores (``nof1.genome.scorereference``), for z values;
- ``outside*.tsv`` or ``outside*.json``: calls of other programs (``nof1.genome.outside``);
- ``samples.csv`` with the columns ``sample``, ``patient`` and, if known, ``reported``: which
  patient a sample is, and the day on which the result became known. Without it a sample's name is
  the patient's identifier, and the genes count as always known.

No genotype enters the record: only what follows from the needed positions.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import polars as pl

from nof1.core.errors import InputError
from nof1.genome import outside, stored, stored_scores
from nof1.genome.calling import GeneTable
from nof1.genome.callset import Request, gene_tables
from nof1.genome.cohort import People, people
from nof1.genome.genotypes import Calls, read_calls
from nof1.genome.outside_calls import OutsideCall
from nof1.genome.polygenic import score_files
from nof1.genome.results import Outcome
from nof1.genome.scorereference import SCHEMA, Reference, read_reference
from nof1.record.events import RAW_SCHEMA
from nof1.record.importers import Batch, Quarantined
from nof1.record.reading import first_bytes, inside, relative_name

AFTER_OTHERS = True  # the sex decides on X-linked genes, and stands in another source
SILENT = "samples without any gene or score from a genotype file"
_FACTS = {"code": pl.String, "value": pl.Float64, "text": pl.String}
STARTS = (b"##fileformat=VCF", b"\xef\xbb\xbf##fileformat=VCF", b"BCF\x02")


def recognises(path: Path) -> bool:
    """A VCF or BCF file, or a folder with one in it; by content."""
    return bool(genotype_files(path))


def genotype_files(path: Path) -> list[Path]:
    """The VCF and BCF files: the path itself, or those directly in the folder."""
    files = _own_files(path) if path.is_dir() else [path]
    found = [file for file in files if file.is_file() and not file.name.startswith(".")]
    return [file for file in found if first_bytes(file, 32).startswith(STARTS)]


def _own_files(folder: Path) -> list[Path]:
    """The files directly in a folder; links that lead out of it are not followed."""
    return sorted(file for file in folder.iterdir() if file.is_file() and inside(file, folder))


def read(path: Path, settings: Mapping[str, Any]) -> Iterator[Batch]:
    """The gene results and scores of every sample, one batch for each gene.

    Parameters
    ----------
    settings : ``sexes``, a function that gives rows of patient and ``GENDER//`` code;
        ``population``, whose frequencies weigh the diplotypes.

    Raises
    ------
    InputError : a file cannot be read, or is of an unknown or wrong genome build.
    """
    folder = path if path.is_dir() else path.parent
    known = people(folder, settings["sexes"]())
    yield Batch(_no_events(), known.quarantined)
    scoring, reference = _scoring_files(folder), _reference(folder)
    files = genotype_files(path)
    others = _outside(folder, files)
    yield Batch(_no_events(), others.quarantined, files=others.files)
    for file in files:
        name = relative_name(file, path)
        calls = read_calls(file)
        silent = set(range(1, len(calls.samples) + 1))
        wishes = _wishes(known, calls, settings)
        request = Request(file, calls=others.taken(calls.samples), **wishes)
        for batch in chain(
            _genes(request, calls, name, known),
            _scores(file, name, known, scoring, reference),
        ):
            silent -= set(batch.events["source_row"].to_list())
            yield batch
        if silent:
            yield Batch(_no_events(), excluded={SILENT: len(silent)}, files=[name])


def _no_events() -> pl.DataFrame:
    return pl.DataFrame(schema=RAW_SCHEMA)


@dataclass
class _Outside:
    """Calls of other programs by sample; used once, in the first file with the sample."""

    calls: dict[str, list[OutsideCall]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)

    def taken(self, samples: Sequence[str]) -> dict[str, tuple[OutsideCall, ...]]:
        """The calls of these samples, which are then used up."""
        found = [sample for sample in samples if sample in self.calls]
        return {sample: tuple(self.calls.pop(sample)) for sample in found}


def _outside(folder: Path, files: Sequence[Path]) -> _Outside:
    """Files named ``outside*.tsv`` or ``outside*.json`` that lie beside the genotypes."""
    found = _Outside()
    paths = [path for path in sorted(folder.glob("outside*")) if inside(path, folder)]
    samples = [sample for file in files for sample in read_calls(file).samples] if paths else []
    only = samples[0] if len(samples) == 1 else None
    for path in paths:
        read_ones = outside.read(path, only)
        found.files.append(path.name)
        found.quarantined += [Quarantined(*row) for row in read_ones.quarantined]
        for call in read_ones.calls:
            found.calls.setdefault(call.sample, []).append(call)
    return found


def _wishes(known: People, calls: Calls, settings: Mapping[str, Any]) -> dict[str, Any]:
    return {"sexes": known.sexes(calls.samples), "population": settings.get("population")}


def _genes(request: Request, calls: Calls, name: str, known: People) -> Iterator[Batch]:
    sample = known.frame(calls.samples)
    yield Batch(_no_events(), files=[name], notes=known.notes(calls.samples))
    for table in gene_tables(request, calls):
        yield Batch(_events(table, sample, name), files=[name], notes=_open(table))
    yield Batch(_no_events(), files=[name], notes=dict(calls.notes))


def _events(table: GeneTable, samples: pl.DataFrame, name: str) -> pl.DataFrame:
    """The facts of each distinct result, joined to the samples that have it."""
    rows = [
        (number, fact.code, fact.value, fact.text)
        for number, result in enumerate(table.results)
        for fact in stored.facts(result)
    ]
    facts = pl.DataFrame(rows, schema={"which": pl.Int64, **_FACTS}, orient="row")
    here = samples[table.first : table.first + len(table.which)]
    people = here.with_columns(which=pl.Series(table.which))
    joined = people.join(facts, on="which", how="inner", maintain_order="left_right")
    return _as_events(joined, name, pl.lit(table.gene))


def _as_events(joined: pl.DataFrame, name: str, of: pl.Expr) -> pl.DataFrame:
    """Facts of samples as event rows; ``of`` says which answer of the sample they belong to."""
    return joined.select(
        patient="patient",
        time=pl.lit(None),
        code="code",
        numeric_value="value",
        text_value="text",
        unit=pl.when(pl.col("value").is_not_null()).then(pl.lit("1")),
        recorded="reported",
        record=pl.format("{}#{}/{}", pl.lit(name), "sample", of),
        source_file=pl.lit(name),
        source_row="number",
    ).cast(RAW_SCHEMA)


def _scoring_files(folder: Path) -> list[Path]:
    """Scoring files of the PGS Catalog, by content."""
    files = [file for file in _own_files(folder) if ".txt" in file.name]
    return [file for file in files if b"effect_allele" in first_bytes(file)]


def _reference(folder: Path) -> Reference | None:
    """The reference distribution that lies in the folder, if any."""
    files = [file for file in _own_files(folder) if file.suffix in (".yaml", ".yml", ".tsv")]
    found = [file for file in files if SCHEMA.encode() in first_bytes(file)]
    if len(found) > 1:
        raise InputError(
            "There are several reference distributions in the folder.",
            where=", ".join(file.name for file in found),
            allowed="one",
        )
    return read_reference(found[0]) if found else None


def _scores(
    file: Path, name: str, known: People, scoring: list[Path], reference: Reference | None
) -> Iterator[Batch]:
    """Every score of every sample of one genotype file."""
    if not scoring:
        return
    scores = score_files(scoring, file, reference=reference)
    hashes = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in scoring}
    rows = [
        (person, f"score {number}", fact.code, fact.value, fact.text)
        for number in range(len(scores.matches))
        for person in range(len(scores.samples))
        for fact in stored_scores.facts(
            scores.result(number, person), hashes[Path(scores.matches[number].header.file).name]
        )
    ]
    schema = {"which": pl.Int64, "of": pl.String, **_FACTS}
    facts = pl.DataFrame(rows, schema=schema, orient="row")
    people = known.frame(scores.samples).with_columns(which=pl.col("number") - 1)
    joined = people.join(facts, on="which", how="inner", maintain_order="left_right")
    refused = sum(match.refused is not None for match in scores.matches)
    notes = {"scores that were refused (their event says why)": refused} if refused else {}
    yield Batch(_as_events(joined, name, pl.col("of")), files=[name], notes=notes)


def _open(table: GeneTable) -> dict[str, int]:
    """How many samples got no answer, or one that excludes nothing."""
    found: Counter[str] = Counter()
    words = {Outcome.NOT_CALLED: "not called", Outcome.NOT_EXCLUDED: "nothing excluded"}
    for number in table.which.tolist():
        outcome = table.results[number].outcome
        if outcome in words:
            found[f"{table.gene}: {words[outcome]} from these genotypes (samples)"] += 1
    return dict(found)
