"""The 13 source attributes of a rule, from the tables of facts behind its family."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from nof1.advice.governance.attributes import RULE, Answer, Attributes, attributes, nothing
from nof1.advice.governance.registry import Ruled
from nof1.advice.orders.families import TABLES
from nof1.advice.orders.tiers import Rule
from nof1.core.errors import UsageError
from nof1.knowledge import rows as reviewing
from nof1.knowledge.base import SHIPPED, Base, Source, listed, sources

DEVELOPER = "The nof1 authors, who wrote the facts down from the sources named, as data"
NOT_VALIDATED = "not clinically validated: a pharmacist's sign-off is pending"
FUNDING = "no funding source is recorded for this project"
UNUSED = "Not used"
# Tables that only say which codes mean what: the facts of a family stand in the others.
WORDS = ("classes.tsv", "allergy_codes.tsv", "condition_codes.tsv", "drugs.tsv")
LABELS = "fda-labels"


class Reads(NamedTuple):
    """What a family reads of a patient's person; "" where nothing."""

    sex: str = ""
    birth: str = ""
    social: str = ""
    status: str = ""
    ancestry: str = ""


_GROUPS = (
    "Not read from the record. Where a gene test leaves several results open, whoever calls genes "
    "may name a group of ancestry whose frequencies weigh them; without it all groups weigh the "
    "same"
)
_GUIDELINES = "Yes: some guidelines are for children or adults only"
_AGE = "Yes: the age at the moment of asking"
READS: Mapping[str, Reads] = {
    "interactions": Reads(),
    "allergies": Reads(),
    "renal": Reads(
        sex="Yes: CKD-EPI 2021 (which uses no race) and Cockcroft-Gault need it", birth=_AGE
    ),
    "hepatic": Reads(),
    "pregnancy": Reads(
        sex="Yes: whether a pregnancy is possible",
        birth="Yes: whether a pregnancy is possible at this age",
        status="Yes: a recorded pregnancy and its week",
    ),
    "age": Reads(birth=_AGE),
    "conditions": Reads(
        status="Only as far as a recorded diagnosis is one (smoking, alcohol, disability)"
    ),
    "duplicates": Reads(),
    "genes": Reads(birth=_GUIDELINES, ancestry=_GROUPS),
    "phenoconversion": Reads(birth=_GUIDELINES, ancestry=_GROUPS),
    "medicine": Reads(),
    "dose": Reads(birth="Yes: doses are of adults, and are not compared in children"),
    "burden": Reads(birth=_AGE),
    "laboratory": Reads(),
    "monitoring": Reads(),
    "omissions": Reads(birth=_AGE),
}


def of_rule(rule: Ruled, base: Base = SHIPPED) -> Attributes:
    """The attributes of one rule of the tiers.

    Raises
    ------
    UsageError : it is no rule.
    """
    if rule.row is None:
        raise UsageError("This is no rule.", where=rule.id)
    return attributes(rule.id, RULE, dict(_answers(rule.row, base)))


def _answers(row: Rule, base: Base) -> Iterator[tuple[str, Answer]]:
    found = cited(row.family, base)
    behind = "; ".join(f"{one.title} ({one.citation})" for one in found)
    tier = f"Tier {row.tier}: {row.source}"
    yield "A.1", Answer(f"{tier}. Facts: {behind}" if behind else tier)
    yield "A.2", Answer(f"{DEVELOPER}; {_reviewed(row.family, base)}")
    yield "A.3", nothing(FUNDING)
    yield "A.4", _dates(found)
    reads = READS.get(row.family)
    if reads is None:
        why = f"nobody has written down which data of a person the family {row.family} reads"
        for number in range(5, 14):
            yield f"A.{number}", nothing(why)
        return
    for number in (5, 6):
        yield f"A.{number}", Answer(reads.ancestry or UNUSED)
    for number in (7, 8, 9):  # no rule has ever read these
        yield f"A.{number}", Answer(UNUSED)
    yield "A.10", Answer(reads.sex or UNUSED)
    yield "A.11", Answer(reads.birth or UNUSED)
    yield "A.12", Answer(reads.social or UNUSED)
    yield "A.13", Answer(reads.status or UNUSED)


def cited(family: str, base: Base = SHIPPED) -> tuple[Source, ...]:
    """The sources of the facts of a family, by id."""
    named: set[str] = {LABELS} if family == "dose" else set()
    for table in TABLES.get(family, ()):
        if table not in WORDS or family == "medicine":
            named |= {one for row in base.rows(table) for one in listed(row.get("source", ""))}
    known = sources(base)
    return tuple(known[name] for name in sorted(named) if name in known)


def _reviewed(family: str, base: Base) -> str:
    """How many of the facts of a family a person has reviewed."""
    tables = [one for one in TABLES.get(family, ()) if one in reviewing.RULES]
    found = [
        bool(reviewing.provenance(table, row, base).reviewer)
        for table in tables
        for row in base.rows(table)
    ]
    if not any(found):
        return f"{NOT_VALIDATED} (0 of {len(found)} facts reviewed)" if found else NOT_VALIDATED
    return f"{sum(found)} of {len(found)} facts reviewed by a person with a name and a role"


def _dates(found: tuple[Source, ...]) -> Answer:
    if not found:
        return nothing("the rule is nof1's own and is dated with the program's version")
    told = [
        f"{one.id}: version {one.version}, published {one.published}, "
        f"vouched for until {one.valid_until}"
        for one in found
    ]
    return Answer("; ".join(told))
