"""Genotype files called: one or several files, with sexes and calls of other programs.

The results stay in tables of distinct answers (``GeneTable``), so that 100,000 samples need little
memory. Several files may hold different people, or different chromosomes of the same people.
"""

from __future__ import annotations

import bisect
import dataclasses
import functools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nof1.core.errors import InputError, UsageError
from nof1.genome import outside
from nof1.genome.calling import GeneTable, call_genes
from nof1.genome.genotypes import Calls, read_calls
from nof1.genome.outside_calls import OutsideCall
from nof1.genome.report import Origin, marked_synthetic
from nof1.genome.results import GeneResult, Outcome
from nof1.genome.words import statuses
from nof1.knowledge.base import SHIPPED, Base
from nof1.record.reading import safe_open

OUTSIDE_ONLY = ("HLA-A", "HLA-B", "MT-RNR1")  # no definition reads them from small variants
SEXES = {"f": "F", "female": "F", "2": "F", "m": "M", "male": "M", "1": "M"}
STRANGERS = "samples of outside calls that are not in the genotype files"
NOT_OUTSIDE = "No other program called it, and small variants alone do not."
TWO_FILES = "Two files hold different answers for this gene."


@dataclass(frozen=True)
class Request:
    """What to call, in a form that can travel to a worker.

    Attributes
    ----------
    genes : None calls all genes that have a definition.
    samples : None reads all.
    build : of the genome, where the file does not say it.
    sexes : sample -> ``F`` or ``M``.
    population : whose frequencies weigh the diplotypes.
    calls : sample -> calls of other programs.
    """

    path: Path
    genes: tuple[str, ...] | None = None
    samples: tuple[str, ...] | None = None
    build: str | None = None
    assume_reference: bool = False
    sexes: Mapping[str, str] = field(default_factory=dict)
    population: str | None = None
    calls: Mapping[str, tuple[OutsideCall, ...]] = field(default_factory=dict)
    base: Base = SHIPPED


@dataclass(frozen=True, eq=False)
class CallSet:
    """Everything called from one file."""

    origin: Origin
    samples: tuple[str, ...]
    tables: tuple[GeneTable, ...]

    @functools.cached_property
    def places(self) -> dict[str, int]:
        """Number of each sample."""
        return {sample: number for number, sample in enumerate(self.samples)}

    @functools.cached_property
    def by_gene(self) -> dict[str, list[GeneTable]]:
        """The tables of each gene; a large file has several, for slices of the samples."""
        found: dict[str, list[GeneTable]] = {}
        for table in self.tables:
            found.setdefault(table.gene, []).append(table)
        return {gene: sorted(each, key=lambda one: one.first) for gene, each in found.items()}

    def of(self, sample: str) -> dict[str, GeneResult]:
        """All genes of one sample."""
        number = self.places[sample]
        return {gene: _holder(tables, number).of(number) for gene, tables in self.by_gene.items()}


def _holder(tables: Sequence[GeneTable], number: int) -> GeneTable:
    """The table that holds the sample of this number."""
    return tables[bisect.bisect_right(tables, number, key=lambda one: one.first) - 1]


def call_file(request: Request) -> CallSet:
    """Call one file and keep the tables of all genes."""
    calls = open_file(request)
    tables = tuple(gene_tables(request, calls))
    return CallSet(_origin(request, calls), calls.samples, tables)


def open_file(request: Request) -> Calls:
    """The file, ready to be read.

    Raises
    ------
    InputError : it cannot be read, or its genome build is not known.
    UsageError : an unknown gene or sample.
    """
    asked = request.genes
    return read_calls(
        request.path,
        None if asked is None else [gene for gene in asked if gene not in OUTSIDE_ONLY],
        samples=request.samples,
        build=request.build,
        assume_reference=request.assume_reference,
    )


def gene_tables(request: Request, calls: Calls) -> Iterator[GeneTable]:
    """Gene by gene as the file is read; genes that only other programs call come last."""
    own = set()
    called = call_genes(
        calls.samples,
        calls,
        sexes=request.sexes,
        population=request.population,
        base=request.base,
    )
    for table in called:
        own.add(table.gene)
        yield with_outside(table, calls.samples, request)
    others = {one.gene for name in calls.samples for one in request.calls.get(name, ())}
    if request.genes is not None:
        others = {gene for gene in request.genes if gene in others or gene in OUTSIDE_ONLY}
    for gene in sorted(others - own):
        nothing = GeneResult(gene, Outcome.NOT_CALLED, reason=NOT_OUTSIDE)
        empty = GeneTable(gene, (nothing,), np.zeros(len(calls.samples), np.int64))
        yield with_outside(empty, calls.samples, request)


def with_outside(table: GeneTable, samples: Sequence[str], request: Request) -> GeneTable:
    """The table with calls of other programs in place of our own, where there are some."""
    results, which = list(table.results), table.which
    held = samples[table.first : table.first + len(which)] if request.calls else ()
    for place, sample in enumerate(held):
        calls = [one for one in request.calls.get(sample, ()) if one.gene == table.gene]
        if calls:
            which = which.copy() if which is table.which else which
            which[place] = len(results)
            results += outside.merge([table.of(table.first + place)], calls, request.base)
    return GeneTable(table.gene, tuple(results), which, table.first)


def on_file(request: Request, path: Path) -> Request:
    """The same request for another file."""
    return dataclasses.replace(request, path=path)


def _origin(request: Request, calls: Calls) -> Origin:
    return Origin(request.path.name, calls.build, dict(calls.notes), marked_synthetic(request.path))


# several files ------------------------------------------------------------------------------------


def origin_of(sets: Sequence[CallSet], notes: Mapping[str, int], *, synthetic: bool) -> Origin:
    """One origin for several files; the build is None when they differ."""
    counted = Counter(notes)
    for one in sets:
        counted.update(one.origin.notes)
    builds = {one.origin.build for one in sets}
    return Origin(
        ", ".join(one.origin.file for one in sets),
        builds.pop() if len(builds) == 1 else None,
        dict(counted),
        synthetic or any(one.origin.synthetic for one in sets),
    )


def results(sets: Sequence[CallSet], sample: str) -> dict[str, GeneResult]:
    """All genes of one sample, from whichever file has them."""
    found: dict[str, GeneResult] = {}
    for one in sets:
        if sample in one.places:
            for gene, result in one.of(sample).items():
                found[gene] = _either(found[gene], result) if gene in found else result
    return found


def _either(one: GeneResult, other: GeneResult) -> GeneResult:
    """The answer that there is; two different ones are no answer."""
    answers = [each for each in (one, other) if each.outcome is not Outcome.NOT_CALLED]
    if len(answers) < 2 or one == other:
        return answers[0] if answers else one
    return GeneResult(one.gene, Outcome.NOT_CALLED, reason=TWO_FILES)


def refused(sets: Sequence[CallSet]) -> bool:
    """Whether a gene of any sample was not called."""
    if len(sets) == 1:
        return any("not called" in counts for counts in phenotype_counts(sets).values())
    return any(
        result.outcome is Outcome.NOT_CALLED
        for sample in samples_of(sets)
        for result in results(sets, sample).values()
    )


def phenotype_counts(sets: Sequence[CallSet]) -> dict[str, Counter[str]]:
    """Gene -> likeliest phenotype (or the kind of no answer) -> number of samples."""
    if len(sets) == 1:
        made: dict[str, Counter[str]] = {}
        for table in sets[0].tables:
            made.setdefault(table.gene, Counter()).update(count(table))
        return made
    found: dict[str, Counter[str]] = {}
    for sample in samples_of(sets):
        for gene, result in results(sets, sample).items():
            found.setdefault(gene, Counter())[_word(result)] += 1
    return found


def count(table: GeneTable) -> Counter[str]:
    """Likeliest phenotype (or the kind of no answer) -> number of samples."""
    totals = np.bincount(table.which, minlength=len(table.results))
    found: Counter[str] = Counter()
    for result, total in zip(table.results, totals, strict=True):
        if total:
            found[_word(result)] += int(total)
    return found


def _word(result: GeneResult) -> str:
    if result.outcome is Outcome.CALLED and result.phenotypes:
        return statuses(result) or result.phenotypes[0].phenotype
    return str(result.outcome).replace("_", " ")


def samples_of(sets: Sequence[CallSet]) -> tuple[str, ...]:
    """All samples, each once, in the order of the files."""
    return tuple(dict.fromkeys(sample for one in sets for sample in one.samples))


# what comes beside the genotypes ------------------------------------------------------------------


def read_outside(
    paths: Iterable[Path], sample: str | None, base: Base = SHIPPED
) -> tuple[dict[str, tuple[OutsideCall, ...]], dict[str, int]]:
    """Calls of other programs by sample, and notes about rows that were set aside.

    Parameters
    ----------
    sample : the only sample, whose calls they are where the file does not say it.
    """
    found: dict[str, tuple[OutsideCall, ...]] = {}
    notes: Counter[str] = Counter()
    for path in paths:
        read = outside.read(path, sample, base)
        for call in read.calls:
            found[call.sample] = (*found.get(call.sample, ()), call)
        for row in read.quarantined:
            notes[f"row of {row.file} set aside: {row.reason}"] += 1
    return found, dict(notes)


def read_sexes(path: Path) -> dict[str, str]:
    """Sample -> ``F`` or ``M``, from a text file of two columns (tab or comma).

    ``F``, ``female``, ``2`` and ``M``, ``male``, ``1`` are understood; a first line of column names
    is skipped; a sample of unknown sex is left out.

    Raises
    ------
    InputError : a line has another form; two lines contradict each other.
    """
    with safe_open(path) as stream:
        lines = stream.read().decode("utf-8-sig", "replace").splitlines()
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        cells = [cell.strip() for cell in line.split("\t" if "\t" in line else ",")]
        if not line.strip() or (number == 1 and cells[-1].casefold() == "sex"):
            continue
        if len(cells) != 2 or not cells[0]:
            raise InputError(
                "This line has no sample and sex.",
                where=f"{path.name}, line {number}",
                allowed="two columns, separated by a tab or a comma: sample, F or M",
            )
        sex = SEXES.get(cells[1].casefold())
        if sex and found.setdefault(cells[0], sex) != sex:
            raise InputError("A sample stands here with two sexes.", where=f"{path.name}, {number}")
    return found


def given_sexes(pairs: Iterable[str]) -> dict[str, str]:
    """``SAMPLE=F`` from the command line.

    Raises
    ------
    UsageError : it is no such pair.
    """
    found = {}
    for pair in pairs:
        sample, equals, word = pair.rpartition("=")
        if not equals or word.casefold() not in SEXES:
            raise UsageError("The sex cannot be read.", where="--sex", allowed="SAMPLE=F, SAMPLE=M")
        found[sample] = SEXES[word.casefold()]
    return found
