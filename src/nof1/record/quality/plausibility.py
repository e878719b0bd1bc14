"""Can it be true? Impossible values, times and ages, and exact duplicates."""

from __future__ import annotations

import polars as pl

from nof1.record.quality import limits
from nof1.record.quality.problem import Problem, Severity
from nof1.record.quality.tally import EARLIEST_YEAR, OLDEST_AGE_YEARS, Tally

CRITICAL_SHARE = 0.01
DUPLICATE_SHARE = 0.02


def impossible_values(tally: Tally) -> list[Problem]:
    """Values outside the cited limits, by code, unit and site."""
    found = []
    for row in tally.outside.filter(pl.col("below") + pl.col("above") > 0).to_dicts():
        count = row["below"] + row["above"]
        sides = "below" if not row["above"] else "above" if not row["below"] else "outside"
        unit = row["unit"] or "no unit"
        bounds = {"below": f"{row['low']:g}", "above": f"{row['high']:g}"}
        bound = bounds.get(sides, f"{row['low']:g} to {row['high']:g}")
        cited = [limits.citations()[key.strip()] for key in row["source"].split(";")]
        found.append(
            Problem(
                check="impossible-values",
                severity=_by_share(count, row["n"]),
                what=f"{row['quantity']} {sides} {bound} {unit}",
                count=count,
                of=row["n"],
                things="values",
                code=row["code"],
                site=row["site"] or None,
                why="No living person has this value: the unit or the decimal point is wrong.",
                next_step="Look at how the source writes the unit of this code; correct it "
                "there, or with `translate` in the mapping file.",
                reference="; ".join(cited),
            )
        )
    return found


def impossible_times(tally: Tally) -> list[Problem]:
    """Events in the future, before 1900, before birth and after death, by code and site."""
    found = []
    for column, severity, what, why, step in _TIMES:
        for row in tally.facts.filter(pl.col(column) > 0).to_dicts():
            found.append(
                Problem(
                    check=column.replace("_", "-"),
                    severity=severity,
                    what=what,
                    count=row[column],
                    of=row["events"],
                    things="events",
                    code=row["code"],
                    site=row["site"] or None,
                    why=why,
                    next_step=step,
                )
            )
    return found


_TIMES = (
    (
        "future",
        Severity.CRITICAL,
        "Dated later than the day of this check",
        "Nobody can know it yet. A planned or placeholder date (year 9999) would tell a model "
        "about the future.",
        "Import planned things as plans, and placeholder dates as missing.",
    ),
    (
        "early",
        Severity.WARNING,
        f"Dated before the year {EARLIEST_YEAR}",
        "Placeholder dates (year 1, 1753, 1899) stand for 'unknown' and give wrong ages and gaps.",
        "Find the source's placeholder date and import it as missing.",
    ),
    (
        "before_birth",
        Severity.WARNING,
        "Dated before the patient's birth",
        "Either the date, the birth date or the patient is wrong; two patients may be mixed up.",
        "Compare birth dates with the source; check how patients were linked.",
    ),
    (
        "after_death",
        Severity.WARNING,
        "Dated on a day after the patient's death",
        "Some are honest (post-mortem results, bills); visits and measurements are not.",
        "Check the death date, and whether the event's date is the day of its administration.",
    ),
)


def impossible_people(tally: Tally) -> list[Problem]:
    """Patients with two birth dates or an age no human has reached, by site."""
    found = []
    for column, check, what, why, step in _PEOPLE:
        for row in tally.people.filter(pl.col(column) > 0).to_dicts():
            found.append(
                Problem(
                    check=check,
                    severity=Severity.CRITICAL if check == "two-births" else Severity.WARNING,
                    what=what,
                    count=row[column],
                    of=row["patients"],
                    things="patients",
                    site=row["site"] or None,
                    why=why,
                    next_step=step,
                )
            )
    return found


_PEOPLE = (
    (
        "births",
        "two-births",
        "Two birth dates, more than a year apart",
        "Two patients may share one identifier: every feature of both would be wrong.",
        "Resolve the identifiers in the source before training.",
    ),
    (
        "too_old",
        "too-old",
        f"Events at an age above {OLDEST_AGE_YEARS} years",
        "A placeholder birth date, or a death that the record does not know of.",
        "Check the birth dates; import placeholder dates as missing.",
    ),
)


def duplicates(tally: Tally) -> list[Problem]:
    """Events equal to another event in patient, time, code, value, text and unit."""
    found = []
    for row in tally.facts.filter(pl.col("duplicates") > 0).to_dicts():
        many = row["duplicates"] > DUPLICATE_SHARE * row["events"]
        found.append(
            Problem(
                check="duplicates",
                severity=Severity.WARNING if many else Severity.INFO,
                what="The same event more than once",
                count=row["duplicates"],
                of=row["events"],
                things="events",
                code=row["code"],
                site=row["site"] or None,
                why="Counts and sums grow although nothing more has happened.",
                next_step="Check whether the extract holds the same rows twice, or whether the "
                "time is too coarse to tell two real events apart.",
            )
        )
    return found


def _by_share(count: int, of: int) -> Severity:
    return Severity.CRITICAL if count >= CRITICAL_SHARE * of else Severity.WARNING
