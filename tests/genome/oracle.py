"""Obvious slow allele matching, written from the published rules; the fast code must agree.

Rules: PharmCAT's documentation, docs/methods NamedAlleleMatcher-101, -201 and
Gene-Definition-Exceptions. Plain loops and sets; nothing here is imported from ``nof1.genome``.

A person is ``bases``, one pair of codes for each position (an index into the position's alleles,
or one of the three codes below), and ``phase``, one number for each position.
"""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from nof1.knowledge.alleles import GeneDefinition

MISSING, OTHER, ABSENT = -1, -2, -3
# A base that the definition does not know is read as the reference base in these genes
# (NamedAlleleMatcher-201, "Undocumented Variations").
READ_AS_REFERENCE = frozenset(["CACNA1S", "DPYD", "G6PD", "NUDT15", "RYR1", "TPMT"])
LOWEST_FUNCTION = frozenset(["DPYD", "RYR1"])

Bases = Sequence[tuple[int, int]]
Pair = tuple[int, int]


def allowed(definition: GeneDefinition, row: int, position: int) -> frozenset[int]:
    """The bases of a row at a position; a blank cell is the cell of the reference row."""
    cell = definition.alleles[row].cells[position]
    reference = definition.alleles[0].cells[position]
    return cell if cell is not None else reference or frozenset([0])


def fits(definition: GeneDefinition, row: int, position: int, code: int) -> bool:
    """Whether one base on one chromosome can be of a row; what was not seen can be of any."""
    if code in (MISSING, ABSENT):
        return True
    if code == OTHER and definition.gene not in READ_AS_REFERENCE:
        return False
    return (0 if code == OTHER else code) in allowed(definition, row, position)


def phase_sets(phase: Sequence[int], positions: int) -> list[list[int]]:
    """The positions of each phase set; those of unknown order are sets of their own."""
    together = defaultdict(list)
    for position in range(positions):
        number = phase[position]
        together[number, position if number == 0 else None].append(position)
    return list(together.values())


def one_copy(bases: Bases) -> bool:
    """Whether some second copy is absent, and so wherever anything was seen."""
    seen = [
        two for one, two in bases if one not in (MISSING, ABSENT) or two not in (MISSING, ABSENT)
    ]
    return any(two == ABSENT for _, two in bases) and all(two == ABSENT for two in seen)


def explains(
    definition: GeneDefinition, a: int, b: int, bases: Bases, phase: Sequence[int]
) -> bool:
    """The rule word by word: in every phase set one of two orders of the copies fits the pair."""
    for together in phase_sets(phase, len(definition.positions)):
        straight = all(
            fits(definition, a, p, bases[p][0]) and fits(definition, b, p, bases[p][1])
            for p in together
        )
        turned = all(
            fits(definition, a, p, bases[p][1]) and fits(definition, b, p, bases[p][0])
            for p in together
        )
        if not straight and not turned:
            return False
    return True


def pairs_word_by_word(definition: GeneDefinition, bases: Bases, phase: Sequence[int]) -> set[Pair]:
    """All unordered pairs of rows that explain a person; ``(row, -1)`` where there is one copy."""
    rows = range(len(definition.alleles))
    if one_copy(bases):
        every = range(len(definition.positions))
        return {(r, -1) for r in rows if all(fits(definition, r, p, bases[p][0]) for p in every)}
    both = itertools.combinations_with_replacement(rows, 2)
    return {(a, b) for a, b in both if explains(definition, a, b, bases, phase)}


class Table:
    """The same answer as ``pairs_word_by_word``, sooner: the rows that a base fits are kept.

    Two exact shortcuts: rows that in some phase set fit neither copy are in no pair, and a phase
    set that fits every row on both sides decides nothing.
    """

    def __init__(self, definition: GeneDefinition) -> None:
        self.definition = definition
        self.rows = frozenset(range(len(definition.alleles)))
        self._kept: dict[Pair, frozenset[int]] = {}

    def fitting(self, position: int, code: int) -> frozenset[int]:
        """The rows that a base fits."""
        key = (position, code)
        if key not in self._kept:
            found = (r for r in self.rows if fits(self.definition, r, position, code))
            self._kept[key] = frozenset(found)
        return self._kept[key]

    def side(self, together: Iterable[int], bases: Bases, copy: int) -> frozenset[int]:
        """The rows that fit one copy at all positions of a phase set."""
        rows = self.rows
        for position in together:
            rows &= self.fitting(position, bases[position][copy])
        return rows

    def pairs(self, bases: Bases, phase: Sequence[int]) -> set[Pair]:
        """All unordered pairs of rows that explain a person."""
        positions = len(self.definition.positions)
        if one_copy(bases):
            return {(row, -1) for row in self.side(range(positions), bases, 0)}
        sides = set()
        for together in phase_sets(phase, positions):
            one, two = self.side(together, bases, 0), self.side(together, bases, 1)
            if one != self.rows or two != self.rows:
                sides.add((one, two))
        rows = set(self.rows)
        for one, two in sides:
            rows &= one | two
        both = itertools.combinations_with_replacement(sorted(rows), 2)
        return {
            (a, b)
            for a, b in both
            if all((a in one and b in two) or (a in two and b in one) for one, two in sides)
        }


def priors(pairs: Iterable[Pair], frequency: Sequence[float]) -> dict[Pair, float]:
    """Hardy-Weinberg weights of the pairs, scaled to the sum of 1."""
    weight = {}
    for a, b in pairs:
        if b == -1:
            weight[a, b] = frequency[a]
        else:
            weight[a, b] = frequency[a] * frequency[b] * (1 if a == b else 2)
    total = sum(weight.values())
    return {pair: value / total for pair, value in weight.items()}


class Answer(NamedTuple):
    """What the source says about two alleles."""

    phenotype: str
    lookup: str


class Original:
    """A phenotype file of a release as it came, asked allele by allele.

    What no row lists: two other alleles with the same two functions (or activity values) decide;
    else the sum of two activity values; else nothing is known.
    """

    def __init__(self, path: Path) -> None:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        self.gene: str = data["gene"]
        self.scored = bool(data["activityValues"])
        self.value: dict[str, str] = dict(
            data["activityValues"] if self.scored else data["haplotypes"]
        )
        self.rows: dict[tuple[str, ...], Answer] = {}
        self.by_value: dict[tuple[str, ...], set[Answer]] = defaultdict(set)
        for row in data["diplotypes"]:
            names = [name for name, copies in row["diplotypekey"].items() for _ in range(copies)]
            answer = Answer(row["generesult"], row["lookupkey"])
            self.rows[tuple(sorted(names))] = answer
            self.by_value[tuple(sorted(self.value[name] for name in names))].add(answer)

    def of_values(self, *values: str) -> Answer:
        """What two functions or activity values make."""
        listed = self.by_value.get(tuple(sorted(values)))
        if listed:
            (answer,) = listed
            return answer
        if self.scored and len(values) == 2 and "n/a" not in values:
            total = sum(float(value.lstrip("≥")) for value in values)
            for answers in self.by_value.values():
                for answer in answers:
                    text = answer.lookup.lstrip("≥")
                    if text != "n/a" and float(text) == total:
                        return answer
        return Answer("Indeterminate", "n/a" if self.scored else "Indeterminate")

    def of(self, *names: str) -> Answer:
        """What two alleles make."""
        listed = self.rows.get(tuple(sorted(names)))
        if listed is not None:
            return listed
        unknown = "n/a" if self.scored else "Unknown function"
        return self.of_values(*(self.value.get(name, unknown) for name in names))


class Shared(NamedTuple):
    """One way to share the variants: the rows that may decide on each of the two chromosomes.

    ``seen`` are the weakest rows that were seen (several when equally weak), ``unseen`` weaker or
    equally weak ones at positions that were not seen.
    """

    seen: tuple[frozenset[int], frozenset[int]]
    unseen: tuple[frozenset[int], frozenset[int]]


Change = dict[int, frozenset[int]]


def changes(definition: GeneDefinition) -> list[Change]:
    """For each row: the positions at which it excludes the reference base, and what it allows."""
    return [
        {p: cell for p, cell in enumerate(row.cells) if cell is not None and 0 not in cell}
        for row in definition.alleles
    ]


def carried(change: Change, bases: Sequence[int], *, unseen: bool) -> bool:
    """Whether a chromosome carries all variants of a row; with ``unseen``: one was not looked at.

    With ``unseen`` the answer is about rows that may be there, but were not seen in full.
    """
    hidden = False
    for position, cell in change.items():
        if bases[position] == MISSING:
            hidden = True
        elif bases[position] not in cell:
            return False
    return hidden == unseen


def ways(definition: GeneDefinition, bases: Bases, phase: Sequence[int]) -> list[list[list[int]]]:
    """All ways to share the bases between two chromosomes: every phase set straight or turned."""
    positions = len(definition.positions)
    sets = phase_sets(phase, positions)
    turning = [together for together in sets if any(bases[p][0] != bases[p][1] for p in together)]
    made = []
    for turned in itertools.product((False, True), repeat=len(turning)):
        chromosomes = [[bases[p][copy] for p in range(positions)] for copy in (0, 1)]
        for together, turn in zip(turning, turned, strict=True):
            for p in together if turn else ():
                chromosomes[0][p], chromosomes[1][p] = bases[p][1], bases[p][0]
        made.append(chromosomes)
    return made


def weakest(
    definition: GeneDefinition, bases: Bases, phase: Sequence[int], strength: Sequence[float]
) -> list[Shared]:
    """For genes of single variants: what may decide on both chromosomes, in every way to share."""
    of, rows = changes(definition), range(1, len(definition.alleles))
    found = []
    for chromosomes in ways(definition, bases, phase):
        seen, unseen = [], []
        for chromosome in chromosomes:
            there = [r for r in rows if carried(of[r], chromosome, unseen=False)]
            least = min([strength[0], *(strength[r] for r in there)])
            tied = frozenset(r for r in [0, *there] if strength[r] == least)
            maybe = (r for r in rows if carried(of[r], chromosome, unseen=True))
            seen.append(tied)
            unseen.append(frozenset(r for r in maybe if strength[r] <= least and r not in tied))
        found.append(Shared((seen[0], seen[1]), (unseen[0], unseen[1])))
    return found


class Combined(NamedTuple):
    """One chromosome of an unlisted kind: what of the definition it carries.

    ``rows`` are all rows whose variants are all there and were seen; ``changed`` the positions
    that are not as in the reference row.
    """

    rows: frozenset[int]
    changed: frozenset[int]


def combined(definition: GeneDefinition, bases: Sequence[int]) -> Combined:
    """What a chromosome carries, by looking at every row and every position."""
    of = changes(definition)
    there = [r for r, change in enumerate(of) if change and carried(change, bases, unseen=False)]
    changed = (
        p
        for p in range(len(definition.positions))
        if bases[p] == OTHER or (bases[p] > 0 and bases[p] not in allowed(definition, 0, p))
    )
    return Combined(frozenset(there), frozenset(changed))
