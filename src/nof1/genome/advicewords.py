"""Advice about a medicine in words: heading, sentence, what is open, and where it stands."""

from __future__ import annotations

from collections.abc import Sequence

from nof1.genome import words
from nof1.genome.prescribing import DrugAdvice, alike, severity
from nof1.knowledge.base import Source
from nof1.knowledge.prescribing import Rule

WORTH_A_NOTE = 0.001


def source_name(source: str) -> str:
    """``cpic-2023-08`` -> ``CPIC``."""
    return source.split("-")[0].upper()


def most_cautious(advice: Sequence[DrugAdvice]) -> DrugAdvice:
    """The most cautious advice; a source that gives none hides no other that does."""
    speaking = [one for one in advice if one.worst.rule.action != "no_advice"]
    return min(speaking or advice, key=lambda one: severity(one.worst.rule))


def uncovered(advice: Sequence[DrugAdvice]) -> list[str]:
    """A note for each source without a word about some of the results that fit."""
    return list(
        dict.fromkeys(
            f"{source_name(one.source)} says nothing about some results that are not excluded "
            f"({words.chance(one.uncovered)})."
            for one in advice
            if _worth(one)
        )
    )


ACTION_WORDS = {
    "unread": "newer guidance, not read yet",
    "avoid": "avoid",
    "alternative": "consider another medicine",
    "reduce": "lower dose",
    "increase": "higher dose",
    "monitor": "watch closely",
    "no_advice": "no advice for these genes",
    "standard": "usual dose",
}


def _worth(advice: DrugAdvice) -> bool:
    return advice.uncovered >= WORTH_A_NOTE


def heading(drug: str, worst: DrugAdvice) -> str:
    """What a reader sees first: ``clopidogrel and genes: avoid``.

    An action that rests on an unlikely result, or on a gene that is not known, says so.
    """
    action, likely = worst.worst.rule.action, worst.likely
    words_of = ACTION_WORDS[action]
    if worst.unknown:
        words_of = f"{' and '.join(worst.unknown)} not known; possible: {words_of}"
    elif unlikely(worst) and likely is not None and likely.rule.action != action:
        silent = worst.uncovered > (likely.prior or 0.0)
        first = "no advice" if silent else ACTION_WORDS[likely.rule.action]
        words_of = f"{first}; not excluded: {words_of}"
    return f"{drug} and genes: {words_of}"


def unlikely(one: DrugAdvice) -> bool:
    """Whether the most cautious advice rests on a result that less than half of what fits has."""
    return one.worst.prior is not None and one.worst.prior < 0.5


def because(one: DrugAdvice) -> str:
    """The gene results behind the most cautious advice; how likely, where they are not."""
    parts = [f"{each.gene} {each.text}" for each in one.worst.because]
    if not parts:
        return f"Possible, since {' and '.join(one.unknown)} is not known."
    if not unlikely(one):
        return f"Because of {', '.join(parts)}."
    return f"Because {', '.join(parts)} is not excluded ({words.chance(one.worst.prior or 0.0)})."


def told(worst: DrugAdvice, *, certain: bool, among: Sequence[DrugAdvice] = ()) -> str:
    """The advice; where it rests on a result that is not excluded, how likely that is.

    Parameters
    ----------
    among : all advice about the medicine: the group of patients is named where others are told
        something else.
    """
    text, likely = for_whom(worst, among) + worst.worst.rule.text, worst.likely
    if worst.unknown:
        rare = f" ({words.chance(worst.worst.prior or 0.0)})" if unlikely(worst) else ""
        return f"{' and '.join(worst.unknown)} not known. Still possible{rare}: {text}"
    if likely is not None and worst.worst.rule.action == "standard" and _worth(worst):
        chance = words.chance(worst.uncovered)
        return f"{text} This source says nothing about other results that fit ({chance})."
    if certain or worst.worst.prior is None or likely is None:
        return text
    silent = worst.uncovered > (likely.prior or 0.0)
    if alike(likely.rule, worst.worst.rule) and not silent:
        return text
    rest = "this source says nothing." if silent else likely.rule.text
    return (
        f"{text} This holds for a result that is not excluded ({words.chance(worst.worst.prior)}); "
        f"for the likeliest result: {rest}"
    )


def for_whom(advice: DrugAdvice, among: Sequence[DrugAdvice]) -> str:
    """The group of patients as the start of the sentence, unless all groups are told the same."""
    others = {one.worst.rule.text for one in among if one.source == advice.source}
    named = advice.population != "general" and len(others) > 1
    return f"For {advice.population}: " if named else ""


def resolve(genes: Sequence[str]) -> str:
    """What would give an answer: tests of these genes; without any, newer knowledge."""
    if not genes:
        return "Read the source, or import a newer release: nof1 knowledge import."
    return f"A test of {' and '.join(genes)}; bring its result with nof1 ingest."


def cited(rule: Rule, source: Source) -> str:
    """The source with its date, and the papers or the page of the rule."""
    papers = ", ".join(f"PMID {pmid}" for pmid in rule.pmids)
    return f"{source.id} ({source.published}); {papers or rule.url}"
