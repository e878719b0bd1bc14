"""Checks of delays and revisions."""

from datetime import date, timedelta

import polars as pl

from nof1.surveillance.checks import revisions
from nof1.surveillance.store import REPORTS, VERSIONS

START = date(2024, 1, 1)


def reports(*rows):
    full = [(p, "", START + timedelta(d), START + timedelta(r), n, 0) for p, d, r, n in rows]
    return pl.DataFrame(full, schema=REPORTS, orient="row")


def versions(*rows):
    full = [(p, "", START + timedelta(d), v, START + timedelta(k)) for p, d, v, k in rows]
    return pl.DataFrame(full, schema=VERSIONS, orient="row")


def test_delays_of_reports():
    remark = revisions.of_reports(reports(("A", 0, 0, 60), ("A", 0, 3, 30), ("A", 5, 25, 10)))
    spot = remark.spots[0]
    assert spot.words == "half within 0 days, 95% within 20"
    assert (spot.count, spot.example) == (100, START + timedelta(5))


def test_cases_taken_back():
    remark = revisions.negative_reports(reports(("A", 0, 0, 5), ("A", 0, 9, -2), ("B", 0, 0, 5)))
    assert [(s.place, s.count, s.example) for s in remark.spots] == [("A", 2, START + timedelta(9))]
    assert revisions.negative_reports(reports(("A", 0, 0, 5))).state == "clear"


def test_cumulative_triangles_are_seen():
    rising = [("A", d, d + k, 5 + 3 * k) for d in range(20) for k in range(6)]
    falling = [("A", d, d + k, 30 - 5 * k) for d in range(20) for k in range(6)]
    assert revisions.cumulative_reports(reports(*rising))
    assert not revisions.cumulative_reports(reports(*falling))
    assert not revisions.cumulative_reports(reports(*rising[:20]))


def test_sizes_of_revisions():
    remark = revisions.of_versions(
        versions(
            ("A", 0, 10.0, 2),  # on the first known day: its own past is not known
            ("A", 0, 50.0, 9),
            ("A", 7, 100.0, 9),
            ("A", 7, 110.0, 16),
            ("A", 14, 20.0, 16),
            ("A", 14, 30.0, 30),
            ("A", 21, 5.0, 30),
        )
    )
    spot = remark.spots[0]
    assert spot.words.startswith("2 of 3 values; half by 30% or more, at most 50%, up to 14 days")
    assert (spot.count, spot.example) == (2, START + timedelta(14))


def test_one_version_cannot_be_checked():
    assert revisions.of_versions(versions(("A", 0, 1.0, 2))).state == "not_checked"
    unchanged = versions(("A", 0, 1.0, 2), ("A", 7, 1.0, 9))
    assert revisions.of_versions(unchanged).state == "clear"
