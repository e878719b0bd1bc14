"""What changes when one set of facts takes the place of another, in plain words.

The most dangerous comes first: what an allele does, and what is asked of a doctor. A rule is
compared result by result, so that rows which were only put together otherwise are no change.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from nof1.knowledge import alleles, cpic, phenotypes, prescribing, rulediff
from nof1.knowledge.alleles import GeneDefinition
from nof1.knowledge.base import Base, sources
from nof1.knowledge.prescribing import ACTIONS, Rule

# Kinds of change, the most dangerous first.
KINDS = (
    "function changed",
    "phenotype changed",
    "less cautious",
    "more cautious",
    "other action",
    "rule removed",
    "function removed",
    "phenotypes removed",
    "allele changed",
    "allele removed",
    "allele renamed",
    "rule added",
    "details changed",
    "position removed",
    "position added",
    "allele added",
    "function added",
    "phenotype added",
    "table",
    "source",
)
DETAILS = (
    "degree",
    "strength",
    "dose_low_pct",
    "dose_high_pct",
    "dose_limit",
    "alternatives",
    "monitor",
    "if_used",
    "text",
)
SHORT = 30  # a longer detail is named, not shown
# Tables that are compared row by row only: what they say has no direction.
PLAIN = ("modulators.tsv", "drugs.tsv", "frequencies.tsv", "cpic_actions.tsv", "dpwg_actions.tsv")
_DATE = re.compile(r"(-\d{2,4})+$")
_Shape = frozenset[tuple[str, frozenset[str]]]
# (source without its date, medicine, population, genes) -> results -> what is asked
_Rules = dict[tuple[str, str, str, tuple[str, ...]], dict[tuple[str, ...], Rule]]


class Change(NamedTuple):
    """One change: its kind (``KINDS``), where, and what in plain words (old -> new)."""

    kind: str
    where: str
    what: str

    def to_dict(self) -> dict[str, str]:
        """The JSON form."""
        return self._asdict()


def diff(old: Base, new: Base) -> tuple[Change, ...]:
    """All changes from ``old`` to ``new``, the most dangerous first.

    Raises
    ------
    InputError : a fact file cannot be read.
    """
    parts = (_phenotypes, _alleles, _rules, _safety, _tables, _sources)
    found = [change for part in parts for change in part(old, new)]
    return tuple(sorted(found, key=lambda one: (KINDS.index(one.kind), one.where, one.what)))


def counts(changes: Iterable[Change]) -> dict[str, int]:
    """Kind -> number of changes, the most dangerous first; kinds without change are left out."""
    found = Counter(change.kind for change in changes)
    return {kind: found[kind] for kind in KINDS if found[kind]}


def _safety(old: Base, new: Base) -> Iterator[Change]:
    """Changes of the tables of rules about medicines."""
    return (Change(*said) for said in rulediff.rules(old, new))


def _phenotypes(old: Base, new: Base) -> Iterator[Change]:
    before, after = set(phenotypes.genes(old)), set(phenotypes.genes(new))
    for gene in sorted(before - after):
        yield Change("phenotypes removed", gene, "there is no phenotype table any more")
    for gene in sorted(after):
        one = phenotypes.phenotypes(gene, old) if gene in before else None
        other = phenotypes.phenotypes(gene, new)
        yield from _functions(gene, _allele_words(one), _allele_words(other))
        yield from _results(gene, one.results if one else {}, other.results)


def _allele_words(table: phenotypes.GenePhenotypes | None) -> dict[str, str]:
    """Allele -> its function in words, with the activity value where that decides."""
    if table is None:
        return {}
    scored = table.by == "activity"
    return {
        name: f"{function} ({table.value(name)})" if scored else function
        for name, function in table.functions.items()
    }


def _functions(gene: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    for name in sorted(set(old) & set(new)):
        if old[name] != new[name]:
            yield Change("function changed", f"{gene} {name}", f"{old[name]} -> {new[name]}")
    for name in sorted(set(new) - set(old)):
        yield Change("function added", f"{gene} {name}", new[name])
    for name in sorted(set(old) - set(new)):
        yield Change("function removed", f"{gene} {name}", f"was: {old[name]}; now not known")


def _results(
    gene: str,
    old: Mapping[tuple[str, ...], tuple[str, str]],
    new: Mapping[tuple[str, ...], tuple[str, str]],
) -> Iterator[Change]:
    for pair in sorted(old):
        if new.get(pair) != old[pair]:
            now = _result(new[pair]) if pair in new else "not listed"
            what = f"{' + '.join(pair)}: {_result(old[pair])} -> {now}"
            yield Change("phenotype changed", gene, what)
    for pair in sorted(set(new) - set(old)):
        yield Change("phenotype added", gene, f"{' + '.join(pair)}: {_result(new[pair])}")


def _result(result: tuple[str, str]) -> str:
    phenotype, lookup = result
    return phenotype if phenotype == lookup else f"{phenotype} ({lookup})"


def _alleles(old: Base, new: Base) -> Iterator[Change]:
    before, after = set(alleles.genes(old)), set(alleles.genes(new))
    for gene in sorted(before - after):
        yield Change("allele removed", gene, "the gene has no definition any more")
    for gene in sorted(after - before):
        count = len(alleles.definition(gene, new).alleles)
        yield Change("allele added", gene, f"a new gene with {count} alleles")
    for gene in sorted(before & after):
        one, other = alleles.definition(gene, old), alleles.definition(gene, new)
        yield from _positions(gene, one, other)
        yield from _named(gene, _shapes(one, other), _shapes(other, one))


def _positions(gene: str, old: GeneDefinition, new: GeneDefinition) -> Iterator[Change]:
    before, after = ({_place(p): p.label for p in d.all_positions} for d in (old, new))
    for place in sorted(set(before) - set(after)):
        yield Change("position removed", gene, f"{before[place]}, {place.split()[1]}")
    for place in sorted(set(after) - set(before)):
        yield Change("position added", gene, f"{after[place]}, {place.split()[1]}")


def _place(position: alleles.Position) -> str:
    """What a position is: place and bases (``94781859 G>A``)."""
    reference, *others = position.alleles
    return f"{position.position} {reference}>{','.join(sorted(others))}"


def _shapes(one: GeneDefinition, other: GeneDefinition) -> dict[str, frozenset[_Shape]]:
    """Name -> what its rows ask for; of the reference row only what both definitions ask about."""
    both = {_place(p) for p in one.positions} & {_place(p) for p in other.positions}
    found: dict[str, set[_Shape]] = defaultdict(set)
    for number, allele in enumerate(one.alleles):
        filled = [
            (_place(place), frozenset(place.alleles[index] for index in cell))
            for place, cell in zip(one.positions, allele.cells, strict=True)
            if cell is not None and (number or _place(place) in both)
        ]
        found[allele.name].add(frozenset(filled))
    return {name: frozenset(shapes) for name, shapes in found.items()}


def _named(
    gene: str, old: Mapping[str, frozenset[_Shape]], new: Mapping[str, frozenset[_Shape]]
) -> Iterator[Change]:
    gone = {old[name]: name for name in sorted(set(old) - set(new))}
    renamed = {gone[new[name]]: name for name in sorted(set(new) - set(old)) if new[name] in gone}
    for before, after in renamed.items():
        yield Change("allele renamed", f"{gene} {before}", f"now called {after}")
    for name in sorted(set(old) - set(new) - set(renamed)):
        yield Change("allele removed", f"{gene} {name}", "is no longer recognised")
    for name in sorted(set(new) - set(old) - set(renamed.values())):
        yield Change("allele added", f"{gene} {name}", _asked(new[name]))
    for name in sorted(set(old) & set(new)):
        if old[name] != new[name]:
            what = f"{_asked(old[name])} -> {_asked(new[name])}"
            yield Change("allele changed", f"{gene} {name}", what)


def _asked(shapes: frozenset[_Shape]) -> str:
    """The places and bases of an allele, at most four of them."""
    cells = sorted({(place, "/".join(sorted(bases))) for shape in shapes for place, bases in shape})
    shown = [f"{place.split()[0]} {bases}" for place, bases in cells[:4]]
    more = f" and {len(cells) - 4} more" if len(cells) > 4 else ""
    return ", ".join(shown) + more


def _rules(old: Base, new: Base) -> Iterator[Change]:
    before, after = (_by_result(prescribing.rules(base)) for base in (old, new))
    for key in sorted(set(before) | set(after)):
        one, other = before.get(key, {}), after.get(key, {})
        found: dict[tuple[str, str], list[tuple[str, ...]]] = defaultdict(list)
        for results in sorted(set(one) | set(other)):
            change = _change(one.get(results), other.get(results))
            if change is not None:
                found[change].append(results)
        name, drug, population, genes = key
        where = f"{drug} ({name})" if population == "general" else f"{drug}, {population} ({name})"
        for (kind, what), cells in found.items():
            for box in cpic.merged(cells):
                yield Change(kind, where, f"{_box(genes, box)}: {what}")


def _by_result(rules: Iterable[Rule]) -> _Rules:
    found: _Rules = defaultdict(dict)
    for rule in rules:
        place = found[_DATE.sub("", rule.source), rule.drug, rule.population, rule.genes]
        for pairs in cpic.expand(rule):
            results = tuple(result for _, result in pairs)
            worse = results not in place or _rank(rule) < _rank(place[results])
            if worse:
                place[results] = rule
    return found


def _rank(rule: Rule) -> int:
    return ACTIONS.index(rule.action)


def _change(old: Rule | None, new: Rule | None) -> tuple[str, str] | None:
    """The kind of change and its words; None when the rules ask for the same."""
    if old is None or new is None:
        kind, rule = ("rule added", new) if old is None else ("rule removed", old)
        assert rule is not None
        return kind, _said(rule) if old is None else f"was: {_said(rule)}"
    if old.action != new.action:
        return _direction(old, new), f"{_said(old)} -> {_said(new)}"
    changed = [name for name in DETAILS if getattr(old, name) != getattr(new, name)]
    if not changed:
        return None
    words = [_detail(name, _shown(old, name), _shown(new, name)) for name in changed]
    return "details changed", f"{_said(old)}; " + "; ".join(words)


def _detail(name: str, old: str, new: str) -> str:
    title = name.replace("_", " ")
    short = max(len(old), len(new)) <= SHORT
    return f"{title} {old} -> {new}" if short else f"other words in: {title}"


def _direction(old: Rule, new: Rule) -> str:
    """Whether the new action is more or less cautious, as far as one can say."""
    unsure = {"unread", "no_advice"}
    if {old.action, new.action} & unsure or {old.action, new.action} == {"reduce", "increase"}:
        return "other action"
    return "less cautious" if _rank(new) > _rank(old) else "more cautious"


def _said(rule: Rule) -> str:
    return rule.action.replace("_", " ")


def _shown(rule: Rule, name: str) -> str:
    value: Any = getattr(rule, name)
    text = ", ".join(value) if isinstance(value, tuple) else str("" if value is None else value)
    return repr(text) if text else "nothing"


def _box(genes: tuple[str, ...], box: tuple[tuple[str, ...], ...]) -> str:
    parts = zip(genes, box, strict=True)
    return "; ".join(f"{gene} {_few(results)}" for gene, results in parts)


def _few(results: tuple[str, ...]) -> str:
    more = f" and {len(results) - 4} more" if len(results) > 4 else ""
    return " | ".join(results[:4]) + more


def _tables(old: Base, new: Base) -> Iterator[Change]:
    for file in PLAIN:
        before, after = ({tuple(row.items()) for row in base.rows(file)} for base in (old, new))
        if before != after:
            what = f"{len(after - before):,} rows are new, {len(before - after):,} are gone"
            yield Change("table", file, what)


def _sources(old: Base, new: Base) -> Iterator[Change]:
    before, after = sources(old), sources(new)
    for name in sorted(set(before) | set(after)):
        one, other = before.get(name), after.get(name)
        if one is None and other is not None:
            what = f"new: version {other.version}, valid until {other.valid_until}"
            yield Change("source", name, what)
        elif other is None:
            yield Change("source", name, "its row is gone")
        elif one is not None and one != other:
            fields = [
                field for field in one._fields if getattr(one, field) != getattr(other, field)
            ]
            words = [f"{name} {getattr(one, name)} -> {getattr(other, name)}" for name in fields]
            yield Change("source", name, "; ".join(words))
