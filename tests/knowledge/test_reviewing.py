"""Rules of a workspace's own, and reviews: written whole, never over somebody's table."""

from datetime import date

import pytest

from nof1.core.errors import InputError, UsageError
from nof1.knowledge import age, reviewing, rows
from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.check import check
from nof1.knowledge.release import write_manifest

ON, UNTIL = date(2026, 11, 20), date(2027, 11, 20)


def sign(base, **more):
    found = reviewing.found(age.TABLE, "promethazine", base)
    given = {"reviewer": "A. Person", "role": "pharmacist", "on": ON, "until": UNTIL}
    return reviewing.sign(age.TABLE, found, base, **{**given, **more})


def test_rows_are_found_by_any_of_their_cells():
    found = reviewing.found(age.TABLE, "PROMETHazine", SHIPPED)
    assert "promethazine" in {row["subject"] for row in found}
    assert all("promethazine" in " ".join(row.values()).lower() for row in found)
    assert reviewing.found(age.TABLE, "zorblax", SHIPPED) == []
    with pytest.raises(UsageError):
        reviewing.found("../secrets.tsv", "x", SHIPPED)


def test_a_table_is_copied_once(tmp_path):
    base = Base(tmp_path / "knowledge")
    path = reviewing.own(age.TABLE, base)
    assert path.read_text() == SHIPPED.text(age.TABLE)
    with pytest.raises(InputError):
        reviewing.own(age.TABLE, base)
    for table, where in (("drugs.tsv", base), (age.TABLE, SHIPPED), ("../x.tsv", base)):
        with pytest.raises(UsageError):
            reviewing.own(table, where)


def test_a_review_is_kept_beside_others_and_replaces_its_own(tmp_path):
    base = Base(tmp_path)
    count = len(reviewing.found(age.TABLE, "promethazine", base))
    assert sign(base) == count
    assert sign(base, whole=True) == 1
    assert sign(base, reviewer="B. Person") == count
    kept = rows.reviews(base).values()
    assert sorted(one.reviewer for one in kept) == ["A. Person", *["B. Person"] * count]
    assert all(rows.provenance(age.TABLE, row, base).reviewer for row in base.rows(age.TABLE))


@pytest.mark.parametrize(
    "more",
    [{"reviewer": " "}, {"role": ""}, {"reviewer": "A\tB"}, {"until": ON}, {"role": "x\ny"}],
)
def test_a_review_that_cannot_be_is_refused(tmp_path, more):
    with pytest.raises(UsageError):
        sign(Base(tmp_path), **more)
    assert not (tmp_path / rows.REVIEWS).exists()


def test_there_is_no_review_without_a_workspace():
    with pytest.raises(UsageError):
        sign(SHIPPED)


def test_a_review_after_an_import_is_no_changed_file_but_other_changes_are_still_found(tmp_path):
    base = Base(tmp_path)
    reviewing.own(age.TABLE, base)
    write_manifest(tmp_path)
    sign(base)
    problems = check(Base(tmp_path / ".." / tmp_path.name), date(2026, 11, 25)).problems
    assert not [one for one in problems if "workspace: " in one.where]
    (tmp_path / age.TABLE).write_text((tmp_path / age.TABLE).read_text() + "\n")
    sign(base, reviewer="B. Person")
    problems = check(base, date(2026, 11, 25)).problems
    assert [one.where for one in problems if "workspace: " in one.where] == ["workspace: age.tsv"]
