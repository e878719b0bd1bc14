"""Units, mixtures, vocabularies, site differences."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest

from nof1.record.quality import Severity, report
from nof1.record.quality.conformance import is_loinc, vocabulary

START = datetime(2023, 1, 1)


def series(values, unit, code="LOINC//2345-7", site="a", first=1):  # type: ignore[no-untyped-def]
    return [
        {
            "subject_id": first + i,
            "code": code,
            "site": site,
            "unit": unit,
            "time": START + timedelta(hours=i),
            "numeric_value": float(v),
        }
        for i, v in enumerate(values)
    ]


def checks(events, as_of, *groups):  # type: ignore[no-untyped-def]
    rows = [row for group in groups for row in group]
    return {p.check: p for p in report(events(*rows), as_of=as_of).problems}


def test_two_units_that_differ_are_critical(events, as_of) -> None:  # type: ignore[no-untyped-def]
    mass, amount = series([95] * 40, "mg/dL"), series([5.3] * 10, "mmol/L", first=50)
    mixture = checks(events, as_of, mass, amount)["unit-mixture"]
    assert (mixture.severity, mixture.count, mixture.of) == (Severity.CRITICAL, 10, 50)
    same = checks(events, as_of, mass, series([95] * 10, "mg/dl", first=50))["unit-mixture"]
    assert same.severity is Severity.WARNING


def test_fahrenheit_among_celsius_is_a_hidden_mixture(events, as_of) -> None:  # type: ignore[no-untyped-def]
    celsius, fahrenheit = np.linspace(36, 39, 40), np.linspace(97, 101, 10)
    rows = series([*celsius, *fahrenheit], "Cel", code="lab//temp of bath")
    mixture = checks(events, as_of, rows)["hidden-mixture"]
    assert (mixture.count, mixture.of) == (10, 50)
    near = [float(word) for word in mixture.what.split("near ")[1].split(" and ")]
    assert 36 <= near[0] <= 39
    assert 97 <= near[1] <= 101


def test_one_wide_distribution_is_no_mixture(events, as_of) -> None:  # type: ignore[no-untyped-def]
    values = np.random.default_rng(1).lognormal(3, 1.2, 400)
    assert "hidden-mixture" not in checks(events, as_of, series(values, "U/L", code="lab//CK"))
    whole = series([0, 1, 1, 2, 2, 3, 4, 5] * 10, "{score}", code="lab//pain")
    assert "hidden-mixture" not in checks(events, as_of, whole)


def test_a_site_that_measures_otherwise(events, as_of) -> None:  # type: ignore[no-untyped-def]
    spread = np.linspace(80, 120, 60)
    here, there = series(spread, "mg/dL"), series(spread / 18, "mg/dL", site="b", first=100)
    difference = checks(events, as_of, here, there, series(spread, "mg/dL", site="c", first=200))
    assert difference["site-difference"].site == "b"
    same = checks(events, as_of, here, series(spread * 1.1, "mg/dL", site="b", first=100))
    assert "site-difference" not in same
    one_patient = [{**row, "subject_id": 100} for row in there]
    assert "site-difference" not in checks(events, as_of, here, one_patient)


def test_unknown_units_and_own_codes(events, as_of) -> None:  # type: ignore[no-untyped-def]
    rows = series([1] * 6, "furlongs", code="lab//length")
    found = checks(events, as_of, rows, series([95], "mg/dL"))
    assert found["unknown-unit"].count == 6
    assert (found["own-codes"].count, found["own-codes"].of) == (6, 7)


def test_a_mistyped_loinc_code(events, as_of) -> None:  # type: ignore[no-untyped-def]
    found = checks(events, as_of, series([1] * 6, "mg/dL", code="LOINC//2345-8"))
    assert found["broken-code"].count == 6


@pytest.mark.parametrize(
    ("code", "valid"),
    [
        ("LOINC//718-7", True),
        ("LOINC//98979-8", True),
        ("LOINC//72166-2//LA18976-3", True),
        ("LOINC//781-7", False),
        ("LOINC//glucose", False),
        ("LOINC//", False),
    ],
)
def test_loinc_check_digit(code: str, valid: bool) -> None:
    assert is_loinc(code) is valid


@pytest.mark.parametrize("code", ["", "//", "ALLERGY//", "END//", "x//y//z//w"])
def test_odd_codes_have_some_vocabulary(code: str) -> None:
    assert isinstance(vocabulary(code), str)
