"""From another program's call to our answer for the gene.

Which of several values counts is PharmCAT's rule (docs/using/Outside-Call-Format.md): a given
activity score before a given phenotype before the diplotype; where they disagree, it is said.
Copies of CYP2D6 that lie together on one chromosome add up (CPIC, PMID 31647186).
"""

from __future__ import annotations

import re

from nof1.genome.outside_calls import OutsideCall, answer
from nof1.genome.outside_hla import HLA_ASKED, hla_result
from nof1.genome.outside_names import COPIES_COUNT, Vocabulary, parts, vocabulary
from nof1.genome.outside_phenotypes import listed_score
from nof1.genome.results import Diplotype, GeneResult, Outcome, Phenotype
from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.phenotypes import INDETERMINATE, NO_SCORE, UNKNOWN, Result, number

WEAKEST_COUNTS = frozenset({"DPYD", "RYR1"})  # of the variants on one chromosome
NOTHING = frozenset({"No function", "0.0", "Malignant Hyperthermia associated"})
_TIMES = re.compile(r"(.+)x(≥)?([0-9]{1,2})")
NOT_KNOWN = Result(INDETERMINATE, INDETERMINATE, None, False)


def result(call: OutsideCall, base: Base = SHIPPED) -> GeneResult:
    """The answer for the gene that follows from a call.

    For HLA ``phenotypes`` has one status for each allele that guidelines ask about, and both
    (positive and negative, prior None) where the type leaves it open.
    """
    if call.empty:
        reason = f"{call.program}: no call was made."
        return GeneResult(
            call.gene,
            Outcome.NOT_CALLED,
            warnings=call.warnings,
            reason=reason,
            source=call.source,
        )
    if call.gene in HLA_ASKED:
        return hla_result(call)
    words = vocabulary(call.gene, base)
    expected = [_expected(words, name) for name in call.diplotypes]
    answers, weighed = _answers(call, words, expected)
    against, unlisted = _contradictions(call, words, expected), _unlisted(call, words)
    vague = () if weighed else (f"{call.phenotype}: which of its activity scores, is not known.",)
    return answer(
        (call,),
        _diplotypes(call, expected, answers),
        _shared(answers, weighed),
        (*call.warnings, *against, *unlisted, *vague),
    )


# what the tables make of a diplotype ------------------------------------------------------------


def _expected(words: Vocabulary, diplotype: str) -> Result:
    table, names = words.table, diplotype.split("/")
    if table is None:
        return NOT_KNOWN
    values = [haplotype_value(words, name) for name in names]
    made = table.result(*values)
    numbers = [number(value) for value in values]
    if made.in_table or words.gene != COPIES_COUNT or len(names) != 2 or None in numbers:
        return made
    total = sum(n for n in numbers if n is not None)
    lookup = listed_score(table, total, any(value.startswith("≥") for value in values))
    return made if lookup is None else _of_score(words, lookup)


def haplotype_value(words: Vocabulary, name: str) -> str:
    """What decides for one chromosome: of its allele, or worked out from the alleles on it."""
    table = words.table
    assert table is not None
    unknown = NO_SCORE if words.scored else UNKNOWN
    if name in words.listed:
        return table.value(name)
    if words.gene == COPIES_COUNT:
        return _summed(words, name)
    values = {table.value(part) for part in parts(words, name)}
    if not words.listed.issuperset(parts(words, name)):
        return unknown
    if words.gene in WEAKEST_COUNTS:
        return min(values, key=_strength)
    return values.pop() if len(values) == 1 and values <= NOTHING else unknown


def _strength(value: str) -> tuple[float, str]:
    if (score := number(value)) is not None:
        return score, value
    return (0.0 if value in NOTHING else 2.0 if value == "Normal function" else 1.0), value


def _summed(words: Vocabulary, name: str) -> str:
    """The activity of all copies of one chromosome: ``*36+*10`` has 0 + 0.25."""
    assert words.table is not None
    total, or_more = 0.0, False
    for part in parts(words, name):
        times = None if part in words.listed else _TIMES.fullmatch(part)
        value = words.table.value(times[1] if times else part)
        score = number(value)
        if score is None or (times and times[2] and score > 0):
            return NO_SCORE
        total += score * (int(times[3]) if times else 1)
        or_more |= value.startswith("≥")
    return f"{'≥' if or_more else ''}{total}"


def _of_score(words: Vocabulary, score: str) -> Result:
    """The result of a listed activity score."""
    assert words.table is not None
    made = {lookup: phenotype for phenotype, lookup in words.table.results.values()}
    return Result(made[score], score, number(score), True)


# what counts ------------------------------------------------------------------------------------


def _answers(
    call: OutsideCall, words: Vocabulary, expected: list[Result]
) -> tuple[list[Result], bool]:
    """The results that count, and whether they have equal shares (else no prior is known)."""
    if call.score:
        return [_of_score(words, call.score)], True
    if not call.phenotype:
        return expected, True
    if not words.scored or words.table is None:
        return [Result(call.phenotype, call.phenotype, None, True)], True
    if fitting := [one for one in expected if one.phenotype == call.phenotype]:
        return fitting, True
    pairs = {pair for pair in words.table.results.values() if pair[0] == call.phenotype}
    scores = sorted({lookup for _, lookup in pairs}) or [NO_SCORE]
    made = [Result(call.phenotype, score, number(score), True) for score in scores]
    return made, len(made) == 1


def _shared(answers: list[Result], weighed: bool) -> tuple[Phenotype, ...]:
    found: dict[tuple[str, str, float | None], float] = {}
    for one in answers:
        key = (one.phenotype, one.lookup, one.score)
        found[key] = found.get(key, 0.0) + 1 / len(answers)
    ranked = sorted(found.items(), key=lambda item: -item[1])
    return tuple(Phenotype(*key, prior if weighed else None) for key, prior in ranked)


def _diplotypes(
    call: OutsideCall, expected: list[Result], answers: list[Result]
) -> tuple[Diplotype, ...]:
    """The solutions with equal priors; a phenotype that was given stands at each of them."""
    made = []
    for name, own in zip(call.diplotypes, expected, strict=True):
        if (call.score or call.phenotype) and own not in answers:
            same = answers[0] if len(answers) == 1 else None
            own = same or Result(call.phenotype, NO_SCORE, None, False)
        made.append(Diplotype(name, 1 / len(expected), own.phenotype, own.lookup, own.score))
    return tuple(made)


def _contradictions(
    call: OutsideCall, words: Vocabulary, expected: list[Result]
) -> tuple[str, ...]:
    """Given values that do not fit each other, or not the diplotype."""
    found = []
    said = call.score or call.phenotype
    if call.score and call.phenotype not in ("", _of_score(words, call.score).phenotype):
        found.append(f"The score {call.score} and the phenotype {call.phenotype} contradict.")
    for name, own in zip(call.diplotypes, expected, strict=True):
        makes = own.lookup if call.score else own.phenotype
        if said and own.phenotype != INDETERMINATE and makes != said:
            found.append(f"By the tables, {name} makes {makes}, not {said}.")
    used = f"{call.program}: {said} is used, as given."
    return (*found, used) if found else ()


def _unlisted(call: OutsideCall, words: Vocabulary) -> tuple[str, ...]:
    """Alleles that no table lists, and copies that are not named."""
    names = [name for diplotype in call.diplotypes for name in diplotype.split("/")]
    new = [name for name in dict.fromkeys(names) if name not in words.listed]
    known = {UNKNOWN, NO_SCORE}
    summed = [name for name in new if words.table and haplotype_value(words, name) not in known]
    unknown = [name for name in new if name not in summed]
    found = []
    if unknown:
        found.append(f"No table says what this does: {', '.join(unknown)}.")
    if summed:
        found.append(f"No table lists {', '.join(summed)}; worked out from the parts.")
    single = any("/" not in name for name in call.diplotypes)
    if words.table is None and call.diplotypes:
        found.append("There is no table of phenotypes for this gene.")
    elif single and words.table and not any(len(pair) == 1 for pair in words.table.results):
        found.append("Only one of the two alleles is named; the other one is not known.")
    return tuple(found)
