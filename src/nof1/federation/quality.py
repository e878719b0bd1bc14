"""The quality of the records of all sites together: totals of what each site's own check counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from nof1.core import yaml_lines
from nof1.federation import own as homes
from nof1.federation import people as persons
from nof1.federation import veil
from nof1.federation.algorithms import Algorithm, Asked, Result
from nof1.federation.answered import Answered
from nof1.federation.refusal import Refused
from nof1.federation.tables import columns
from nof1.learn.sums import FloatArray
from nof1.record.quality import QualityReport, Severity, report
from nof1.record.store import Record

EVENTS = ("events", "numeric", "no_value", "no_unit", "duplicates", "future", "early",
          "before_birth", "after_death")  # fmt: skip
PEOPLE = ("patients", "birth", "births", "sex", "death", "born_later", "died_earlier", "too_old")
LEVELS = tuple(str(one) for one in Severity)


def read(text: str) -> None:
    """Refuse a text that is no task file of this algorithm: it has a name and nothing else.

    Raises
    ------
    InputError : naming line and column.
    """
    yaml_lines.parse(text, "task").mapping(("name",), ("name",))["name"].text()


def run(asked: Asked) -> Result:
    """Check at all sites and add up.

    Raises
    ------
    Refused : the site has too few patients, or nearly those of an earlier answer.
    """
    name = yaml_lines.parse(asked.text, "task").mapping()["name"].text()
    record = Record(asked.workspace.record)
    found = report(record)
    subjects = record.scan().select(pl.col("subject_id").unique()).collect().to_series()
    if len(subjects) < asked.policy.least_patients:
        least = asked.policy.least_patients
        raise Refused("least_patients", f"Fewer than {least} patients are here.")
    kept = Answered.of_workspace(asked.workspace.root)
    agreed = persons.agree(asked, "quality")
    hashes = np.sort(kept.hashes(subjects))
    kept.cohort(hashes, agreed.k)
    total = veil.opened(asked.link, agreed.digest)
    kept.keep(veil.name(total), asked.link.job, hashes)
    counts, flags = _counts(found), _flags(found)
    summed = np.rint(total(np.concatenate([counts, flags])))
    homes.keep(asked.workspace, asked.link.job, "quality", {
        "counts": dict(zip((*EVENTS, *PEOPLE), counts.tolist(), strict=True)),
        "problems": found.counts(),
    })  # fmt: skip
    events, people, sites = np.split(summed, np.cumsum([len(EVENTS), len(PEOPLE)]))
    whole = int(people[0])
    figures = {
        "synthetic": agreed.synthetic,
        "least_cell": agreed.k,
        "sites": len(asked.link.roster.names),
        "events": {key: _told(int(n), agreed.k) for key, n in zip(EVENTS, events, strict=True)},
        "people": {
            key: _told(int(n), agreed.k, whole) for key, n in zip(PEOPLE, people, strict=True)
        },
        "sites_with": dict(zip(LEVELS, (int(n) for n in sites), strict=True)),
    }
    return Result(name.lower(), "1", "", figures)


def _counts(found: QualityReport) -> FloatArray:
    facts, people = found.tally.facts, found.tally.people
    sums = [int(facts[key].sum()) for key in EVENTS] + [int(people[key].sum()) for key in PEOPLE]
    return np.array(sums, dtype=np.float64)


def _flags(found: QualityReport) -> FloatArray:
    """1 for each severity of which this site has a problem."""
    here = found.counts()
    return np.array([here[one] > 0 for one in LEVELS], dtype=np.float64)


def _told(count: int, k: int, whole: int | None = None) -> int | None:
    """The count, when neither it nor the rest of the whole is 1 to k - 1."""
    rest = 0 if whole is None else whole - count
    return None if 0 < count < k or 0 < rest < k else count


def words(figures: Mapping[str, Any]) -> list[str]:
    """The totals for people."""

    def rows(part: Mapping[str, Any]) -> list[list[str]]:
        return [
            [key.replace("_", " "), "hidden" if n is None else f"{n:,}"] for key, n in part.items()
        ]

    parts = [[key, f"{n} of {figures['sites']}"] for key, n in figures["sites_with"].items()]
    return [
        *columns([["events of all sites", ""], *rows(figures["events"])], right=(1,)),
        "",
        *columns([["patients of all sites", ""], *rows(figures["people"])], right=(1,)),
        "",
        *columns([["sites with a problem that is", ""], *parts], right=(1,)),
        "",
        f"Hidden: fewer than {figures['least_cell']} people or events, or all but so few people.",
        "Each site's own counts are in its workspace, below federation/own.",
    ]


QUALITY = Algorithm("quality", ("quality",), read, run, words=words)
