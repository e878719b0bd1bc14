"""Medicines in pregnancy, and in people who could become pregnant: what section 8 of labels says.

In the words of the present labels (8.1 Pregnancy, 8.3 Reproductive potential); the letters A to X,
which labels no longer have, are nowhere used. Stages: ``any``, ``first`` (to week 13), ``second``,
``third`` trimester, ``week20`` and ``week38`` (from that week on), and ``possible``: somebody who
could become pregnant and takes the medicine.

No pharmacist has signed off these facts; a medicine that is not in the table is not known HERE to
be a risk, which is not the same as being safe. Untreated illness harms too: no row is a reason to
stop a medicine without a prescriber.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

from nof1.knowledge.base import SHIPPED, Base, listed
from nof1.knowledge.cautions import about
from nof1.knowledge.facts import read, wrong

TABLE = "pregnancy.tsv"
STAGES = ("any", "first", "second", "third", "week20", "week38", "possible")


class Risk(NamedTuple):
    """What holds for one medicine at some stages.

    Attributes
    ----------
    subject : a medicine of ``drugs.tsv``, or a class.
    stages : of ``STAGES``; action : ``facts.ACTIONS``.
    detail : what to do or use instead; text : what a person reads.
    """

    subject: str
    stages: tuple[str, ...]
    action: str
    detail: str
    text: str
    source: str
    citation: str


@functools.cache
def risks(base: Base = SHIPPED) -> tuple[Risk, ...]:
    """All rows.

    Raises
    ------
    InputError : a stage is not known.
    """
    made = []
    for line, row in enumerate(read(base, TABLE, Risk._fields), start=2):
        stages = listed(row["stages"])
        if not stages or set(stages) - set(STAGES):
            raise wrong(TABLE, line, "This stage is not known.", STAGES)
        made.append(Risk(**{**row, "stages": stages}))  # type: ignore[arg-type]
    return tuple(made)


@functools.lru_cache(maxsize=8192)
def of(drug: str, base: Base = SHIPPED) -> tuple[Risk, ...]:
    """All rows for one medicine, the most cautious first; none: not in the table."""
    return about(risks(base), drug, base)


def at(drug: str, week: float | None, base: Base = SHIPPED) -> tuple[Risk, ...]:
    """Rows that hold in a week of pregnancy (from the last period); None: pregnant, week unknown.

    With an unknown week all rows about pregnancy hold: the cautious answer. Rows that speak only
    about people who could become pregnant (``possible``) are in ``of``.
    """
    stages = set(STAGES) - {"possible"} if week is None else _stages(week)
    return tuple(one for one in of(drug, base) if stages & set(one.stages))


def _stages(week: float) -> set[str]:
    trimester = "first" if week < 14 else "second" if week < 28 else "third"
    return {"any", trimester, *(f"week{start}" for start in (20, 38) if week >= start)}
