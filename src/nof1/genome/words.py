"""Gene results in words that people read: how likely, how sure, and what would settle it."""

from __future__ import annotations

from nof1.genome.results import GeneResult, Outcome

SCALES = (100, 1_000, 10_000, 100_000, 1_000_000)


def chance(prior: float) -> str:
    """A prior as people count: of 100, or of the smallest round number that shows it.

    >>> chance(0.973), chance(0.0031), chance(1e-9)
    ('97 of 100', 'about 3 in 1,000', 'less than 1 in 1,000,000')
    """
    if prior >= 0.995:
        return "more than 99 of 100" if prior < 1 else "all that fits"
    for of in SCALES:
        if prior * of >= 0.995:
            number = round(prior * of)
            return f"{number} of {of}" if of == 100 else f"about {number} in {of:,}"
    return "less than 1 in 1,000,000"


def sentence(result: GeneResult) -> str:
    """What the data say about a gene, in one or two sentences."""
    if result.outcome is Outcome.NOT_CALLED:
        return result.reason or "The gene was not called."
    if result.outcome is Outcome.NOT_EXCLUDED:
        return f"Nothing is excluded. {result.reason}"
    said = statuses(result)
    if said is not None or not result.diplotypes:
        return f"{said or result.phenotypes[0].phenotype}, as reported by {result.source}."
    return f"{_alleles(result)} {_phenotypes(result)}".strip()


def _alleles(result: GeneResult) -> str:
    likely, count = result.diplotypes[0], len(result.diplotypes) + result.unlisted[0]
    if count == 1:
        return f"{likely.name} is the only answer that fits."
    return f"{count:,} answers fit; the likeliest is {likely.name} ({chance(likely.prior)})."


def _phenotypes(result: GeneResult) -> str:
    totals = by_phenotype(result)
    (first, prior), rest = totals[0], totals[1:]
    if not rest:
        return f"Phenotype: {first}."
    others = ", ".join(f"{name} ({chance(share)})" for name, share in rest[:3])
    more = f" and {len(rest) - 3} more" if len(rest) > 3 else ""
    return f"Phenotype: {first} ({chance(prior)}). Not excluded: {others}{more}."


def by_phenotype(result: GeneResult) -> list[tuple[str, float]]:
    """Phenotypes with their prior, scores put together; likeliest first."""
    total: dict[str, float] = {}
    for one in result.phenotypes:
        total[one.phenotype] = total.get(one.phenotype, 0.0) + (one.prior or 0.0)
    return sorted(total.items(), key=lambda item: -item[1])


def statuses(result: GeneResult) -> str | None:
    """HLA: what was found and not found, side by side (these are no alternatives); else None."""
    if not result.gene.startswith("HLA-"):
        return None
    words_of = [
        one.phenotype
        if one.prior in (None, 1.0)
        else f"{one.phenotype} ({chance(one.prior or 0.0)})"
        for one in result.phenotypes
    ]
    return ", ".join(words_of)


def unseen(result: GeneResult, positions: int) -> str | None:
    """How many positions were not seen, and which one would say most; None when all were."""
    if not result.missing:
        return None
    were = "was" if len(result.missing) == 1 else "were"
    text = f"{len(result.missing)} of the gene's {positions} positions {were} not seen."
    if result.settling is None:
        return text
    label = result.settling.position.label
    if result.settling.after == 0:
        return f"{text} {label} alone would settle the phenotype."
    return f"{text} {label} would say most about the phenotype."


def resolve(result: GeneResult) -> str:
    """What would give an answer where there is none."""
    if result.outcome is Outcome.NOT_EXCLUDED:
        return f"A test of {result.gene} that counts copies: bring its result as an outside call."
    return f"A test that covers {result.gene}, or the result of another laboratory."
