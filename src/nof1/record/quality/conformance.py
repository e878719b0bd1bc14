"""Does it follow the rules? Units, hidden mixtures, vocabularies, codes, site differences."""

from __future__ import annotations

import re

import polars as pl

from nof1.core.units import ucum
from nof1.record.quality.problem import SMALL, Problem, Severity
from nof1.record.quality.tally import BINS_PER_OCTAVE, Tally, bin_value

VOCABULARIES = frozenset(
    {"LOINC", "SNOMED", "RxNorm", "ICD10CM", "ICD10", "ICD9CM", "ICD10PCS", "ICD9Proc", "CPT4"}
    | {"HCPCS", "CVX", "ATC", "NDC", "PGS", "GENE", "GENDER", "RACE", "ETHNICITY"}
)
ROLES = frozenset({"ALLERGY", "FAMILY", "END", "ENCOUNTER_TYPE"})
OWN_EVENTS = frozenset({"MEDS_BIRTH", "MEDS_DEATH", "ENCOUNTER", "ENCOUNTER_END", "IMAGING"})
OWN_EVENTS |= {"EXPOSURE", "LIFESTYLE", "REGION", "BIRTHSEX", "NOTE", "VISIT_DETAIL"}
OWN_EVENTS |= {"VISIT_DETAIL_END", "OBSERVATION_PERIOD", "END_OF_FOLLOW_UP"}
GAP_OCTAVES = 1.25
GAP_SHARE = 0.02
MIN_VALUES = 30
MIN_PATIENTS = 10
SITE_RATIO = 1.5


def vocabulary(code: str) -> str:
    """The vocabulary a code belongs to, without its role.

    >>> vocabulary("ALLERGY//RxNorm//1191"), vocabulary("lab//FiO2"), vocabulary("MEDS_BIRTH")
    ('RxNorm', 'lab', 'nof1')
    """
    parts = code.split("//")
    if parts[0] in ROLES and len(parts) > 1:
        parts = parts[1:]
    return "nof1" if parts[0] in OWN_EVENTS else parts[0]


def unit_mixtures(tally: Tally) -> list[Problem]:
    """Codes with values in two or more units; critical where the values differ as well."""
    found = []
    middle = medians(tally, ["code", "unit"])
    for (code,), rows in middle.partition_by("code", as_dict=True).items():
        rows = rows.filter(pl.col("unit") != "").sort("n", descending=True)
        if len(rows) < 2:
            continue
        usual, count, total = rows["unit"][0], int(rows["n"][1:].sum()), int(rows["n"].sum())
        others = ", ".join(rows["unit"].to_list()[1:9]) + (", ..." if len(rows) > 9 else "")
        solid: list[float] = rows.filter(pl.col("n") >= SMALL)["median"].to_list()
        differ = len(solid) > 1 and max(solid) > SITE_RATIO * min(solid)
        found.append(
            Problem(
                check="unit-mixture",
                severity=Severity.CRITICAL if differ else Severity.WARNING,
                what=f"Not in the usual unit {usual!r} but in: {others}",
                count=count,
                of=total,
                things="values",
                code=str(code),
                why="One code, two scales: a model compares numbers that do not compare.",
                next_step="Correct them at the source, or with `translate` in the mapping file.",
            )
        )
    return found


def hidden_mixtures(tally: Tally) -> list[Problem]:
    """Values under one unit that fall into groups with nothing between: two units, one label.

    Groups are parted by gaps on the logarithmic scale (more than a factor 2.4) and count when
    they hold 2 % of the values and at least 5.
    """
    found = []
    positive = tally.values.filter(pl.col("bin") > 0)
    values = positive.group_by("code", "unit", "bin").agg(pl.col("n").sum()).sort("code", "unit")
    for (code, unit), rows in values.partition_by("code", "unit", as_dict=True).items():
        groups = _groups(rows.sort("bin"))
        total = int(rows["n"].sum())
        if len(groups) < 2 or total < MIN_VALUES:
            continue
        found.append(
            Problem(
                check="hidden-mixture",
                severity=Severity.WARNING,
                what=f"{len(groups)} separate groups of values, all labelled "
                f"{str(unit) or 'without unit'!r}: near {_listed(groups['median'])}",
                count=total - max(groups["n"].to_list()),
                of=total,
                things="values",
                code=str(code),
                why="Looks like two units under one label (a share as 0.4 and as 40 %, degrees "
                "Celsius and Fahrenheit).",
                next_step="Look at the groups in the source; split them by site or device, and "
                "convert.",
            )
        )
    return found


def _groups(rows: pl.DataFrame) -> pl.DataFrame:
    """Size and median of each group of neighbouring bins that is large enough."""
    group = (pl.col("bin").diff().fill_null(0) >= GAP_OCTAVES * BINS_PER_OCTAVE).cum_sum()
    half = pl.col("n").cum_sum() * 2 >= pl.col("n").sum()
    middle = bin_value(pl.col("bin")).filter(half).first()
    groups = rows.group_by(group.alias("group"), maintain_order=True).agg(
        median=middle, n=pl.col("n").sum()
    )
    return groups.filter(pl.col("n") >= max(SMALL, GAP_SHARE * int(rows["n"].sum())))


def _listed(values: pl.Series) -> str:
    return " and ".join(f"{value:.3g}" for value in values)


def medians(tally: Tally, by: list[str]) -> pl.DataFrame:
    """Number of values, 5th, 50th and 95th percentile (within 2.2 %) by code, unit or site."""
    cells = tally.values.group_by([*by, "bin"]).agg(pl.col("n").sum()).sort([*by, "bin"])
    share = pl.col("n").cum_sum() / pl.col("n").sum()
    at = {name: bin_value(pl.col("bin")).filter(share >= q).first() for name, q in _QUANTILES}
    return cells.group_by(by, maintain_order=True).agg(pl.col("n").sum(), **at)


_QUANTILES = (("low", 0.05), ("median", 0.5), ("high", 0.95))


def unknown_units(tally: Tally) -> list[Problem]:
    """Units that are no UCUM unit and no known spelling of one, by unit."""
    counts = tally.values.group_by("unit").agg(pl.col("n").sum(), pl.col("code").n_unique())
    rows = counts.filter(pl.col("unit") != "").sort("n", "unit", descending=[True, False])
    total = int(rows["n"].sum())
    return [
        Problem(
            check="unknown-unit",
            severity=Severity.WARNING,
            what=f"Unknown unit {row['unit']!r} in {row['code']} code(s)",
            count=row["n"],
            of=total,
            things="values with a unit",
            why="It is kept apart and never converted, so its values meet no others.",
            next_step="Write it in UCUM at the source, or with `translate` in the mapping file.",
        )
        for row in rows.to_dicts()
        if ucum(row["unit"]) is None
    ]


def own_codes(tally: Tally) -> list[Problem]:
    """The share of events in no standard vocabulary, and codes that break their own rules."""
    counts = tally.facts.group_by("code").agg(pl.col("events").sum()).sort("code")
    total = int(counts["events"].sum())
    by_vocabulary: dict[str, int] = {}
    broken = 0
    for code, events in counts.iter_rows():
        name = vocabulary(code)
        by_vocabulary[name] = by_vocabulary.get(name, 0) + events
        broken += events if name == "LOINC" and not is_loinc(code) else 0
    standard = VOCABULARIES | {"nof1"}
    unmapped = {name: n for name, n in by_vocabulary.items() if name not in standard}
    found = [_unmapped(unmapped, total)] if unmapped else []
    return found + ([_broken(broken, by_vocabulary["LOINC"])] if broken else [])


def _unmapped(unmapped: dict[str, int], total: int) -> Problem:
    names = sorted(unmapped, key=lambda name: (-unmapped[name], name))
    listed = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    return Problem(
        check="own-codes",
        severity=Severity.INFO,
        what=f"Events in a vocabulary of the source's own: {listed}",
        count=sum(unmapped.values()),
        of=total,
        things="events",
        why="A model trained on them cannot be used, or validated, at another hospital.",
        next_step="Map the frequent ones to LOINC, SNOMED CT, RxNorm or ICD-10-CM.",
    )


def _broken(count: int, of: int) -> Problem:
    return Problem(
        check="broken-code",
        severity=Severity.WARNING,
        what="LOINC codes whose check digit is wrong",
        count=count,
        of=of,
        things="LOINC events",
        why="A mistyped code hides its events from every code set.",
        next_step="Compare the codes with the source's dictionary.",
    )


def is_loinc(code: str) -> bool:
    """Whether the number after ``LOINC//`` has LOINC's form and check digit (mod 10, Luhn).

    >>> is_loinc("LOINC//2345-7"), is_loinc("LOINC//2345-8")
    (True, False)
    """
    number = next((p for p in code.split("LOINC//")[-1:]), "").split("//")[0]
    if re.fullmatch(r"(LP|LA|LL|MTHU)\d+-\d", number):
        return True  # parts and answers
    if not re.fullmatch(r"\d{1,6}-\d", number):
        return False
    digits = [int(d) for d in reversed(number[:-2])]
    total = sum(sum(divmod(d * 2, 10)) if i % 2 == 0 else d for i, d in enumerate(digits))
    return (10 - total % 10) % 10 == int(number[-1])


def site_differences(tally: Tally) -> list[Problem]:
    """Measured values whose usual range at one site lies wholly outside the others' median.

    Only where a site has 30 values of 10 patients: one patient's kidney is no site's habit.
    """
    by = ["code", "unit", "site"]
    patients = tally.facts.filter(pl.col("patients") >= MIN_PATIENTS).select("code", "site")
    here = medians(tally, by).filter(pl.col("n") >= MIN_VALUES).join(patients, on=["code", "site"])
    everywhere = medians(tally, ["code", "unit"]).select("code", "unit", all="median")
    rows = here.join(everywhere, on=["code", "unit"]).filter(
        (pl.len().over("code", "unit") > 1)
        & ((pl.col("all") < pl.col("low")) | (pl.col("all") > pl.col("high")))
    )
    return [
        Problem(
            check="site-difference",
            severity=Severity.WARNING,
            what=f"Median {row['median']:.3g} here, {row['all']:.3g} over all sites "
            f"({row['unit'] or 'no unit'})",
            count=row["n"],
            of=row["n"],
            things="values",
            code=row["code"],
            site=row["site"] or None,
            why="A different unit, device or population: a model learns the site instead.",
            next_step="Compare unit and method with the other sites before pooling.",
        )
        for row in rows.sort(by).to_dicts()
    ]
