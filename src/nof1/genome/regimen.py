"""The medicines that somebody takes now: their names, and advice with and without each other.

Other medicines may change what a gene does (phenoconversion). So every medicine is judged twice: by
the genes, and by what the other medicines make of them; both are shown.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence

from nof1.core.errors import UsageError
from nof1.core.finding import EventRef
from nof1.genome.medicinerows import Data, conversion_row, medicine_rows
from nof1.genome.medicines import Taken, converted, named_in
from nof1.genome.phenoconversion import CLASSES, convert
from nof1.genome.prescribing import advise
from nof1.genome.results import GeneResult, Outcome
from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.drugs import drugs, find
from nof1.knowledge.prescribing import by_drug


def known(names: Iterable[str], base: Base = SHIPPED) -> tuple[str, ...]:
    """The medicines by the names that the facts use; names nobody knows stay as they are.

    Raises
    ------
    UsageError : a name is almost one that we know: likely a typing error.
    """
    found = []
    for name in names:
        drug = find(name, base)
        plain = " ".join(name.split())
        if not plain:
            raise UsageError("A medicine has no name.", where="--medicine")
        if drug is None and (inside := named_in(plain)):  # "clopidogrel 75 mg"
            found += inside
            continue
        near = difflib.get_close_matches(plain.casefold(), _names(base), n=3, cutoff=0.85)
        if drug is None and near:
            raise UsageError(
                f"No medicine {plain!r} is known here.",
                where="--medicine",
                allowed=f"perhaps {', '.join(near)}",
                next_step="Give the name of the ingredient.",
            )
        found.append(plain if drug is None else drug.name)
    return tuple(dict.fromkeys(found))


def _names(base: Base) -> list[str]:
    return [name for drug in drugs(base).values() for name in (drug.name, *drug.synonyms)]


def advice_rows(
    results: Mapping[str, GeneResult], current: Sequence[str] | None, base: Base = SHIPPED
) -> tuple[list[Data], list[Data]]:
    """Advice rows, and what other medicines change (empty when no current ones are given)."""
    rows = medicine_rows(advise(results, current, base), results, base)
    if current is None:
        return rows, []
    changes: list[Data] = []
    for medicine in current:
        others = [name for name in current if name != medicine]
        now = under(results, medicine, others, base)
        after = medicine_rows(advise(now, [medicine], base), now, base, under_medicines=True)
        before = [row for row in rows if row["drug"] == medicine]
        rows += [row for row in after if not any(_same(row, one) for one in before)]
        changes += _changes(results, medicine, others, base)
    return rows, changes


def _same(after: Data, before: Data) -> bool:
    """Whether the advice is word for word the same, whatever the reason."""
    keys = ("drug", "source", "population", "action", "text", "unknown_genes")
    return all(after[key] == before[key] for key in keys)


def under(
    results: Mapping[str, GeneResult], medicine: str, others: Sequence[str], base: Base = SHIPPED
) -> dict[str, GeneResult]:
    """The gene results as the other medicines make them."""
    return converted(results, _taken(medicine), [_taken(name) for name in others], base)[0]


def _taken(name: str) -> Taken:
    return Taken(name, name, EventRef(code=name))


def _changes(
    results: Mapping[str, GeneResult], medicine: str, others: Sequence[str], base: Base
) -> list[Data]:
    """For each gene that matters to the medicine: the likeliest phenotype, and what it becomes."""
    genes = {gene for rule in by_drug(base).get(medicine, ()) for gene in rule.genes}
    now = under(results, medicine, others, base)
    made = []
    for gene in sorted(genes & set(results)):
        result = results[gene]
        if result.phenotypes:
            top = result.phenotypes[0]
            change = convert(gene, top.phenotype, top.score, others, base=base)
            row = conversion_row(change, medicine)
            made.append(row if result.outcome is Outcome.CALLED else _of_open(row, now[gene]))
    return [row for row in made if row["changed"] or row["gene"] in CLASSES]


def _of_open(row: Data, now: GeneResult) -> Data:
    """The same for a gene of which nothing is excluded by itself."""
    settled = now.outcome is Outcome.CALLED
    effective = now.phenotypes[0].phenotype if settled else "not known"
    status = row["status"] if settled or not row["changed"] else "direction"
    score = now.phenotypes[0].score if settled else None
    changes = {"effective": effective, "effective_score": score, "status": status}
    return {**row, "phenotype": "not known", "activity_score": None, **changes}
