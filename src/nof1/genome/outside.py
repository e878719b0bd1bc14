"""Calls that other programs made, with provenance: read from their files, put beside our own.

CYP2D6's copies, HLA types and mitochondrial variants cannot be read from a usual VCF; programs that
look at the sequencing reads can tell them. ``outside_rows`` takes their files apart,
``outside_names`` puts them into our words, ``outside_results`` says what follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from nof1.core.errors import InputError, UsageError
from nof1.genome import outside_names as names
from nof1.genome.outside_calls import OutsideCall, OutsideCalls, Quarantined, Refused
from nof1.genome.outside_hla import HLA_ASKED, hla_result, hla_statuses
from nof1.genome.outside_phenotypes import phenotype_name, score_text
from nof1.genome.outside_results import result
from nof1.genome.outside_rows import EMPTY, Row, rows_of
from nof1.genome.results import Diplotype, GeneResult, Outcome, Phenotype
from nof1.knowledge.base import SHIPPED, Base
from nof1.record.reading import UTF16_MARKS, safe_open

__all__ = ["OutsideCall", "OutsideCalls", "Quarantined", "merge", "read", "result"]

MOST_BYTES = 200 * 2**20
MOST_LETTERS = 1000  # of one cell; longer ones are no names
MOST_NAMED = 3


def read(path: Path, sample: str | None = None, base: Base = SHIPPED) -> OutsideCalls:
    """The calls of a file, recognised by its content (see ``outside_rows.FORMATS``).

    Parameters
    ----------
    path : plain or gzip. Lines may end as on Windows, and a byte-order mark is no harm.
    sample : whose calls they are, for formats that do not say (PharmCAT, pb-StarPhase); for the
        others, only this person's calls are read.

    Raises
    ------
    InputError : no text in UTF-8, too large, no known format, or nothing about ``sample``.
    """
    table = rows_of(_text(path), path.name)
    if sample is None and any(row.sample is None and not row.refused for row in table.rows):
        raise InputError(
            "The file does not say whose calls these are.",
            where=path.name,
            next_step="Name the sample they belong to.",
        )
    wanted = [row for row in table.rows if sample is None or row.sample in (None, sample)]
    if table.rows and not wanted:
        raise InputError("The file has no calls of the sample asked for.", where=path.name)
    calls: list[OutsideCall] = []
    refused: list[Quarantined] = []
    for row in wanted:
        try:
            made = _calls(row, sample, table.program, base)
            calls += [call._replace(file=path.name, row=row.row) for call in made]
        except Refused as reason:
            refused.append(Quarantined(path.name, row.row, str(reason)))
    return OutsideCalls(table.program, tuple(calls), tuple(sorted(refused)))


def _text(path: Path) -> str:
    with safe_open(path, limit=MOST_BYTES) as stream:
        data = stream.read()
    step = "Save the file as text in UTF-8."
    if data.startswith(UTF16_MARKS):
        raise InputError("The file is in UTF-16.", where=path.name, next_step=step)
    if b"\0" in data:
        raise InputError("This is no text file.", where=path.name, next_step=step)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        where = f"{path.name}, row {row}"
        raise InputError("The file is not in UTF-8.", where=where, next_step=step) from None


def _calls(row: Row, sample: str | None, program: str, base: Base) -> Iterator[OutsideCall]:
    """The calls of one row: one, or for HLA one for each status."""
    if row.refused:
        raise Refused(row.refused)
    cells = (row.sample or "", row.gene, row.diplotype, row.phenotype, row.score)
    if not all(cell.isprintable() and len(cell) <= MOST_LETTERS for cell in cells):
        raise Refused("a cell is too long, or has letters that cannot be printed")
    person = sample if row.sample is None else row.sample
    if not person:
        raise Refused("the name of the sample is missing")
    gene = names.gene_symbol(row.gene, base)
    if not any(cells[2:]):
        raise Refused(EMPTY)
    made = OutsideCall(person, gene, program=program, warnings=row.warnings)
    if row.diplotype and not names.is_no_call(row.diplotype):
        made = made._replace(diplotypes=names.diplotypes(gene, row.diplotype, base))
    if gene not in HLA_ASKED:
        return iter([_with_phenotype(made, row, base)])
    made = made._replace(warnings=_without_score(made, row))
    said = "" if names.is_no_call(row.phenotype) else row.phenotype
    statuses = hla_statuses(gene, said) or [""]
    return (made._replace(status=status) for status in statuses)


NO_SCORE_USED = "An activity score was given; this gene has none, and it is not used."


def _without_score(made: OutsideCall, row: Row) -> tuple[str, ...]:
    if row.score and not (row.diplotype or row.phenotype):
        raise Refused("an activity score for a gene that has none")
    return (*made.warnings, NO_SCORE_USED) if row.score else made.warnings


def _with_phenotype(made: OutsideCall, row: Row, base: Base) -> OutsideCall:
    words = names.vocabulary(made.gene, base)
    if row.phenotype and not names.is_no_call(row.phenotype):
        made = made._replace(phenotype=phenotype_name(words, row.phenotype))
    if words.scored:
        return made._replace(score=score_text(words, row.score) if row.score else "")
    return made._replace(warnings=_without_score(made, row))


def merge(
    results: Iterable[GeneResult], calls: Iterable[OutsideCall], base: Base = SHIPPED
) -> tuple[GeneResult, ...]:
    """The answers of one person, with calls of other programs in place of our own.

    A gene with several outside calls keeps all of them as possible. A program that made no call
    replaces nothing; one whose phenotype contradicts ours does not replace it either: both stay
    possible. Genes that only other programs called come last.

    Raises
    ------
    UsageError : the calls are of more than one person.
    """
    by_gene: dict[str, list[OutsideCall]] = {}
    people = set()
    for call in calls:
        by_gene.setdefault(call.gene, []).append(call)
        people.add(call.sample)
    if len(people) > 1:
        raise UsageError("Outside calls of several people cannot be merged into one person's.")
    merged = [_replaced(own, by_gene.pop(own.gene, []), base) for own in results]
    return (*merged, *(_joined(each, base) for each in by_gene.values()))


def _replaced(own: GeneResult, calls: Sequence[OutsideCall], base: Base) -> GeneResult:
    if not calls:
        return own
    other = _joined(calls, base)
    if other.outcome is Outcome.NOT_CALLED:
        said = f"{other.reason} ({other.source})"
        return own._replace(warnings=(*own.warnings, said, *other.warnings))
    programs = " and ".join(dict.fromkeys(call.program for call in calls if not call.empty))
    said_so = (*_disagreement(own, other, programs), *other.warnings)
    return (_both(own, other) if _contradict(own, other) else other)._replace(warnings=said_so)


def _contradict(own: GeneResult, other: GeneResult) -> bool:
    """Whether our own answer and the other's have no diplotype and no phenotype in common."""
    theirs = {one.phenotype for one in other.phenotypes}
    shared = theirs & {one.phenotype for one in own.phenotypes}
    return own.outcome is Outcome.CALLED and not shared and not _agree(own, other)


def _both(own: GeneResult, other: GeneResult) -> GeneResult:
    """Two answers that exclude each other: nobody knows which is right, so both stay possible."""
    return other._replace(
        diplotypes=_union([other.diplotypes, own.diplotypes]),
        phenotypes=_possible([other.phenotypes, own.phenotypes]),
        source=f"{other.source}; and this file's variants",
    )


def _joined(calls: Sequence[OutsideCall], base: Base) -> GeneResult:
    """One answer out of all calls for a gene; what any of them holds possible stays possible."""
    made = [result(call, base) for call in calls]
    called = [call for call in calls if not call.empty]
    if not called:
        return made[0]
    silent = tuple(f"{one.reason} ({one.source})" for one in made if one.reason)
    if called[0].gene in HLA_ASKED:
        joined = hla_result(*called)
        return joined._replace(warnings=(*joined.warnings, *silent))
    given = [one for one in made if not one.reason]
    warnings = (*_differing(given), *(w for one in given for w in one.warnings), *silent)
    return given[0]._replace(
        diplotypes=_union([one.diplotypes for one in given]),
        phenotypes=_possible([one.phenotypes for one in given]),
        warnings=tuple(dict.fromkeys(warnings)),
        source="; ".join(dict.fromkeys(one.source for one in given)),
    )


def _union(parts: Sequence[tuple[Diplotype, ...]]) -> tuple[Diplotype, ...]:
    """All diplotypes; each call that names any has the same weight."""
    naming = [part for part in parts if part]
    found: dict[Diplotype, float] = {}
    for one in (one for part in naming for one in part):
        key = one._replace(prior=0.0)
        found[key] = found.get(key, 0.0) + one.prior / len(naming)
    ranked = sorted(found.items(), key=lambda item: -item[1])
    return tuple(one._replace(prior=prior) for one, prior in ranked)


def _possible(parts: Sequence[tuple[Phenotype, ...]]) -> tuple[Phenotype, ...]:
    """All phenotypes; each call that has any weighs the same; no prior where one has none."""
    parts = [part for part in parts if part]
    found: dict[Phenotype, float] = {}
    known = all(one.prior is not None for part in parts for one in part)
    for one in (one for part in parts for one in part):
        key = one._replace(prior=None)
        found[key] = found.get(key, 0.0) + (one.prior or 0.0) / len(parts)
    ranked = sorted(found.items(), key=lambda item: -item[1])
    return tuple(one._replace(prior=prior if known else None) for one, prior in ranked)


def _differing(given: Sequence[GeneResult]) -> tuple[str, ...]:
    first = given[0]
    if all(_agree(first, other) for other in given[1:]):
        return ()
    said = "; ".join(f"{_words(one)} ({one.source})" for one in given)
    return (f"The outside calls differ, and all are shown: {said}.",)


def _disagreement(own: GeneResult, other: GeneResult, programs: str) -> tuple[str, ...]:
    if own.outcome is not Outcome.CALLED or _agree(own, other):
        return ()
    same = {one.phenotype for one in own.phenotypes} == {one.phenotype for one in other.phenotypes}
    then = "the phenotype is the same" if same else "the phenotypes differ too"
    said = f"This file's variants fit {_words(own)}; {programs} says {_words(other)}"
    used = "Both stay possible" if _contradict(own, other) else "The outside call is used"
    return (f"{said}: {then}. {used}.",)


def _agree(one: GeneResult, other: GeneResult) -> bool:
    """Whether some diplotype fits both (or some phenotype, where one of them has no diplotypes)."""
    mine, theirs = _pairs(one), _pairs(other)
    if mine and theirs:
        return bool(mine & theirs)
    return bool({p.phenotype for p in one.phenotypes} & {p.phenotype for p in other.phenotypes})


def _pairs(made: GeneResult) -> set[tuple[str, ...]]:
    return {tuple(sorted(one.name.split("/"))) for one in made.diplotypes}


def _words(made: GeneResult) -> str:
    """The likeliest diplotypes, or phenotypes, by name."""
    said = [one.name for one in made.diplotypes] or [one.phenotype for one in made.phenotypes]
    said = list(dict.fromkeys(said))
    more = len(said) - MOST_NAMED + made.unlisted[0]
    return " or ".join(said[:MOST_NAMED]) + (f" or {more} others" if more > 0 else "")
