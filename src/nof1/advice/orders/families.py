"""The families of checks for one medicine in its company: what speaks against it, what is open.

Company are the medicines taken now and the other draft orders. Facts and columns are those of the
ranking; here each reason gets the name of the rule that its tier hangs on (``tiers.tsv``).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nof1.advice.orders.burden import burden
from nof1.advice.orders.company import Answer as Answer
from nof1.advice.orders.company import Check as Check
from nof1.advice.orders.company import Company as Company
from nof1.advice.orders.company import Raised as Raised
from nof1.advice.orders.company import meets
from nof1.advice.orders.laboratory import laboratory
from nof1.advice.orders.monitoring import monitoring
from nof1.advice.orders.omissions import omissions
from nof1.advice.orders.renal import renal
from nof1.advice.orders.strangers import foreign
from nof1.genome.medicinerows import medicine_rows
from nof1.genome.medicines import Taken
from nof1.genome.prescribing import advise
from nof1.knowledge import allergies as cross
from nof1.knowledge import conditions as diagnoses
from nof1.knowledge import duplicates as same
from nof1.knowledge import interactions as pairs
from nof1.knowledge import pregnancy as pregnant
from nof1.knowledge.base import Base
from nof1.medicines.ranking import allergy, genes, organs, others, person
from nof1.medicines.ranking.columns import (
    NOT_IN_TABLE,
    Column,
    Level,
    Open,
    Reason,
    asks,
    reason,
)
from nof1.medicines.ranking.known import Known

# A pair that is forbidden with a diagnosis: "contraindicated in diabetes", alone or at the end.
FORBIDDEN_IN = re.compile(r"(?:^|; )contraindicated in (?P<conditions>[a-z ]+)$")
WEAK_KIDNEY, WEAK_BELOW = "chronic kidney disease", 60.0  # by eGFR or clearance as well
# "simvastatin at most 20 mg a day", "aspirin 75 to 100 mg a day": whose dose, and how much
AT_MOST = re.compile(
    r"(?P<drug>[a-z .]+?) (?:at most |[\d.]+ to )(?P<mg>[\d,.]+) mg (?P<twice>twice )?a day"
)
INDETERMINATE = "indeterminate"
ON_PURPOSE = re.compile(r"\(to (?P<mg>\d+) mg\) are given on purpose")


def interactions(drug: str, company: Company, base: Base) -> Answer:
    """Every pair with the company, the most urgent row of a pair first, its others beside it."""
    rest = [one for one in company.known.medicines if one.name != drug]
    raised = []
    for other in rest:
        found = meets(drug, other.name, base)
        said = [_pair(one, other, base) for one in found]
        if found:
            loud = [one for one in found if not _dose_fits(one.pair, drug, company)]
            first = (loud or found)[0]
            main = said[found.index(first)]
            also = tuple(one for one in said if one is not main)
            key = (frozenset((drug, other.name)), first.pair)
            tier = 1 if _forbidden_here(first.pair, company, base) else first.pair.tier
            rule = f"tier {tier}" if loud else "dose fits"
            raised.append(Raised(rule, main, key, also))
    return Answer("interactions", tuple(raised), tuple(_not_met(drug, rest, company, base)))


def _forbidden_here(pair: pairs.Pair, company: Company, base: Base) -> bool:
    """Whether a pair is forbidden with a diagnosis that the record holds, or with weak kidneys."""
    named = FORBIDDEN_IN.search(pair.detail)
    if named is None:
        return False
    conditions = named["conditions"].split(" or ")
    values = [company.kidney.values.get(measure) for measure in ("egfr", "crcl")]
    if WEAK_KIDNEY in conditions and any(one is not None and one < WEAK_BELOW for one in values):
        return True
    here = diagnoses.recognised(company.known.diagnoses, base)
    return any(f" {one}".endswith(f" {each}") for one in here for each in conditions)  # any type


def _dose_fits(pair: pairs.Pair, drug: str, company: Company) -> bool:
    """Whether the ordered dose of this medicine keeps to what the pair allows."""
    named, daily = AT_MOST.match(pair.detail), company.daily_mg
    if named is None or daily is None or named["drug"] != drug or pair.action == "contraindicated":
        return False
    most = float(named["mg"].replace(",", "")) * (2.0 if named["twice"] else 1.0)
    return daily <= most


@functools.lru_cache(maxsize=1 << 15)
def _does_the_same(drug: str, other: str, base: Base) -> same.Duplicate | None:
    """The first row by which two medicines do the same; None when no row says so."""
    return next(iter(same.of(drug, [other], base)), None)


def _not_met(drug: str, rest: Sequence[Taken], company: Company, base: Base) -> Iterator[Open]:
    """Pairs about which nothing can be said, and why."""
    for one in company.known.strangers:
        text = f"A current medicine has a code that is not known here ({one.code}): not checked."
        yield Open(text, "Read its label.", "a medicine's name")
    yield from company.known.once(foreign, base)
    for words in company.strangers:
        text = f"Another draft order is not known here ({words}): this pair was not checked."
        yield Open(text, "Order it by a code of RxNorm or ATC.", "a medicine's name")
    if company.none_recorded:
        yield Open(
            others.NOTHING_TAKEN, "Ask what is taken, also without prescription.", "medicines"
        )
    strange = [one.name for one in rest if not pairs.known(one.name, base)]
    if rest and not pairs.known(drug, base):
        text = f"Our table has no pair with {drug}: not checked against {len(rest)} medicines."
        yield Open(text, "Read the label.", NOT_IN_TABLE)
    elif strange:
        text = f"Our table has no pair with {', '.join(strange)}: not checked."
        yield Open(text, "Read the labels.", NOT_IN_TABLE)


def _pair(found: pairs.Interaction, other: Taken, base: Base) -> Reason:
    pair = found.pair
    short = f"with {other.name}: {pair.action}"
    return reason(pair, short, f"With {other.name}: ", (other.event,), base)


def duplicates(drug: str, company: Company, base: Base) -> Answer:
    """Medicines of the company that do the same; the same medicine once more."""
    raised = []
    if company.twice:
        text = f"{drug} stands in two draft orders of this request."
        raised.append(_same("same ingredient", drug, drug, "ordered twice", text, ()))
    taken = company.known.takes(drug)
    if taken is not None and drug not in company.drafted:
        text = f"{drug} is taken now already: a renewal, or a second time?"
        raised.append(_same("taken already", drug, drug, "taken already", text, (taken,)))
    for other in company.known.medicines:
        if other.name != drug:
            raised += _alike(drug, other, company, base)
    none = Open(others.NONE_THE_SAME, "Ask what is taken.", "medicines")
    return Answer("duplicates", tuple(raised), (none,) if company.none_recorded else ())


def _alike(drug: str, other: Taken, company: Company, base: Base) -> list[Raised]:
    where = "ordered as well" if other.name in company.drafted else "taken now"
    found, short = _does_the_same(drug, other.name, base), f"beside {other.name}"
    if found is None:
        return []
    if found.group is None:
        text = f"{other.name} is {where} and holds the same ingredient."
        return [_same("same ingredient", drug, other.name, short, text, (other,))]
    if not asks(found.group):
        return []
    lead = f"{other.name} is {where} and does the same. "
    said = reason(found.group, short, lead, (other.event,), base)
    return [Raised(said.level.name.lower(), said, (frozenset((drug, other.name)),))]


def _same(
    rule: str, drug: str, other: str, short: str, text: str, taken: Sequence[Taken]
) -> Raised:
    events = tuple(one.event for one in taken)
    key = (rule, frozenset((drug, other)))
    return Raised(rule, Reason(Level.WATCH, short, text, events), key)


def allergies(drug: str, company: Company, base: Base) -> Answer:
    """Recorded allergies: to this ingredient, or to one that its like may share."""
    column = allergy.allergies(company.known, drug, base)
    found = allergy.told(company.known, drug, base)
    raised = (Raised(one.rule, one.reason, (one.reason.text,)) for one in found)
    return Answer(
        "allergies", tuple(raised), (*column.opens, *company.known.once(_no_crossing, base))
    )


def _no_crossing(known: Known, base: Base) -> tuple[Open, ...]:
    """Entries of which no row says what they mean for a related medicine."""
    made = []
    for code, event in allergy.entries(known, base).items():
        words = [one for one in (code, event.display) if one and cross.known(one, base)]
        if words and not any(cross.crossing(one, base) for one in words):
            shown = event.display or code
            text = f"Allergy to {shown}: only this ingredient was looked for, none related to it."
            made.append(Open(text, "Read the label, section 4.", NOT_IN_TABLE))
    return tuple(made)


def pregnancy(drug: str, company: Company, base: Base) -> Answer:
    """What the label says in pregnancy; a limit of some weeks, where the week is not known."""
    column = person.pregnancy(company.known, drug, base)
    partly = [one.text for one in pregnant.of(drug, base) if "any" not in one.stages]
    raised = []
    for one in column.reasons:
        week = not one.events or one.events[0].code.startswith(person.WEEKS)
        limited = not week and any(text in one.text for text in partly)
        rule = "some weeks" if limited and one.level <= Level.AVOID else one.level.name.lower()
        if _on_purpose(drug, one, company, base):
            rule = "watch"
        raised.append(Raised(rule, one, (one.text,)))
    return Answer("pregnancy", tuple(raised), column.opens)


def _on_purpose(drug: str, one: Reason, company: Company, base: Base) -> bool:
    """Whether the ordered dose is one that is given in pregnancy on purpose (low-dose aspirin)."""
    details = [row.detail for row in pregnant.of(drug, base) if row.text in one.text]
    found = [named for detail in details if (named := ON_PURPOSE.search(detail))]
    daily = company.daily_mg
    return daily is not None and any(daily <= float(named["mg"]) for named in found)


def pharmacogenes(drug: str, company: Company, base: Base) -> Answer:
    """What guidelines ask for because of the genes; a strong "avoid" is told from a weak one."""
    column = genes.pharmacogenomics(company.known, drug, "", base)
    results = company.known.results
    rows = medicine_rows(advise(results, [drug], base), results, base)
    said = [row["likely"] or row for row in rows]
    firm = [one["text"] for one in said if one["action"] == "avoid" and _firm(one)]
    loud = [
        one
        for one in column.reasons
        if one.level is Level.AVOID and any(text in one.text for text in firm)
    ]
    ordered = [*loud, *(one for one in column.reasons if one not in loud)]
    opens = (*column.opens, *_no_advice(said))
    if not ordered:
        return Answer("genes", (), opens)
    rule = "avoid firmly" if loud else ordered[0].level.name.lower()
    first, *rest = ordered  # several guidelines about one medicine are one alert
    return Answer("genes", (Raised(rule, first, (first.text,), tuple(rest)),), opens)


def _no_advice(said: Sequence[Mapping[str, Any]]) -> Iterator[Open]:
    """Results that are recorded as indeterminate, and about which a guideline says nothing."""
    genes = {
        one["gene"]
        for row in said
        if row["action"] == "no_advice"
        for one in row["because"]
        if INDETERMINATE in str(one["result"]).lower()
    }
    for gene in sorted(genes):
        text = f"The recorded result of {gene} is indeterminate: no guideline advises on it."
        yield Open(text, f"A fuller test of {gene}.", gene)


def _firm(row: Mapping[str, object]) -> bool:
    return row["strength"] == "strong" or row["degree"] == "must"


def phenoconversion(drug: str, company: Company, base: Base) -> Answer:
    """What the company makes of the genes for this medicine, and this medicine for the company."""
    column = genes.phenoconversion(company.known, drug, "", base)
    raised = []
    for one in column.reasons:
        both = one.text.partition("For ")[2] or one.text  # the same sentence in both directions
        raised.append(Raised(one.level.name.lower(), one, (both,)))
    return Answer("phenoconversion", tuple(raised), column.opens)


def _plain(family: str, column: Column) -> Answer:
    raised = tuple(Raised(one.level.name.lower(), one, (one.text,)) for one in column.reasons)
    return Answer(family, raised, column.opens)


FAMILIES: Mapping[str, Check] = {
    "interactions": interactions,
    "allergies": allergies,
    "renal": renal,
    "hepatic": lambda drug, company, base: _plain(
        "hepatic", organs.hepatic(company.known, drug, base)
    ),
    "pregnancy": pregnancy,
    "age": lambda drug, company, base: _plain("age", person.age(company.known, drug, base)),
    "conditions": lambda drug, company, base: _plain(
        "conditions", person.conditions(company.known, drug, base)
    ),
    "duplicates": duplicates,
    "genes": pharmacogenes,
    "phenoconversion": phenoconversion,
    "laboratory": laboratory,
    "burden": burden,
    "monitoring": monitoring,
    "omissions": omissions,
}
# Tables of facts that a family rests on: its answers name exactly this state of them.
TABLES: Mapping[str, tuple[str, ...]] = {
    "interactions": ("interactions.tsv", "classes.tsv", "modulators.tsv"),
    "allergies": ("allergies.tsv", "allergy_codes.tsv", "classes.tsv"),
    "renal": ("renal.tsv",),
    "hepatic": ("hepatic.tsv", "classes.tsv"),
    "pregnancy": ("pregnancy.tsv", "classes.tsv"),
    "age": ("age.tsv", "classes.tsv"),
    "conditions": ("conditions.tsv", "condition_codes.tsv", "classes.tsv"),
    "duplicates": ("duplicates.tsv", "classes.tsv"),
    "genes": ("prescribing.tsv",),
    "phenoconversion": ("prescribing.tsv", "modulators.tsv"),
    "laboratory": ("laboratory.tsv", "measurements.tsv", "classes.tsv"),
    "burden": ("burdens.tsv", "burden_points.tsv", "measurements.tsv", "classes.tsv"),
    "monitoring": ("monitoring.tsv", "measurements.tsv", "classes.tsv"),
    "omissions": ("omissions.tsv", "condition_codes.tsv", "diseases.tsv", "classes.tsv"),
    "medicine": ("drugs.tsv",),
    "dose": ("doses.tsv",),
}


def beside(known: Known, more: Sequence[Taken], drug: str) -> Known:
    """The patient as if the other drafts were taken as well; a medicine stands once."""
    have = {one.name for one in known.medicines}
    new = {one.name: one for one in more if one.name not in have and one.name != drug}
    return known.taking((*known.medicines, *new.values()))
