"""Sorts of events: each code has one, and each asks for a scope of the record."""

import polars as pl
import pytest

from nof1.record.store import Record
from nof1.web.access.desk import open_desk
from nof1.web.access.emergency import mark
from nof1.web.access.scopes import PATIENT_KINDS
from nof1.web.site.kinds import FINDINGS, KINDS, after, is_kind, kind_of, of_kinds


def test_every_code_of_a_record_has_exactly_one_sort(site_workspace):
    codes = Record(site_workspace.record).codes().select("code").unique()
    for one in KINDS:
        mine = codes.filter(is_kind(one))["code"].to_list()
        assert {kind_of(code).name for code in mine} <= {one.name}
    assert sum(codes.filter(is_kind(one)).height for one in KINDS) == codes.height


def test_scopes_are_those_of_a_patients_record():
    assert {one.scope for one in KINDS} | set(FINDINGS.values()) <= PATIENT_KINDS


def test_no_sort_is_no_row():
    rows = pl.DataFrame({"code": ["LOINC//1", "GENE//A", "X//1"]})
    assert of_kinds(rows, ()).height == 0
    assert of_kinds(rows, KINDS).height == 3
    assert of_kinds(rows, (kind_of("X//1"),))["code"].to_list() == ["X//1"]


@pytest.mark.parametrize(
    ("unit", "said"),
    [(None, ""), ("1", ""), ("{score}", ""), ("/min", " /min"), ("kg/m2", " kg/m²"), ("%", " %")],
)
def test_units_as_people_write_them(unit, said):
    assert after(unit) == said


def test_an_emergency_is_noted_at_the_door_and_not_for_each_part(guarded, site_workspace, places):
    """Break glass: the pages open, each look is in the log, and the log stays readable."""
    from nof1.core import audit

    who = places["patient"]
    reader = guarded.browser("clinician", name="eva-emergency")
    assert reader.get(f"/patients/{who}").status_code == 403
    desk = open_desk(site_workspace)
    marked = mark(site_workspace.audit, who)
    desk.emergencies.begin("local:eva-emergency", marked, "emergency", "chest pain in the hall")
    desk.close()
    before = sum(1 for _ in audit.entries(site_workspace.audit))
    assert reader.get(f"/patients/{who}").status_code == 200
    new = list(audit.entries(site_workspace.audit))[before:]
    assert [one["action"] for one in new].count("EMERGENCY USE") in (1, 2)
    assert [one["action"] for one in new].count("page patient") == 1
