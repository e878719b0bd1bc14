"""Which column of a file plays which role: guessed from its name, or said with --column."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from nof1.core.errors import InputError, UsageError

ROLES = {
    "id": "the case's number; only a keyed hash of it is kept",
    "onset": "day of first symptoms",
    "specimen": "day of the specimen",
    "report": "day on which the case, or the number, was reported",
    "place": "where",
    "age": "age in years",
    "outbreak": "part of a known outbreak (yes or no)",
    "date": "day, or last day of the week, that a number is about",
    "value": "the number",
    "stratum": "age group or another part",
    "known": "day from which the number was known",
    "year": "year of the week",
    "week": "number of the week",
}
# in each role the earlier names win; the names are written as ``plain`` makes them
NAMES: dict[str, tuple[tuple[str, ...], ...]] = {
    "id": (
        ("case_id", "caseid", "case_number", "case_no", "id_case"),
        ("id", "record_id", "patient_id", "event_id", "uuid", "fallnummer", "national_id"),
    ),
    "onset": (
        ("onset", "onset_date", "date_onset", "symptom_onset", "date_of_onset", "dt_onset"),
        ("symptom_onset_date", "date_symptom_onset", "onset_dt", "erkrankungsbeginn"),
        ("date_of_symptom_onset", "illness_onset", "disease_onset"),
    ),
    "specimen": (
        ("specimen_date", "specimen", "date_specimen", "sample_date", "date_of_specimen"),
        ("collection_date", "date_sample", "test_date", "lab_date", "date_of_sampling"),
    ),
    "report": (
        ("report_date", "reported", "date_report", "date_reported", "reporting_date", "report"),
        ("date_of_report", "notification_date", "date_notification", "meldedatum"),
        ("reported_on", "notified", "date_of_notification", "notificationdate"),
    ),
    "place": (
        ("location", "place", "fips", "region_code", "location_id"),
        ("county", "region", "state", "district", "province", "jurisdiction", "area"),
        ("city", "residence", "landkreis", "bundesland", "location_name", "abbreviation"),
    ),
    "age": (("age", "age_years", "age_in_years", "age_at_onset"), ("alter", "patient_age")),
    "outbreak": (("outbreak", "outbreak_flag", "is_outbreak", "known_outbreak"), ("outbreak_id",)),
    "date": (
        ("reference_date", "target_end_date", "date"),
        ("week_end", "week_ending", "week_end_date", "week_ending_date", "day", "datum"),
        ("week_start", "epiweek", "period", "time_value", "week_date"),
    ),
    "value": (
        ("value", "observation", "count", "cases", "n"),
        ("number", "admissions", "hospitalizations", "deaths", "counts", "case_count", "incidence"),
        ("observed", "new_cases", "confirmed", "oracle_value", "rate", "anzahl"),
    ),
    "stratum": (
        ("stratum", "age_group", "agegroup", "age_band"),
        ("sex", "strata", "altersgruppe"),
    ),
    "known": (("as_of", "known_on", "issue", "issue_date", "version"),),
    "year": (("year", "mmwr_year", "epiyear", "jahr"),),
    "week": (("week", "mmwr_week", "epiweek", "week_number", "woche"),),
}


def plain(name: str) -> str:
    """A column name without marks and case.

    >>> plain("Date of Onset"), plain("reportDate")
    ('date_of_onset', 'report_date')
    """
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[\W_]+", "_", words).strip("_").lower()


def asked(pairs: Sequence[str]) -> dict[str, str]:
    """The options ``--column role=name`` as role -> name.

    Raises
    ------
    UsageError : not of that form, or no such role.
    """
    split = [pair.partition("=") for pair in pairs]
    for role, _, name in split:
        if role not in ROLES or not name:
            raise UsageError(
                "A column is not said as role=name, or the role is not known.",
                where="--column",
                allowed=[f"{one} ({words})" for one, words in ROLES.items()],
            )
    return {role: name for role, _, name in split}


def assign(
    columns: Sequence[str], roles: Sequence[str], said: Mapping[str, str], where: str
) -> dict[str, str]:
    """The column of each role that has one.

    Parameters
    ----------
    columns : the names in the file.
    roles : those that this kind of file may have.
    said : the user's own words, which always win; the name "none" leaves a role without a column.

    Raises
    ------
    InputError : a column that was said is not there, or two columns fit a role equally well.
    """
    found: dict[str, str] = {}
    for role in roles:
        if role in said:
            if said[role] != "none":
                found[role] = _exact(columns, said[role], role, where)
        elif (guess := _guess(columns, role, where, taken=said.values())) is not None:
            found[role] = guess
    return found


def _exact(columns: Sequence[str], name: str, role: str, where: str) -> str:
    match = [column for column in columns if column == name] or [
        column for column in columns if plain(column) == plain(name)
    ]
    if len(match) != 1:
        raise InputError(
            f"The file has no column {name!r} (said for the role {role!r}).",
            where=where,
            allowed=[f"the columns found: {', '.join(columns)}"],
            next_step=f"Say --column {role}=NAME with one of these.",
        )
    return match[0]


def _guess(columns: Sequence[str], role: str, where: str, taken: Collection[str]) -> str | None:
    free = [column for column in columns if column not in taken]
    for names in NAMES[role]:
        for name in names if len(names) and role in ("place", "date", "value") else ():
            match = [column for column in free if plain(column) == name]
            if match:
                return match[0]
        match = [column for column in free if plain(column) in names]
        if len(match) > 1:
            raise InputError(
                f"Several columns could be the role {role!r}: {', '.join(match)}.",
                where=where,
                allowed=f"one column: {ROLES[role]}",
                next_step=f"Say which with --column {role}=NAME.",
            )
        if match:
            return match[0]
    return None


def need(
    found: Mapping[str, str], roles: Sequence[str], columns: Sequence[str], where: str
) -> None:
    """Refuse a file in which a role has no column.

    Raises
    ------
    InputError : it names the missing roles and lists the columns found.
    """
    missing = [role for role in roles if role not in found]
    if missing:
        words = "; ".join(f"{role} ({ROLES[role]})" for role in missing)
        raise InputError(
            f"No column was found for: {words}.",
            where=where,
            allowed=f"the columns found: {', '.join(columns)}",
            next_step=" ".join(["Say", *(f"--column {role}=NAME" for role in missing)]) + ".",
        )
