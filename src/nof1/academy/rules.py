"""House rules of the synthetic hospital: each changes the odds for people who take a medicine.

They are invented, like the hospital. Each has a day until which it is valid. What an old rule says
was once believed; the generator (``nof1.synthetic.causes``) knows better: pantoprazole does not
weaken clopidogrel, and ticagrelor lowers the hazard by a tenth, not by two fifths.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from nof1.core.finding import EventRef, Evidence, utc

CLOPIDOGREL, TICAGRELOR = "RxNorm//32968", "RxNorm//1116632"
OMEPRAZOLE, PANTOPRAZOLE = "RxNorm//7646", "RxNorm//40790"
CYP2C19 = "GENE//CYP2C19//"
SOURCE = "House rule of the synthetic hospital; invented"


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes
    ----------
    all_of, any_of, none_of : codes of medicines taken at the moment of the card, and of genes.
    odds : what it multiplies the odds of the outcome by; above 1 raises the risk.
    reviewed, until : the day of its last review, and the last day on which it is valid.
    """

    name: str
    words: str
    all_of: frozenset[str]
    any_of: frozenset[str]
    none_of: frozenset[str]
    odds: float
    reviewed: date
    until: date

    @property
    def log_odds(self) -> float:
        """What it adds to the log odds."""
        return math.log(self.odds)

    def valid(self, at: datetime) -> bool:
        """Whether it may be used at a moment."""
        return at.date() <= self.until

    def applies(self, events: pl.DataFrame) -> bool:
        """Whether a person with these events is one the rule speaks about."""
        taken = {*medicines(events), *genes(events)}
        return (
            self.all_of <= taken
            and (not self.any_of or bool(self.any_of & taken))
            and not self.none_of & taken
        )

    def reason(self, events: pl.DataFrame) -> Evidence:
        """The rule as a reason of a card, with the orders it rests on."""
        taken = {**medicines(events), **genes(events)}
        orders = [taken[code] for code in sorted((self.all_of | self.any_of) & set(taken))]
        return Evidence(
            text=f"House rule {self.name}: {self.words}",
            contribution=self.log_odds,
            unit="logit",
            feature=f"rule/{self.name}",
            events=tuple(orders),
            citation=SOURCE,
        )


NOBODY: frozenset[str] = frozenset()
OLD = (
    Rule(
        "PPI-1",
        "a proton pump inhibitor of any kind weakens clopidogrel (odds x 1.9)",
        frozenset({CLOPIDOGREL, PANTOPRAZOLE}),
        NOBODY,
        frozenset({OMEPRAZOLE}),
        1.9,
        date(2010, 3, 1),
        date(2013, 12, 31),
    ),
    Rule(
        "TIC-1",
        "ticagrelor lowers the odds of a heart attack by two fifths (odds x 0.6)",
        frozenset({TICAGRELOR}),
        NOBODY,
        NOBODY,
        0.6,
        date(2011, 9, 15),
        date(2014, 12, 31),
    ),
)
CURRENT = (
    Rule(
        "CYP-2",
        "clopidogrel works less where CYP2C19 is slow (odds x 1.7)",
        frozenset({CLOPIDOGREL}),
        frozenset({f"{CYP2C19}Intermediate Metabolizer", f"{CYP2C19}Poor Metabolizer"}),
        NOBODY,
        1.7,
        date(2020, 1, 15),
        date(2028, 1, 31),
    ),
    Rule(
        "PPI-2",
        "omeprazole weakens clopidogrel (odds x 1.2)",
        frozenset({CLOPIDOGREL, OMEPRAZOLE}),
        NOBODY,
        NOBODY,
        1.2,
        date(2019, 6, 1),
        date(2027, 6, 30),
    ),
    Rule(
        "TIC-2",
        "ticagrelor lowers the odds of a heart attack a little (odds x 0.9)",
        frozenset({TICAGRELOR}),
        NOBODY,
        NOBODY,
        0.9,
        date(2019, 6, 1),
        date(2027, 6, 30),
    ),
    Rule(
        "PPI-3",
        "pantoprazole does not weaken clopidogrel (odds unchanged)",
        frozenset({CLOPIDOGREL, PANTOPRAZOLE}),
        NOBODY,
        frozenset({OMEPRAZOLE}),
        1.0,
        date(2019, 6, 1),
        date(2027, 6, 30),
    ),
)


def genes(events: pl.DataFrame) -> dict[str, EventRef]:
    """Code of each result about CYP2C19, with its entry."""
    found = events.filter(pl.col("code").str.starts_with(CYP2C19))
    return {row["code"]: _entry(row) for row in found.iter_rows(named=True)}


def medicines(events: pl.DataFrame) -> dict[str, EventRef]:
    """Code of each medicine that is taken after these events, with its last order."""
    taken: dict[str, EventRef] = {}
    coded = events.filter(pl.col("code").str.contains(r"^(END//)?RxNorm//"))
    for row in coded.iter_rows(named=True):
        if row["code"].startswith("END//"):
            taken.pop(row["code"].removeprefix("END//"), None)
        else:
            taken[row["code"]] = _entry(row)
    return taken


def _entry(row: dict[str, Any]) -> EventRef:
    return EventRef(
        code=row["code"],
        time=None if row["time"] is None else utc(row["time"]),
        source_file=row["source_file"],
        source_row=row["source_row"],
        site=row["site"],
    )
