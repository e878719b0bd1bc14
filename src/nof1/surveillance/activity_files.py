"""Activity as exposures: a folder that ``nof1 ingest`` joins to the patients of each region.

    exposures.yaml                           the description, ``nof1/exposures/1``
    influenza-activity-2024-01-10.csv        one file for each as-of day; all of them are described

Each patient who lives in a region gets four events dated on the as-of day, and *recorded* at the
end of that day, because only then could anybody know what was reported on it:

    EXPOSURE//influenza_activity//high       1; or //low, //moderate, //very_high, //not_known
    EXPOSURE//influenza_trend//rising        1; or //stable, //falling, //not_known
    EXPOSURE//influenza_incidence            cases per 100,000 people in the newest week used
    EXPOSURE//influenza_data_age             days from the end of that week to the as-of day

A file keeps its name, so that importing it again adds nothing and a later day replaces nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from nof1.core.errors import UsageError
from nof1.surveillance.activity import FALLING, LEVELS, NOT_KNOWN, RISING, STABLE, Activity

LEVEL, TREND, INCIDENCE, AGE = "activity", "trend", "incidence", "data_age"
TRENDS = (RISING, STABLE, FALLING, NOT_KNOWN)
DISEASE = re.compile(r"[a-z][a-z0-9_]{0,39}")
PER_WEEK = "{cases/100k/wk}"  # an annotation: a UCUM rate would be turned into 1/s


def disease_word(text: str) -> str:
    """A name as it stands in a code: small letters, digits and ``_``.

    Raises
    ------
    UsageError : nothing usable is left.

    >>> disease_word("Influenza (lab)")
    'influenza_lab'
    """
    word = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    if not DISEASE.fullmatch(word):
        raise UsageError(
            "No name of a disease can be made from this.",
            where="--disease",
            allowed="a letter, then letters, digits or _; at most 40",
        )
    return word


def table(disease: str, found: Sequence[Activity], *, synthetic: bool) -> pl.DataFrame:
    """One row a place: region, known_on, one column a code (empty: not that one), origin."""
    levels = [f"{disease}_{LEVEL}//{slug(level)}" for level in (*LEVELS, NOT_KNOWN)]
    trends = [f"{disease}_{TREND}//{slug(trend)}" for trend in TRENDS]
    rows = []
    for one in found:
        chosen = {f"{disease}_{LEVEL}//{slug(one.level)}", f"{disease}_{TREND}//{slug(one.trend)}"}
        rows.append(
            {
                "region": one.place,
                "known_on": one.known_on,
                **{name: 1 if name in chosen else None for name in (*levels, *trends)},
                f"{disease}_{INCIDENCE}": one.incidence,
                f"{disease}_{AGE}": one.age_days,
                "origin": "SYNTHETIC" if synthetic else "reported",
            }
        )
    kinds: dict[str, pl.DataType] = {"region": pl.String(), "known_on": pl.Date()}
    kinds |= {name: pl.Int64() for name in (*levels, *trends)}
    kinds |= {f"{disease}_{INCIDENCE}": pl.Float64(), f"{disease}_{AGE}": pl.Int64()}
    return pl.DataFrame(rows, schema={**kinds, "origin": pl.String()})


def slug(word: str) -> str:
    """A level or trend as it stands in a code."""
    return word.replace(" ", "_")


def write(
    folder: Path, disease: str, days: Sequence[Sequence[Activity]], *, synthetic: bool
) -> list[Path]:
    """Write one file for each as-of day, and describe all that are in the folder; their paths.

    Parameters
    ----------
    days : the activity of all places, one list for each as-of day.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for found in days:
        if found:
            paths.append(folder / f"{disease}-activity-{found[0].known_on}.csv")
            rows = table(disease, found, synthetic=synthetic)
            rows.write_csv(paths[-1], float_precision=2)
    (folder / "exposures.yaml").write_text(_description(folder), encoding="utf-8", newline="\n")
    return paths


def _description(folder: Path) -> str:
    lines = [
        "# Epidemic activity of each region as it was known on each day (nof1 surveillance "
        "activity).",
        "# Homes come from REGION//... events; known_on is the as-of day, and a row counts as",
        "# recorded at its end.",
        "schema: nof1/exposures/1",
        "patients: {code: REGION}",
        "tables:",
    ]
    for path in sorted(folder.glob("*-activity-????-??-??.csv")):
        disease = path.name.rsplit("-activity-", 1)[0]
        lines += [
            f"  - file: {path.name}",
            "    region: region",
            "    date: known_on",
            "    period: day",
            "    values:",
            *(f"      {name}: {unit}" for name, unit in _units(disease).items()),
        ]
    return "\n".join(lines) + "\n"


def _units(disease: str) -> dict[str, str]:
    levels = [f"{disease}_{LEVEL}//{slug(level)}" for level in (*LEVELS, NOT_KNOWN)]
    trends = [f"{disease}_{TREND}//{slug(trend)}" for trend in TRENDS]
    flags = {f'"{name}"': '"1"' for name in (*levels, *trends)}
    return {**flags, f"{disease}_{INCIDENCE}": f'"{PER_WEEK}"', f"{disease}_{AGE}": "d"}
