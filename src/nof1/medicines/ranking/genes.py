"""What the genes say about a medicine, and what the other medicines make of the genes.

The verdict counts with the likeliest gene result. A less likely one that is not excluded and would
ask for more is an open question; it holds the medicine back from ``WORTH_CHECKING`` on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nof1.core.finding import EventRef
from nof1.genome.medicinerows import medicine_rows
from nof1.genome.medicines import Taken, converted
from nof1.genome.overview import WORDS, because, expected, settled
from nof1.genome.prescribing import advise, unknown_for
from nof1.genome.results import GeneResult
from nof1.genome.words import chance
from nof1.knowledge import modulators
from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.prescribing import by_drug, genes_of
from nof1.medicines.ranking.columns import Cited, Column, Level, Open, Reason, cited, column
from nof1.medicines.ranking.groups import belongs
from nof1.medicines.ranking.known import Known

WORTH_CHECKING = 0.05  # prior of a result from which on it could change what is chosen
WORTH_A_WORD = 1e-4
LEVELS = {
    "unread": Level.AVOID,
    "avoid": Level.AVOID,
    "alternative": Level.AVOID,
    "reduce": Level.ADJUST,
    "increase": Level.ADJUST,
    "monitor": Level.WATCH,
    "no_advice": Level.NONE,
    "standard": Level.NONE,
}
Data = Mapping[str, Any]


def level_of_advice(action: str, degree: str) -> Level:
    """The level of a guideline's action; another medicine that is only to be considered: adjust."""
    gentle = action == "alternative" and degree == "consider"
    return Level.ADJUST if gentle else LEVELS[action]


def pharmacogenomics(known: Known, drug: str, disease: str, base: Base = SHIPPED) -> Column:
    """What CPIC and DPWG ask for because of the genes alone."""
    linked = sorted(genes_of(drug, base))
    if not linked:
        return column("pharmacogenomics", [], [], f"No guideline here links {drug} to a gene.")
    rows = _rows(known, known.results, drug, disease, base)
    if not rows:
        return column("pharmacogenomics", [], _silent(known, drug, linked, base), "")
    reasons = [one for row in rows for one in _reasons(row, known, base)]
    opens = [one for row in rows for one in _opens(row)]
    genes = "; ".join(dict.fromkeys(_result(row) for row in rows if row["likely"]))
    clear = f"The guidelines ask for no change ({genes})." if genes else "No change is asked for."
    return column("pharmacogenomics", reasons, opens, clear)


def _rows(
    known: Known, results: Mapping[str, GeneResult], drug: str, disease: str, base: Base
) -> list[Data]:
    """Advice on one medicine by source and group, without groups that are not the patient's."""
    rows = medicine_rows(advise(results, [drug], base), results, base)
    return [row for row in rows if belongs(row["population"], known, disease) is not False]


def _result(row: Data) -> str:
    likely = row["likely"]
    return because(likely["because"])


def _reasons(row: Data, known: Known, base: Base) -> list[Reason]:
    """What is to be done for the likeliest results, as one reason or none."""
    action, likely = expected(row), row["likely"]
    shown = row if likely is None else likely
    level = level_of_advice(action, shown["degree"] if shown["action"] == action else "")
    if level is Level.NONE or (likely is None and action != row["action"]):
        return []
    genes = " and ".join([one["gene"] for one in shown["because"]] or row["unknown_genes"])
    return [
        Reason(
            level,
            f"{genes}: {WORDS[action].lower()}",
            f"{_who(row)}: {shown['text']} {_why(shown, row)}",
            _gene_events(known, [one["gene"] for one in shown["because"]]),
            _source(row, base),
        )
    ]


def _why(shown: Data, row: Data) -> str:
    if shown["because"]:
        return f"Because of {because(shown['because'])}."
    return f"This holds whatever {' and '.join(row['unknown_genes'])} is."


def _opens(row: Data) -> list[Open]:
    """Results that are not excluded and would ask for more; genes that are not known."""
    shown = row["likely"] or row
    now = level_of_advice(expected(row), shown["degree"])
    then = level_of_advice(row["action"], row["degree"])
    prior = row["prior"]
    likely = prior is None or prior >= WORTH_CHECKING
    if row["unknown_genes"]:
        genes = " and ".join(row["unknown_genes"])
        text = f"{_who(row)}: depends on {genes}, which is not known."
        worst = then if then < now and likely else Level.NONE
        return [Open(text, f"A test of {genes}.", genes, worst)]
    if then >= now or (prior is not None and prior < WORTH_A_WORD):
        return []
    genes = " and ".join(one["gene"] for one in row["because"])
    how = "not known how likely" if prior is None else chance(prior)
    return [
        Open(
            f"{_who(row)}: not excluded ({how}) is {because(row['because'])}: {row['text']}",
            settled(row["settled_by"]) or f"A fuller test of {genes}.",
            genes,
            then if likely else Level.NONE,
        )
    ]


def _silent(known: Known, drug: str, linked: Sequence[str], base: Base) -> list[Open]:
    """No advice at all: genes not known, or a result about which the guidelines say nothing."""
    missing = unknown_for(known.results, [drug], base).get(drug, ())
    if not missing:
        return [
            Open(
                f"Guidelines link {drug} to {', '.join(linked)}, but say nothing about the result "
                "found here; this does not mean that the usual dose is right.",
                "Read the guideline.",
                "genes",
            )
        ]
    genes = " and ".join(missing)
    rules = by_drug(base)[drug]
    worst = min(level_of_advice(rule.action, rule.degree) for rule in rules)
    text = f"Genes not checkable: guidelines link {drug} to {genes}; {_no_answer(known, missing)}"
    how = f"A test of {genes}."
    if any(gene in known.results for gene in missing):
        how = f"Read the recorded result. {how}"
    return [Open(text, how, genes, worst)]


def _no_answer(known: Known, missing: Sequence[str]) -> str:
    """Why genes are not known; that no result is recorded is said only where that is so."""
    reasons = [known.results[gene].reason for gene in missing if gene in known.results]
    if not reasons:
        return "no result is recorded."
    told = " ".join(dict.fromkeys(one or "the recorded result gives no answer." for one in reasons))
    absent = [gene for gene in missing if gene not in known.results]
    rest = f" No result of {' and '.join(absent)} is recorded." if absent else ""
    return f"{told[0].lower()}{told[1:]}{rest}"


def _who(row: Data) -> str:
    group = "" if row["population"] == "general" else f" (for: {row['population']})"
    return f"{row['source'].split('-')[0].upper()}{group}"


def _source(row: Data, base: Base) -> Cited:
    papers = ", ".join(f"PMID {pmid}" for pmid in row["pmids"])
    return cited(row["source"], papers or row["url"], base)


def _gene_events(known: Known, genes: Iterable[str]) -> tuple[EventRef, ...]:
    found = [known.genes[gene].event for gene in genes if gene in known.genes]
    return tuple(event for n, event in enumerate(found) if event not in found[:n])


# phenoconversion ----------------------------------------------------------------------------------


def phenoconversion(known: Known, drug: str, disease: str, base: Base = SHIPPED) -> Column:
    """What changes because of the other medicines; and what this one does to theirs."""
    others = [one for one in known.medicines if one.name != drug]
    mine = known.takes(drug) or Taken(drug, drug, EventRef(code=drug))
    reasons = _under(known, mine, others, disease, base)
    reasons += _on_others(known, mine, others, disease, base)
    clear = "No medicine that is taken changes what the genes mean here, as far as graded lists go."
    concerned = drug in by_drug(base) or bool(modulators.of(drug, base))
    opens = [NOTHING_ACTS] if concerned and not (known.medicines or known.strangers) else []
    return column("phenoconversion", reasons, opens, clear)


NOTHING_ACTS = Open(
    "No medicines recorded as taken now: one that changes the genes is not excluded.",
    "Ask what is taken, also without prescription.",
    "medicines",
)


def _under(
    known: Known, mine: Taken, others: Sequence[Taken], disease: str, base: Base
) -> list[Reason]:
    """The medicine's own genes under the medicines that are taken."""
    genes = genes_of(mine.name, base)
    results = {gene: one for gene, one in known.results.items() if gene in genes}
    acting = [one for one in others if _acts_on(one.name, genes, base)]
    return _changed(known, results, mine, acting, disease, base) if results and acting else []


def _on_others(
    known: Known, mine: Taken, others: Sequence[Taken], disease: str, base: Base
) -> list[Reason]:
    """What the medicine would do to the genes of each medicine that is taken."""
    made = []
    for other in others:
        genes = genes_of(other.name, base)
        results = {gene: one for gene, one in known.results.items() if gene in genes}
        if not results or not _acts_on(mine.name, genes, base):
            continue
        rest = [one for one in others if one.name != other.name]
        now = converted(results, other, rest, base)[0]
        made += _changed(known, now, other, [mine], disease, base, about_other=True)
    return made


def _acts_on(drug: str, genes: frozenset[str], base: Base) -> bool:
    return any(row.gene in genes for row in modulators.of(drug, base))


def _changed(
    known: Known,
    results: Mapping[str, GeneResult],
    medicine: Taken,
    acting: Sequence[Taken],
    disease: str,
    base: Base,
    *,
    about_other: bool = False,
) -> list[Reason]:
    """Advice that is more cautious under the acting medicines; notes where only the gene moves."""
    now, notes = converted(results, medicine, acting, base)
    if not notes:
        return []
    before = _rows(known, results, medicine.name, disease, base)
    after = _rows(known, now, medicine.name, disease, base)
    was = min((_level(row) for row in before), default=Level.NONE)
    worse = [row for row in after if _level(row) < was]
    who = " and ".join(one.name for one in acting)
    start = f"{medicine.name}, " if about_other else ""
    events = tuple(one.event for one in (*acting, medicine) if one.event.time is not None)
    note = " ".join(notes)
    if not worse:
        short = f"{start}with {who}: the gene acts otherwise"
        return [Reason(Level.WATCH, short, f"For {medicine.name}: {note}", events)]
    return [
        Reason(
            _level(row),
            f"{start}with {who}: {WORDS[expected(row)].lower()}",
            f"For {medicine.name}: {note} {_who(row)}: {(row['likely'] or row)['text']}",
            events,
            _source(row, base),
        )
        for row in worse
    ]


def _level(row: Data) -> Level:
    shown = row["likely"] or row
    action = expected(row)
    return level_of_advice(action, shown["degree"] if shown["action"] == action else "")
