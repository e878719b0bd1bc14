"""Medicines taken together: names, and advice by the genes and under the other medicines."""

from __future__ import annotations

import pytest

from genome import reporting
from nof1.core.errors import UsageError
from nof1.genome.regimen import advice_rows, known, under
from nof1.genome.results import Outcome


@pytest.fixture
def facts(tmp_path):
    return reporting.base(tmp_path / "facts")


def test_names_become_those_of_the_facts_each_once():
    assert known(["Clopidogrel", " clopidogrel", "rifampicin"]) == ("clopidogrel", "rifampin")


def test_a_typing_error_is_refused_and_a_strange_name_is_kept():
    with pytest.raises(UsageError) as error:
        known(["clopidogrl"])
    assert "clopidogrel" in str(error.value.allowed)
    assert known(["some new antibody"]) == ("some new antibody",)


def test_a_medicine_with_its_strength_is_that_medicine_and_nothing_is_no_name():
    assert known(["clopidogrel 75 mg", "Tylenol with codeine"]) == ("clopidogrel", "codeine")
    with pytest.raises(UsageError, match="no name"):
        known([" "])


def test_without_current_medicines_all_are_advised_and_nothing_is_converted(facts):
    rows, changes = advice_rows({"CYP2C19": reporting.poor()}, None, facts)
    assert {row["drug"] for row in rows} == {"amitriptyline", "citalopram", "clopidogrel"}
    assert changes == []


def normal_cyp2d6():
    made = reporting.called("CYP2D6", "*1/*1", reporting.NORMAL)
    (one,) = made.phenotypes
    return made._replace(phenotypes=(one._replace(lookup="2.0", score=2.0),))


def test_an_inhibitor_gives_a_second_row_and_both_phenotypes(facts):
    results = {"CYP2D6": normal_cyp2d6()}
    rows, changes = advice_rows(results, ("codeine", "paroxetine"), facts)
    assert [(row["action"], row["under_medicines"]) for row in rows] == [
        ("standard", False),
        ("avoid", True),
    ]
    (change,) = [one for one in changes if one["changed"]]
    assert (change["medicine"], change["phenotype"]) == ("codeine", reporting.NORMAL)
    assert (change["effective"], change["because"]) == (reporting.POOR, ["paroxetine"])


def test_a_medicine_does_not_convert_for_itself(facts):
    results = {"CYP2D6": normal_cyp2d6()}
    rows, changes = advice_rows(results, ("codeine",), facts)
    assert [row["under_medicines"] for row in rows] == [False]
    assert not any(one["changed"] for one in changes)


def test_a_strong_inhibitor_settles_a_gene_of_which_nothing_is_excluded(facts):
    results = {"CYP2D6": reporting.open_cyp2d6()}
    now = under(results, "codeine", ["paroxetine"], facts)["CYP2D6"]
    assert now.outcome is Outcome.CALLED
    assert [(one.phenotype, one.prior) for one in now.phenotypes] == [(reporting.POOR, 1.0)]
    rows, changes = advice_rows(results, ("codeine", "paroxetine"), facts)
    assert [(row["action"], row["under_medicines"]) for row in rows] == [("avoid", True)]
    (change,) = [one for one in changes if one["changed"]]
    assert (change["phenotype"], change["effective"]) == ("not known", reporting.POOR)


def test_a_moderate_inhibitor_leaves_it_open(facts):
    results = {"CYP2D6": reporting.open_cyp2d6()}
    assert under(results, "codeine", ["duloxetine"], facts)["CYP2D6"] == results["CYP2D6"]
    rows, changes = advice_rows(results, ("codeine", "duloxetine"), facts)
    assert rows == []
    assert all(one["effective"] == "not known" for one in changes)
