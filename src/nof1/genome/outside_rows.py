"""What files of other programs hold: recognised by content, and taken apart into rows of text.

Formats: PharmCAT's outside calls and our extension of it for several people; Aldy 3 and 4
(``.aldy``); Cyrius (TSV and JSON); pb-StarPhase (JSON). Facts on them: PharmCAT
docs/using/Outside-Call-Format.md; Aldy README.rst, "Output"; Cyrius README.md, "Interpreting the
output"; pb-StarPhase docs/user_guide.md, "Output files".
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

from nof1.core.errors import InputError
from nof1.genome.outside_calls import Refused

FORMATS = (
    "PharmCAT outside calls (tab separated: gene, diplotype, phenotype, activity score)",
    "the same with a first line #sample, gene, diplotype, phenotype, activity_score",
    "Aldy (.aldy)",
    "Cyrius (.tsv or .json)",
    "pb-StarPhase (.json)",
)
OUTSIDE = "outside call file"
COHORT_HEADER = ("#sample", "gene", "diplotype", "phenotype", "activity_score")
ALDY_HEADER = ("#sample", "gene", "solutionid", "major", "minor")
ALDY_COLUMNS = range(5, 15)
CYRIUS_HEADER = ("sample", "genotype", "filter")
NO_ANSWER = "None"
EMPTY = "no call: diplotype, phenotype and activity score are all empty"
MOST_COPIES = 10
_FILTERS = {
    "More_than_one_possible_genotype": "Cyrius cannot tell its solutions apart.",
    "Not_assigned_to_haplotypes": "Cyrius does not say which copies lie on one chromosome; every "
    "way to share them is shown.",
    "LowQ_high_CN": "Cyrius is less sure of this call: six or more copies.",
}


class Row(NamedTuple):
    """One call as text; ``sample`` is None where the format has no names.

    ``row`` : the line, or for JSON the number of the entry, from 1. ``refused`` : why it cannot be
    used, empty for a usable row. ``warnings`` : what its program says about it.
    """

    row: int
    sample: str | None = None
    gene: str = ""
    diplotype: str = ""
    phenotype: str = ""
    score: str = ""
    warnings: tuple[str, ...] = ()
    refused: str = ""


class Table(NamedTuple):
    """The rows of a file and the program that made it."""

    program: str
    rows: list[Row]


def rows_of(text: str, where: str) -> Table:
    """The rows of a file's text.

    Raises
    ------
    InputError : it is none of ``FORMATS``, or holds nothing.
    """
    lines = [(n, line) for n, line in enumerate(re.split(r"\r\n?|\n", text), 1) if line.strip()]
    if not lines:
        raise InputError("The file is empty.", where=where, allowed=FORMATS)
    first = tuple(cell.strip().casefold() for cell in lines[0][1].split("\t"))
    if text.lstrip()[:1] in ("{", "["):
        return _json(text, where)
    if first == COHORT_HEADER:
        return Table(OUTSIDE, [_cells(*line, people=1) for line in _data(lines)])
    if first[:5] == ALDY_HEADER:
        return Table("Aldy", list(_aldy(_data(lines))))
    if first == CYRIUS_HEADER:
        return Table("Cyrius", [_cyrius_line(*line) for line in lines[1:]])
    calls = [_cells(*line, people=0) for line in _data(lines)]
    if all(call.refused for call in calls) or lines[0][1].startswith("##fileformat"):
        raise _unknown(where)
    return Table(OUTSIDE, calls)


def _unknown(where: str) -> InputError:
    return InputError("No known format of calls.", where=where, allowed=FORMATS)


def _data(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    return [(number, line) for number, line in lines if not line.startswith("#")]


def _split(line: str) -> list[str]:
    return [cell.strip().strip('"').strip() for cell in line.split("\t")]


def _columns(low: int, high: int) -> str:
    allowed = f"{low}" if low == high else f"{low} to {high}"
    return f"wrong column count: {allowed} are allowed, separated by tabs"


def _cells(number: int, line: str, people: int) -> Row:
    """A line of outside calls; ``people`` is 1 with a column of samples, else 0."""
    cells, low, high = _split(line.rstrip("\t")), 2 + people, 4 + people
    if len(cells) < low and line.count("\t") >= low - 1:
        return Row(number, refused=EMPTY)
    if not low <= len(cells) <= high:
        return Row(number, refused=_columns(low, high))
    gene, diplotype, phenotype, score = [*cells[people:], "", ""][:4]
    return Row(number, cells[0] if people else None, gene, diplotype, phenotype, score)


# Aldy -----------------------------------------------------------------------------------------


def _aldy(lines: list[tuple[int, str]]) -> Iterator[Row]:
    """One row for each person and gene, with every solution; Aldy has a line for each variant."""
    found: dict[tuple[str, str], tuple[int, dict[str, None]]] = {}
    for number, line in lines:
        cells = _split(line)
        if len(cells) not in ALDY_COLUMNS:
            yield Row(number, refused=_columns(ALDY_COLUMNS[0], ALDY_COLUMNS[-1]))
        elif not re.fullmatch("[0-9]{1,6}", cells[2]):
            yield Row(number, cells[0], refused="the number of the solution is no number")
        else:
            _, solutions = found.setdefault((cells[0], cells[1]), (number, {}))
            solutions[cells[3].replace(" ", "")] = None
    for (sample, gene), (number, solutions) in found.items():
        yield Row(number, sample, gene, ";".join(solutions))


# Cyrius ---------------------------------------------------------------------------------------


def _cyrius_line(number: int, line: str) -> Row:
    cells = _split(line)
    if len(cells) != len(CYRIUS_HEADER):
        return Row(number, refused=_columns(3, 3))
    return _cyrius(number, cells[0], cells[1], cells[2])


def _cyrius(number: int, sample: str, genotype: str, flag: str) -> Row:
    warnings = (_FILTERS[flag],) if flag in _FILTERS else ()
    if flag not in (*_FILTERS, "PASS", NO_ANSWER, ""):
        warnings = ("Cyrius set a filter that is not known here.",)
    try:
        solutions = [way for part in genotype.split(";") for way in _assigned(part.strip())]
    except Refused as refused:
        return Row(number, sample, refused=str(refused))
    return Row(number, sample, "CYP2D6", ";".join(solutions), warnings=warnings)


def _assigned(genotype: str) -> list[str]:
    """Every way to share copies between two chromosomes, where Cyrius did not: ``*1_*2_*68``."""
    if "/" in genotype or not genotype.startswith("*"):
        return [genotype]
    copies: list[str] = []
    for part in genotype.split("_"):
        counted = re.fullmatch(r"(.+?)x([0-9]{1,2})", part)
        copies += [counted[1]] * int(counted[2]) if counted else [part]
    if not 2 <= len(copies) <= MOST_COPIES:
        raise Refused(f"copies without their chromosomes: 2 to {MOST_COPIES} are allowed")
    ways: dict[str, None] = {}
    for side in product((False, True), repeat=len(copies) - 1):
        one = Counter(copy for copy, other in zip(copies, (False, *side), strict=True) if not other)
        two = Counter(copies) - one
        if two:
            pair = sorted("+".join(sorted(each.elements())) for each in (one, two))
            ways["/".join(pair)] = None
    return list(ways)


# JSON -----------------------------------------------------------------------------------------


def _json(text: str, where: str) -> Table:
    try:
        data = json.loads(text, object_pairs_hook=_unique)
    except Refused as refused:
        raise InputError(f"The JSON is ambiguous: {refused}.", where=where) from None
    except (ValueError, RecursionError):
        raise InputError("The JSON cannot be read.", where=where, allowed=FORMATS) from None
    if isinstance(data, dict) and isinstance(data.get("gene_details"), dict):
        return _starphase(data)
    entries = list(data.items()) if isinstance(data, dict) else []
    if not any(isinstance(entry, dict) and "Genotype" in entry for _, entry in entries):
        raise _unknown(where)
    return Table("Cyrius", [_cyrius_entry(n, *entry) for n, entry in enumerate(entries, 1)])


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON keeps the last of two equal names without a word; one person's call would vanish."""
    if len({name for name, _ in pairs}) != len(pairs):
        raise Refused("one name stands twice in one object")
    return dict(pairs)


def _cyrius_entry(number: int, sample: str, entry: Any) -> Row:
    if not isinstance(entry, dict) or "Genotype" not in entry:
        return Row(number, sample, refused="no genotype in this entry")
    genotype, flag = entry["Genotype"], entry.get("Filter")
    if not isinstance(genotype, str | None) or not isinstance(flag, str | None):
        return Row(number, sample, refused="genotype and filter must be text")
    return _cyrius(number, sample, genotype or NO_ANSWER, flag or NO_ANSWER)


def _starphase(data: dict[str, Any]) -> Table:
    version = str(data.get("pbstarphase_version", ""))
    program = "pb-StarPhase"
    if re.fullmatch(r"[0-9A-Za-z.+-]{1,40}", version):
        program += f" {version}"
    genes = enumerate(data["gene_details"].items(), 1)
    return Table(program, [_starphase_gene(number, *entry) for number, entry in genes])


def _starphase_gene(number: int, gene: str, details: Any) -> Row:
    entries = details.get("diplotypes") if isinstance(details, dict) else None
    if not isinstance(entries, list):
        return Row(number, gene=gene, refused="no diplotypes in this entry")
    # the core alleles, where there are any (*4 for *4.001); of equal length by its own check
    simple = details.get("simple_diplotypes")
    pairs = [_pair(entry) for entry in (simple if isinstance(simple, list) and simple else entries)]
    if None in pairs:
        return Row(number, gene=gene, refused="a diplotype that has not two haplotypes")
    return Row(number, gene=gene, diplotype=";".join(map(str, pairs)) or NO_ANSWER)


def _pair(entry: Any) -> str | None:
    both = [entry.get("hap1"), entry.get("hap2")] if isinstance(entry, dict) else [None]
    return "/".join(map(str, both)) if all(isinstance(one, str) and one for one in both) else None
