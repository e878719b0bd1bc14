"""A region without choice in words that a clinician reads."""

import pytest

from nof1.learn.effect.regions import Region, Side
from nof1.predict.effect.no_choice import region_words, share_words
from nof1.predict.spec import FeatureSpec

SPEC = FeatureSpec(
    ("SNOMED//1386000", "LOINC//egfr"),
    ("GENE//CYP2C19//Poor Metabolizer",),
    ("PGS//A",),
    windows=("30d", "full"),
    aggregates=("count", "value_last"),
)
NAMES = {"SNOMED//1386000": "Intracranial haemorrhage", "LOINC//egfr": "eGFR"}


@pytest.mark.parametrize(
    ("column", "low", "high", "words"),
    [
        ("age_years", 84.9323, None, "Age in years 84.93 or more"),
        ("age_years", 60.0, 70.0, "Age in years 60 or more, below 70"),
        ("SNOMED//1386000/full/count", 0.5, None, "Intracranial haemorrhage recorded"),
        ("SNOMED//1386000/30d/count", None, 0.5,
         "Intracranial haemorrhage not recorded in the last 30d"),
        ("SNOMED//1386000/full/count", 1.5, None,
         "Intracranial haemorrhage: times, ever 1.5 or more"),
        ("LOINC//egfr/full/value_last", None, 20.0, "eGFR: latest, ever below 20"),
        ("LOINC//egfr/full/value_last", None, None, "eGFR: latest, ever is missing"),
        ("static/GENE//CYP2C19//Poor Metabolizer", 0.5, None, "CYP2C19 Poor Metabolizer recorded"),
        ("a column of another release", 0.5, None, "a column of another release 0.5 or more"),
    ],
)  # fmt: skip
def test_each_kind_of_limit(column, low, high, words):
    region = Region((Side(0, column, low, high),), 1, 40.0, 0.08)
    assert region_words(region, SPEC, NAMES) == words


def test_several_limits_and_how_sure_it_is():
    sides = (Side(0, "age_years", 85.0), Side(3, "LOINC//egfr/full/value_last", None, 20.0))
    region = Region(sides, 1, 40.0, 0.08)
    assert region_words(region, SPEC, NAMES) == (
        "Age in years 85 or more and eGFR: latest, ever below 20"
    )
    assert share_words(region) == "40 such people, at most 8 of 100 of them"
