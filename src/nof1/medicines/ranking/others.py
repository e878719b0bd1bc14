"""The medicines that are taken now: interactions with them, and medicines that do the same.

A medicine that does the same as one that is taken would come instead of it, not beside it. So their
interaction does not count against it; the column ``duplicates`` says what is to be stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nof1.genome.medicines import Taken
from nof1.knowledge import duplicates as same
from nof1.knowledge import interactions as pairs
from nof1.knowledge.base import SHIPPED, Base
from nof1.medicines.ranking.columns import (
    NOT_IN_TABLE,
    Column,
    Level,
    Open,
    Reason,
    asks,
    cited,
    column,
    reason,
)
from nof1.medicines.ranking.known import Known

ON_DEMAND = 3  # the tier of pairs that experts would not interrupt anybody for


def interactions(known: Known, drug: str, base: Base = SHIPPED) -> Column:
    """What is known about this medicine together with each that is taken now."""
    others = beside(known, drug, base)
    reasons = [
        _reason(found, other, base)
        for other in others
        for found in pairs.between(drug, [other.name], base)
        if asks(found.pair)
    ]
    names = ", ".join(one.name for one in others)
    clear = f"No pair in our table with {names}." if names else "Taken alone as far as recorded."
    return column("interactions", reasons, _not_covered(known, others, drug, base), clear)


def beside(known: Known, drug: str, base: Base = SHIPPED) -> list[Taken]:
    """The current medicines that would stay beside this one: without itself and its like.

    For a medicine that is taken already all others stay.
    """
    rest = [one for one in known.medicines if one.name != drug]
    if known.takes(drug) is not None:
        return rest
    return [one for one in rest if not same.of(drug, [one.name], base)]


def _reason(found: pairs.Interaction, other: Taken, base: Base) -> Reason:
    pair = found.pair
    short, lead = f"with {other.name}: {pair.action}", f"With {other.name}: "
    one = reason(pair, short, lead, (other.event,), base)
    return replace(one, level=max(one.level, Level.WATCH)) if pair.tier == ON_DEMAND else one


def _not_covered(known: Known, others: Sequence[Taken], drug: str, base: Base) -> list[Open]:
    found = [
        Open(
            f"A current medicine has a code that is not known here ({one.code}): not checked.",
            "Read its label.",
            "a medicine's name",
        )
        for one in known.strangers
    ]
    if not known.medicines and not known.strangers:
        return [Open(NOTHING_TAKEN, "Ask what is taken, also without prescription.", "medicines")]
    if others and not pairs.known(drug, base):
        text = f"Our table has no pair with {drug}: not checked against {len(others)} medicines."
        return [*found, Open(text, "Read the label.", NOT_IN_TABLE)]
    strange = [one.name for one in others if not pairs.known(one.name, base)]
    if strange:
        text = f"Our table has no pair with {', '.join(strange)}: not checked."
        found.append(Open(text, "Read the labels.", NOT_IN_TABLE))
    return found


NOTHING_TAKEN = "No medicines recorded as taken now: interactions not excluded."
NONE_THE_SAME = "No medicines recorded as taken now: one that does the same is not excluded."


def duplicates(known: Known, drug: str, base: Base = SHIPPED) -> Column:
    """Medicines taken now that do the same; taking two of them already is worth a question."""
    rest = [one for one in known.medicines if one.name != drug]
    taken = known.takes(drug)
    reasons = []
    for other in rest:
        for found in same.of(drug, [other.name], base):
            if found.group is None:  # a combination that holds it, or is held by it
                text = f"{other.name} is taken now and holds the same ingredient: instead of it."
                reasons.append(
                    Reason(Level.WATCH, f"instead of {other.name}", text, (other.event,))
                )
            elif taken is None:
                text = f"{other.name} is taken now and does the same: instead of it, not beside it."
                short = f"instead of {other.name}"
                source = cited(found.group.source, found.group.citation, base)
                reasons.append(Reason(Level.WATCH, short, text, (other.event,), source))
            elif asks(found.group):
                short, events = f"beside {other.name}", (other.event, taken.event)
                reasons.append(reason(found.group, short, f"Taken {short}: ", events, base))
    clear = "Nothing that is taken now does the same, as far as our table goes."
    opens = [] if known.medicines else [Open(NONE_THE_SAME, "Ask what is taken.", "medicines")]
    return column("duplicates", reasons, opens, clear)
