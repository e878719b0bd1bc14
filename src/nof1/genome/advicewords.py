"""Advice about a medicine in words: heading, sentence, what is open, and where it stands."""

from __future__ import annotations

from collections.abc import Sequence

from nof1.genome import words
from nof1.genome.prescribing import DrugAdvice, severity
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
            if one.uncovered >= WORTH_A_NOTE
        )
    )


def heading(drug: str, rule: Rule) -> str:
    """What a reader sees first: ``clopidogrel and genes: avoid``."""
    words_of = {
        "unread": "newer guidance, not read yet",
        "avoid": "avoid",
        "alternative": "consider another medicine",
        "reduce": "lower dose",
        "increase": "higher dose",
        "monitor": "watch closely",
        "no_advice": "no advice for these genes",
        "standard": "usual dose",
    }
    return f"{drug} and genes: {words_of[rule.action]}"


def told(worst: DrugAdvice, *, certain: bool, among: Sequence[DrugAdvice] = ()) -> str:
    """The advice; where it rests on a result that is not excluded, how likely that is.

    Parameters
    ----------
    among : all advice about the medicine: the group of patients is named where others are told
        something else.
    """
    text, likely = for_whom(worst, among) + worst.worst.rule.text, worst.likely
    if worst.unknown:
        return f"{' and '.join(worst.unknown)} not known. Still possible: {text}"
    if certain or worst.worst.prior is None or likely is None:
        return text
    silent = worst.uncovered > (likely.prior or 0.0)
    if likely.rule.action == worst.worst.rule.action and not silent:
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
