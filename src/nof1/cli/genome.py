"""``nof1 genome``: star alleles and what they mean for medicines; polygenic scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof1.cli.options import ENGINE, common, step, tell
from nof1.core.errors import UsageError, WorkspaceError
from nof1.core.workspace import open_workspace

if TYPE_CHECKING:
    from nof1.genome.callset import CallSet, Request
    from nof1.knowledge.base import Base

FEW = 3  # so many samples get a report each; more get a summary
MOST_ADVISED = 100  # so many samples get advice about medicines without being asked for by name
POPULATIONS = ("AFR", "AMR", "EAS", "EUR", "SAS")
BUILDS = ("GRCh37", "GRCh38")
UNADVISED = f"advice about medicines is left out above {MOST_ADVISED} samples: ask with --medicine"
FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def genome() -> None:
    """Genes from a VCF: star alleles, medicines, polygenic scores."""


@genome.command()
@common
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE...")
@click.option(
    "--outside",
    multiple=True,
    type=FILE,
    help="TSV of calls of another program, such as CYP2D6 or HLA (repeatable).",
)
@click.option("--sample", "samples", multiple=True, help="Only this sample (repeatable).")
@click.option(
    "--sex",
    "sexes",
    multiple=True,
    metavar="SAMPLE=F|M",
    help="Sex of a sample, which G6PD needs (repeatable).",
)
@click.option(
    "--sexes", "sex_file", type=FILE, help="The same as a file of two columns: sample, F or M."
)
@click.option("--build", type=click.Choice(BUILDS), help="Genome build, if the file is silent.")
@click.option(
    "--population",
    type=click.Choice(POPULATIONS),
    help="Whose allele frequencies weigh what fits [default: their mean].",
)
@click.option(
    "--medicine",
    "medicines",
    multiple=True,
    help="A medicine taken now: only these are advised on (repeatable).",
)
@click.option(
    "--assume-reference",
    is_flag=True,
    help="A position without a record is as in the reference: only for files of variants.",
)
@click.option("--genes", help="Only these genes, separated by commas [default: all].")
@click.option("--page", type=FILE, help="Write a page for one sample, and its JSON beside it.")
@click.option("--fhir", is_flag=True, help="Print a FHIR R4 Bundle (Genomics Reporting).")
@click.option(
    "--table",
    "table_file",
    type=FILE,
    help="Write a row for each sample and gene to a .tsv or .parquet.",
)
@click.option("--engine", default="local", show_default=True, help=ENGINE)
@click.pass_context
def call(ctx: click.Context, /, workspace: str | None, as_json: bool, **options: Any) -> None:
    """Star alleles, phenotypes, and what guidelines say about medicines.

    FILE is a VCF or BCF, also gzipped, of GRCh38 or GRCh37, with one sample or many. Every answer
    that fits is kept. Exit code 1: a gene could not be called.
    """
    base, synthetic = _base(workspace)
    requests, notes = _requests(options, base)
    if options["table_file"] is not None:
        ctx.exit(_table(requests, options, notes, as_json=as_json))
    told = _Told(_called(requests, options["engine"]), options, notes, base, synthetic=synthetic)
    told.tell(as_json=as_json)
    ctx.exit(1 if told.refused else 0)


def _base(workspace: str | None) -> tuple[Base, bool]:
    """The facts in use (a workspace's own over the shipped), and whether its data are synthetic."""
    from nof1.knowledge.base import SHIPPED, Base

    try:
        found = open_workspace(workspace)
    except WorkspaceError:
        if workspace is not None:
            raise
        return SHIPPED, False
    return Base(found.root / "knowledge"), found.synthetic


def _requests(options: Mapping[str, Any], base: Base) -> tuple[list[Request], dict[str, int]]:
    """What to call in each file, and notes about what was read beside them."""
    from nof1.genome import callset
    from nof1.genome.genotypes import read_calls

    files, chosen = options["files"], options["samples"]
    if len({path.resolve() for path in files}) < len(files):
        raise UsageError("A file is named twice.", where="FILE", next_step="Name each file once.")
    only = chosen[0] if len(chosen) == 1 else None
    if only is None and not chosen and options["outside"]:
        names = read_calls(files[0], build=options["build"]).samples
        only = names[0] if len(names) == 1 else None
    calls, notes = callset.read_outside(options["outside"], only, base)
    file = options["sex_file"]
    sexes = {} if file is None else callset.read_sexes(file)
    made = callset.Request(
        files[0],
        genes=_genes(options),
        samples=chosen or None,
        build=options["build"],
        assume_reference=options["assume_reference"],
        sexes=sexes | callset.given_sexes(options["sexes"]),
        population=options["population"],
        calls=calls,
        base=base,
    )
    return [callset.on_file(made, path) for path in files], notes


def _called(requests: Sequence[Request], engine: str) -> list[CallSet]:
    from nof1.core.engine import engine_from
    from nof1.genome.callset import call_file

    step(f"calling genes in {len(requests)} file{'s' * (len(requests) > 1)}")
    names = [request.path.name for request in requests]
    return engine_from(engine).map(call_file, requests, names)


class _Told:
    """Everything called, and the ways to tell it."""

    def __init__(
        self,
        sets: Sequence[CallSet],
        options: Mapping[str, Any],
        notes: Mapping[str, int],
        base: Base,
        *,
        synthetic: bool,
    ) -> None:
        from nof1.genome import callset, regimen

        self.sets, self.options, self.base = sets, options, base
        self.samples = callset.samples_of(sets)
        self.refused = callset.refused(sets)
        names = options["medicines"]
        self.current = regimen.known(names, base) if names else None
        self.advised = self.current is not None or len(self.samples) <= MOST_ADVISED
        more = {} if self.advised else {UNADVISED: 1}
        self.origin = callset.origin_of(sets, {**notes, **more}, synthetic=synthetic)

    def of(self, sample: str) -> tuple[dict[str, Any], list[Any], list[Any]]:
        """Gene results, advice and phenoconversion of one sample."""
        from nof1.genome import callset, regimen

        results = callset.results(self.sets, sample)
        if not self.advised:
            return results, [], []
        return (results, *regimen.advice_rows(results, self.current, self.base))

    def tell(self, *, as_json: bool) -> None:
        """Page, FHIR, JSON or text, as was asked for."""
        if self.options["page"] is not None:
            self.page(self.options["page"])
        if self.options["fhir"]:
            from nof1.genome.fhir import bundle

            tell(bundle(self.document()), "", as_json=True)
        elif as_json:
            for piece in self.pieces():
                click.echo(piece, nl=False)
        else:
            click.echo(self.text())

    def page(self, path: Path) -> None:
        """Write the page of the only sample.

        Raises
        ------
        UsageError : there is not exactly one, or the page cannot be written.
        """
        from nof1.cli.twins import write_page

        if len(self.samples) != 1:
            raise UsageError(
                f"A page is about one sample, and there are {len(self.samples):,}.",
                where="--page",
                next_step="Choose one with --sample NAME.",
            )
        write_page("genome", self.report(self.samples[0]), path)

    def pieces(self) -> Iterator[str]:
        """The JSON object as text, a sample at a time."""
        from nof1.genome.report import pieces

        found = ((sample, *self.of(sample)) for sample in self.samples)
        return pieces(self.origin, found, conversions=self.current is not None, base=self.base)

    def document(self) -> dict[str, Any]:
        """The same object in memory."""
        from nof1.genome.report import document

        found = {sample: self.of(sample) for sample in self.samples}
        return document(
            self.origin,
            {sample: parts[0] for sample, parts in found.items()},
            {sample: parts[1] for sample, parts in found.items()},
            conversions={sample: parts[2] for sample, parts in found.items()},
            base=self.base,
        )

    def report(self, sample: str) -> dict[str, Any]:
        """The one-page report of one sample."""
        from nof1.genome.overview import overview
        from nof1.genome.report import head

        results, rows, changes = self.of(sample)
        return overview(
            head(self.origin, [results], [rows], base=self.base),
            sample,
            results,
            rows,
            conversions=changes,
            current=self.current,
            asked=_genes(self.options),
            base=self.base,
        )

    def text(self) -> str:
        """A report for each sample, or a summary of many."""
        from nof1.cli import genome_text
        from nof1.genome.callset import phenotype_counts
        from nof1.genome.overview import folded

        if len(self.samples) <= FEW:
            return "\n\n\n".join(genome_text.told(self.report(name)) for name in self.samples)
        counts = phenotype_counts(self.sets)
        notes = {text: count for text, count in self.origin.notes.items() if text != UNADVISED}
        return genome_text.summary(self.origin.file, len(self.samples), counts, folded(notes))


def _genes(options: Mapping[str, Any]) -> tuple[str, ...] | None:
    text = options["genes"]
    return None if text is None else tuple(gene.strip() for gene in text.split(","))


def _table(
    requests: Sequence[Request],
    options: Mapping[str, Any],
    notes: Mapping[str, int],
    *,
    as_json: bool,
) -> int:
    """Write the table of all samples; returns the exit code."""
    from nof1.cli import genome_text
    from nof1.core.engine import engine_from
    from nof1.genome import callstable
    from nof1.genome.overview import folded

    if options["page"] is not None or options["fhir"] or options["medicines"]:
        raise UsageError(
            "A table holds genes only.",
            where="--table",
            next_step="Leave out --page, --fhir and --medicine, or leave out --table.",
        )
    step("calling genes")
    path: Path = options["table_file"]
    parts = callstable.write_files(requests, path, engine_from(options["engine"]))
    counts = callstable.joined_counts(parts)
    every = Counter(notes)
    for part in parts:
        every.update(part.notes)
    data = {
        "schema": "nof1/genome-table/1",
        "table": path.name,
        "files": [{"file": one.file, "build": one.build, "samples": one.samples} for one in parts],
        "rows": sum(sum(found.values()) for found in counts.values()),
        "genes": counts,
        "notes": dict(every),
    }
    people = len({one.digest for one in parts})
    samples = sum(one.samples for one in parts) if people == len(parts) else parts[0].samples
    names = ", ".join(one.file for one in parts)
    text = genome_text.summary(names, samples, counts, folded(every), table_file=path.name)
    tell(data, text, as_json=as_json)
    return 1 if any(callstable.NOTHING in found for found in counts.values()) else 0


@genome.command()
@common
@click.argument("scorefiles", nargs=-1, required=True, type=FILE, metavar="SCOREFILE...")
@click.argument("genotypes", type=click.Path(path_type=Path))
@click.option("--reference", type=FILE, help="Distributions of the scores, for z values.")
@click.option("--group", help="The group of people in the reference to compare with.")
@click.option("--build", type=click.Choice(BUILDS), help="Genome build, if the file is silent.")
@click.option("--sample", "samples", multiple=True, help="Only this sample (repeatable).")
@click.option("--table", "table_file", type=FILE, help="Write all sums to a .tsv or .parquet.")
@click.pass_context
def score(ctx: click.Context, /, workspace: str | None, as_json: bool, **options: Any) -> None:
    """Polygenic scores of everybody in a genotype file.

    SCOREFILE is a scoring file of the PGS Catalog; GENOTYPES a VCF, BCF, or PLINK's .bed or .pgen.
    A raw sum means nothing alone. Exit code 1: a score was refused, such as with too few of its
    variants in the file.
    """
    from nof1.cli import scores_text
    from nof1.genome.polygenic import score_files
    from nof1.genome.scorereference import read_reference

    _base(workspace)
    step("scoring")
    made = score_files(
        options["scorefiles"],
        options["genotypes"],
        build=options["build"],
        reference=None if options["reference"] is None else read_reference(options["reference"]),
        group=options["group"],
    )
    if options["table_file"] is not None:
        scores_text.write_table(made, options["table_file"])
    chosen = options["samples"] or made.samples
    for sample in chosen[:1] if chosen is made.samples else chosen:
        made.of(sample)  # an unknown name is refused before anything is printed
    if as_json:
        for piece in scores_text.pieces(made, chosen, options["genotypes"].name):
            click.echo(piece, nl=False)
    else:
        click.echo(scores_text.told(made, chosen, options["genotypes"].name))
    ctx.exit(1 if any(one.refused for one in made.matches) else 0)
