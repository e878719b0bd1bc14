"""What the guidelines ask for, given everything that a person's genes may be.

Several results may be possible for one gene. For every medicine, source and group of patients the
likeliest recommendation and the most cautious one are both found: the most cautious is what is
advised, as long as its result is not excluded. A gene that is not known leaves all its rules open.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from itertools import product
from typing import NamedTuple

from nof1.genome.results import GeneResult, Outcome
from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.phenotypes import number
from nof1.knowledge.prescribing import ACTIONS, Rule, by_drug, genes_of

MOST_COMBINATIONS = 5_000
PAIR, SCORE, WORD = 3, 2, 1
STATUS = (" positive", " negative")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


class Possibility(NamedTuple):
    """One result that a gene may have; ``prior`` is None when nothing is known of the gene."""

    gene: str
    diplotype: str
    lookup: str
    phenotype: str
    prior: float | None

    @property
    def text(self) -> str:
        """The phenotype, with the activity score where there is one."""
        scored = self.lookup not in (self.phenotype, "n/a") and number(self.lookup) is not None
        return f"{self.phenotype} (activity score {self.lookup})" if scored else self.phenotype


class Recommendation(NamedTuple):
    """One rule, the results that lead to it, and how likely they are (None: not known)."""

    rule: Rule
    because: tuple[Possibility, ...]
    prior: float | None


class DrugAdvice(NamedTuple):
    """What one source asks for one medicine in one group of patients.

    Attributes
    ----------
    worst : the most cautious recommendation whose result is not excluded: this is advised.
    likely : the recommendation of the likeliest results; None when a gene is not known.
    unknown : genes that the source asks about and that are not known.
    uncovered : prior of results for which the source has no rule.
    one_answer : every rule about these genes that holds for a possible result asks for the same.
    """

    drug: str
    source: str
    population: str
    worst: Recommendation
    likely: Recommendation | None
    unknown: tuple[str, ...]
    uncovered: float
    one_answer: bool = True

    @property
    def certain(self) -> bool:
        """Whether every possible result leads to the same action and dose."""
        return (
            not self.unknown
            and self.likely is not None
            and self.one_answer
            and self.uncovered < 1e-9
        )


def severity(rule: Rule) -> int:
    """Place in ``ACTIONS``: 0 is the most cautious."""
    return ACTIONS.index(rule.action)


def alike(one: Rule, other: Rule) -> bool:
    """Whether two rules ask for the same action and the same dose."""
    return one.action == other.action and _caution(one) == _caution(other)


def _caution(rule: Rule) -> tuple[float, ...]:
    """Smaller is more cautious: first by action, then by how far the dose goes down."""
    place = severity(rule)
    if rule.action != "reduce":
        return (place,)
    changes = [value for value in (rule.dose_low_pct, rule.dose_high_pct) if value is not None]
    limits = [float(text) for text in _NUMBER.findall(rule.dose_limit)]
    return (place, min(changes, default=-math.inf if limits else 0.0), min(limits, default=0.0))


def advise(
    results: Mapping[str, GeneResult],
    drugs: Iterable[str] | None = None,
    base: Base = SHIPPED,
) -> list[DrugAdvice]:
    """What every source says of these medicines (default: all), most cautious first.

    A medicine none of whose genes is known is left out: ``unknown_for`` lists it. If some are
    known, a source that asks about other genes stays open: DPWG's word on ABCG2 and allopurinol
    does not answer what CPIC asks of HLA-B.
    """
    table = by_drug(base)
    wanted = table if drugs is None else [drug for drug in drugs if drug in table]
    made = []
    for drug in wanted:
        if not any(_known(results, gene) for gene in genes_of(drug, base)):
            continue
        for (source, population), rules in _groups(table[drug]).items():
            genes = sorted({gene for rule in rules for gene in rule.genes})
            made += _advice(drug, source, population, rules, genes, results)
    return sorted(made, key=lambda one: (severity(one.worst.rule), one.drug, one.source))


def unknown_for(
    results: Mapping[str, GeneResult], drugs: Iterable[str], base: Base = SHIPPED
) -> dict[str, tuple[str, ...]]:
    """Medicines with guidelines none of whose genes is known: drug -> these genes."""
    found = {}
    for drug in drugs:
        genes = sorted(genes_of(drug, base))
        if genes and not any(_known(results, gene) for gene in genes):
            found[drug] = tuple(genes)
    return found


def _known(results: Mapping[str, GeneResult], gene: str) -> bool:
    return gene in results and results[gene].outcome is Outcome.CALLED


def _groups(rules: tuple[Rule, ...]) -> dict[tuple[str, str], list[Rule]]:
    found: dict[tuple[str, str], list[Rule]] = {}
    for rule in rules:
        found.setdefault((rule.source, rule.population), []).append(rule)
    return found


def _advice(
    drug: str,
    source: str,
    population: str,
    rules: list[Rule],
    genes: list[str],
    results: Mapping[str, GeneResult],
) -> list[DrugAdvice]:
    known = [gene for gene in genes if _known(results, gene) and not _open(results[gene], rules)]
    if not known:
        nothing = Recommendation(min(rules, key=_caution), (), None)
        return [DrugAdvice(drug, source, population, nothing, None, tuple(genes), 0.0)]
    options = [_options(results[gene], rules) for gene in known]
    found: dict[Rule, list[tuple[tuple[Possibility, ...], float]]] = {}
    uncovered = 0.0
    for because in _combinations(options, rules):
        prior = _joint(because)
        matching = _matching(rules, {one.gene: one for one in because})
        if not matching:  # results without a known prior count as one each: never above 1 in all
            uncovered = min(uncovered + prior, 1.0)
        for rule in matching:
            found.setdefault(rule, []).append((because, prior))
    if not found:
        return []
    made = {rule: _recommendation(rule, cases) for rule, cases in found.items()}
    unknown = tuple(gene for gene in genes if gene not in known)
    worst = min(made.values(), key=lambda one: (_caution(one.rule), -(one.prior or 0)))
    same = [one for one in made.values() if one.rule.genes == worst.rule.genes]
    likely = max(same, key=lambda one: (one.prior or 0, -severity(one.rule)))
    one_answer = all(alike(one.rule, worst.rule) for one in same)
    shown = None if unknown else likely
    return [DrugAdvice(drug, source, population, worst, shown, unknown, uncovered, one_answer)]


def _open(result: GeneResult, rules: list[Rule]) -> bool:
    """Whether nobody has looked for the allele that is asked about.

    A test for HLA-B*57:01 alone says nothing about *58:01: for allopurinol HLA-B is not known.
    """
    statuses = [one for one in _options(result, rules) if one.lookup.endswith(STATUS)]
    return any(one.prior is None for one in statuses)


def _options(result: GeneResult, rules: list[Rule]) -> list[Possibility]:
    """The results of a gene that these rules tell apart.

    Allele statuses (``*57:01 negative``) hold side by side: those that nobody asks about are no
    alternatives, and are left out.
    """
    asked = {text for rule in rules for gene, texts in rule.when for text in texts
             if gene == result.gene}  # fmt: skip
    by_allele = any("/" in text or text.endswith(STATUS) for text in asked)
    options = possibilities(result, pairs=by_allele)
    return [one for one in options if not one.lookup.endswith(STATUS) or one.lookup in asked]


def possibilities(result: GeneResult, *, pairs: bool = False) -> list[Possibility]:
    """Every result that a called gene may have: by phenotype, or by diplotype where pairs count."""
    if not pairs:
        return [
            Possibility(result.gene, "", one.lookup, one.phenotype, one.prior)
            for one in result.phenotypes
        ]
    listed = [
        Possibility(result.gene, one.name, one.lookup, one.phenotype, one.prior)
        for one in result.diplotypes
    ]
    shown = {(one.lookup, one.phenotype) for one in result.diplotypes}
    rest = [one for one in result.phenotypes if (one.lookup, one.phenotype) not in shown]
    return listed + [
        Possibility(result.gene, "", one.lookup, one.phenotype, one.prior) for one in rest
    ]


def _combinations(
    options: list[list[Possibility]], rules: list[Rule]
) -> Iterable[tuple[Possibility, ...]]:
    """All combinations; where there are too many, what no rule tells apart counts as one."""
    if math.prod(map(len, options)) > MOST_COMBINATIONS:
        options = [_told_apart(option, rules) for option in options]
    return product(*options)


def _told_apart(options: list[Possibility], rules: list[Rule]) -> list[Possibility]:
    """The likeliest of all results that fit the same rules equally, with the prior of them all."""
    found: dict[tuple[int, ...], Possibility] = {}
    for one in options:
        levels = tuple(
            _fit(one, texts) for rule in rules for gene, texts in rule.when if gene == one.gene
        )
        same = found.get(levels)
        if same is None:
            found[levels] = one
        elif same.prior is not None and one.prior is not None:
            best = max(same, one, key=lambda each: each.prior or 0.0)
            found[levels] = best._replace(prior=same.prior + one.prior)
    return list(found.values())


def _joint(because: tuple[Possibility, ...]) -> float:
    """Genes are taken as independent of each other."""
    joint = 1.0
    for one in because:
        joint *= one.prior if one.prior is not None else 1.0
    return joint


def _matching(rules: list[Rule], person: Mapping[str, Possibility]) -> list[Rule]:
    """The rules that hold, of the most exact kind: pair of alleles, then score, then phenotype.

    Rules about other genes are other questions: an exact one about CYP2C9 hides none of VKORC1.
    """
    levels = [(rule, _level(rule, person)) for rule in rules]
    best: dict[tuple[str, ...], int] = {}
    for rule, level in levels:
        best[rule.genes] = max(best.get(rule.genes, 0), level)
    return [rule for rule, level in levels if level and level == best[rule.genes]]


def _level(rule: Rule, person: Mapping[str, Possibility]) -> int:
    """How exactly a rule names a person's known results; 0 when it does not hold."""
    total = 0
    for gene, accepted in rule.when:
        if gene in person:
            level = _fit(person[gene], accepted)
            if not level:
                return 0
            total += level
    return total


def _fit(one: Possibility, accepted: tuple[str, ...]) -> int:
    if one.diplotype and any(_same_alleles(one.diplotype, text) for text in accepted):
        return PAIR
    if one.lookup in accepted:
        return SCORE if number(one.lookup) is not None else WORD
    return WORD if one.phenotype in accepted else 0


def _same_alleles(diplotype: str, text: str) -> bool:
    """Whether a diplotype is the pair in ``text``, or has its status (``*3 positive``)."""
    alleles = diplotype.split("/")
    if text.endswith(STATUS):
        name, _, word = text.rpartition(" ")
        return (name in alleles) == (word == "positive")
    return "/" in text and sorted(alleles) == sorted(text.split("/"))


def _recommendation(
    rule: Rule, cases: list[tuple[tuple[Possibility, ...], float]]
) -> Recommendation:
    """A rule with its likeliest case, and the prior of all of them."""
    because = max(cases, key=lambda case: case[1])[0]
    total = sum(prior for _, prior in cases)
    known = all(one.prior is not None for case, _ in cases for one in case)
    return Recommendation(rule, because, min(total, 1.0) if known else None)
