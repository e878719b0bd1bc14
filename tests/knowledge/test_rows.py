"""Provenance of every rule; a review holds for exactly the cells that were reviewed."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from nof1.core.errors import InputError
from nof1.knowledge import age, rows
from nof1.knowledge.base import DATA, SHIPPED, Base

HEAD = (DATA / rows.REVIEWS).read_text(encoding="utf-8").splitlines()[0] + "\n"
TODAY = date(2026, 11, 25)
WHO = "A. Person\tpharmacist\t2026-11-20\t2027-11-20"


def base_with(tmp_path, *reviews, table=age.TABLE):
    shutil.copyfile(DATA / table, tmp_path / table)
    text = HEAD + "".join(f"{line}\n" for line in reviews)
    (tmp_path / rows.REVIEWS).write_text(text, encoding="utf-8")
    return Base(tmp_path)


@pytest.mark.parametrize("table", [*rows.RULES, *rows.BASICS])
def test_every_row_has_a_citation_a_source_a_version_and_a_last_day(table):
    for row in SHIPPED.rows(table):
        found = rows.provenance(table, row)
        assert all((found.citation, found.source, found.version, found.valid_until)), row
        assert found.reviewer == ""  # nobody has signed anything yet
        assert not found.signed(TODAY)


def test_a_review_of_one_row_holds_for_it_alone(tmp_path):
    first, second, *_ = SHIPPED.rows(age.TABLE)
    base = base_with(tmp_path, f"{age.TABLE}\t{rows.key(first)}\t{WHO}")
    found = rows.provenance(age.TABLE, first, base)
    assert found.reviewer == "A. Person (pharmacist), 2026-11-20"
    assert found.valid_until == date(2027, 11, 20)
    assert found.signed(TODAY)
    assert not found.signed(date(2027, 11, 21))
    assert rows.provenance(age.TABLE, second, base).reviewer == ""
    reviewed = [fact for fact in age.limits(base) if rows.review_of(fact, base)]
    assert [fact.text for fact in reviewed] == [first["text"]]


def test_a_changed_cell_takes_the_review_away(tmp_path):
    first = SHIPPED.rows(age.TABLE)[0]
    base = base_with(tmp_path, f"{age.TABLE}\t{rows.key(first)}\t{WHO}")
    assert list(rows.lost(base)) == []
    path = tmp_path / age.TABLE
    path.write_text(path.read_text().replace(first["text"], "Another text.", 1))
    changed = Base(tmp_path / ".." / tmp_path.name)  # another name: tables are read once each
    assert [one.table for one in rows.lost(changed)] == [age.TABLE]
    assert rows.provenance(age.TABLE, changed.rows(age.TABLE)[0], changed).reviewer == ""


def test_a_review_of_a_whole_table(tmp_path):
    whole = rows.table_key(age.TABLE, base_with(tmp_path))
    other = tmp_path / "other"
    other.mkdir()
    base = base_with(other, f"{age.TABLE}\t{whole}\t{WHO}")
    assert all(rows.provenance(age.TABLE, row, base).reviewer for row in base.rows(age.TABLE))
    assert list(rows.lost(base)) == []
    (other / age.TABLE).write_text((other / age.TABLE).read_text() + "\n")
    assert len(list(rows.lost(Base(other / ".." / "other")))) == 1


@pytest.mark.parametrize(
    "line",
    [
        "age.tsv\t0123456789ab\tA. Person\tpharmacist\tyesterday\t2027-11-20",
        "age.tsv\t0123456789ab\t\tpharmacist\t2026-11-20\t2027-11-20",
        "age.tsv\t0123456789ab\tA. Person\tpharmacist\t2026-11-20",
    ],
)
def test_a_review_that_is_not_in_its_form_is_refused(tmp_path, line):
    with pytest.raises(InputError):
        rows.reviews(base_with(tmp_path, line))


def test_two_reviews_of_one_row_are_refused(tmp_path):
    line = f"age.tsv\t0123456789ab\t{WHO}"
    with pytest.raises(InputError):
        rows.reviews(base_with(tmp_path, line, line))


def test_the_page_of_the_order_checks_counts_the_tables_right():
    from nof1.knowledge import burdens, measurements, omissions

    page = (Path(__file__).parents[2] / "docs" / "order-checks.md").read_text(encoding="utf-8")
    assert f"({len(measurements.measurements())} measurements)" in page
    assert f"{len(omissions.omissions())} rows follow START" in page
    scores = {one.score for one in burdens.burdens()}
    assert len(scores) == 9
    assert "in nine scores" in page
    assert all(f"| {score} |" in page for score in scores)
