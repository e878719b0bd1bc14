"""Is it there? Patients without birth or sex, values and units that are missing, late arrivals."""

from __future__ import annotations

import polars as pl

from nof1.record.quality.changes import changes
from nof1.record.quality.problem import Problem, Severity, month_text
from nof1.record.quality.tally import LAG_NAMES, Tally

MISSING_SHARE = 0.05
MOSTLY = 0.5
LATE = LAG_NAMES.index("within 1 year")
LATE_SHARE = 0.05


def missing_people(tally: Tally) -> list[Problem]:
    """Patients without a birth date, a sex, or any event, by site."""
    found = []
    for column, what, why, step in _PEOPLE:
        for row in tally.people.filter(pl.col(column) < pl.col("patients")).to_dicts():
            count = row["patients"] - row[column]
            much = count > MISSING_SHARE * row["patients"]
            found.append(
                Problem(
                    check=f"no-{column}",
                    severity=Severity.WARNING if much else Severity.INFO,
                    what=what,
                    count=count,
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
        "birth",
        "No birth date",
        "Age is part of nearly every risk; it will be missing for these patients.",
        "Add the birth date (or year) to the import.",
    ),
    (
        "sex",
        "No sex recorded",
        "Normal ranges and risks differ by sex; fairness cannot be checked without it.",
        "Add sex to the import; a coded 'unknown' is better than nothing.",
    ),
    (
        "event",
        "No event but birth, sex or death",
        "They look healthy although nothing is known of them.",
        "Check that all tables were imported, and exclude them in the task's eligibility.",
    ),
)


def missing_values(tally: Tally) -> list[Problem]:
    """Rows without a value or a unit, in codes that usually have one, by code and site."""
    over = pl.col("events").sum().over("code")
    numeric = pl.col("numeric").sum().over("code")
    has_unit = numeric - pl.col("no_unit").sum().over("code")
    facts = tally.facts.with_columns(
        valued=numeric > MOSTLY * over, measured=has_unit > MOSTLY * numeric
    )
    rows = facts.filter(pl.col("valued") & (pl.col("no_value") > 0)).to_dicts()
    found = [_missing("no-value", "No value", row, row["no_value"], row["events"]) for row in rows]
    rows = facts.filter(pl.col("measured") & (pl.col("no_unit") > 0)).to_dicts()
    return found + [
        _missing("no-unit", "A number without a unit", row, row["no_unit"], row["numeric"])
        for row in rows
    ]


def _missing(check: str, what: str, row: dict[str, object], count: int, of: int) -> Problem:
    return Problem(
        check=check,
        severity=Severity.WARNING if count > MISSING_SHARE * of else Severity.INFO,
        what=what,
        count=count,
        of=of,
        things="events" if check == "no-value" else "values",
        code=str(row["code"]),
        site=str(row["site"]) or None,
        why="A model sees only that something was measured, or a number it cannot compare.",
        next_step="Check where the source keeps its values and units, and the mapping file.",
    )


def late_arrivals(tally: Tally) -> list[Problem]:
    """Events that were recorded long after, or before, they happened, by site."""
    found = []
    for (site,), rows in tally.lags.partition_by("site", as_dict=True).items():
        total = int(rows["n"].sum())
        late = int(rows.filter(pl.col("lag") >= LATE)["n"].sum())
        early = int(rows.filter(pl.col("lag") == 0)["n"].sum())
        place = str(site) or None
        if late > LATE_SHARE * total:
            found.append(_late(late, total, place))
        if early:
            found.append(_early(early, total, place))
    return found


def _late(count: int, of: int, site: str | None) -> Problem:
    return Problem(
        check="late-arrival",
        severity=Severity.WARNING,
        what="Recorded more than 30 days after it happened",
        count=count,
        of=of,
        things="events",
        site=site,
        why="On the day of a prediction these facts are not there yet; recent months look emptier "
        "than they will be.",
        next_step="Keep the recorded time in the import (it is used), and leave the newest months "
        "out of training.",
    )


def _early(count: int, of: int, site: str | None) -> Problem:
    return Problem(
        check="recorded-before",
        severity=Severity.INFO,
        what="Recorded before it happened",
        count=count,
        of=of,
        things="events",
        site=site,
        why="Plans and orders carry a later time than their entry; so do clocks that go wrong.",
        next_step="Make sure that plans are imported as plans.",
    )


def sudden_changes(tally: Tally) -> list[Problem]:
    """Months in which a code at a site drops or rises against its own neighbourhood."""
    return [
        Problem(
            check=f"sudden-{change.kind}",
            severity=Severity.WARNING if change.kind == "drop" else Severity.INFO,
            what=f"Sudden {change.kind}: about {change.expected:,.0f} events were usual",
            count=change.events,
            of=round(change.expected),
            things="expected events",
            code=change.code,
            site=change.site or None,
            month=month_text(change.first),
            until=month_text(change.last),
            why="More often a change of system, code or export than of patients; a model would "
            "learn it as medicine.",
            next_step="Ask the site what changed in these months; leave them out if data are lost.",
        )
        for change in changes(tally.months)
    ]
