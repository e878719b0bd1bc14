"""The page of a treatment effect: what may be said, the emulated trial, fairness, who gains."""

import pytest

import page_samples
from nof1.pictures import effect_charts, pages
from nof1.pictures.views import effect


def page(**changes):
    return pages.render("effect", {**page_samples.effect(), **changes})


def test_what_may_be_said_stands_at_the_top():
    assert "Differences between people are validated" in page()
    found = page_samples.effect(passed=False)
    assert "Withheld: says nothing about single people" in pages.render("effect", found)
    quiet = pages.render("effect", {**found, "withheld": []})
    assert "The average is what is said" in quiet


def test_the_trial_and_the_average_are_in_words_with_the_interval_first():
    text = page()
    assert "The trial that is emulated" in text
    assert "+2.0 to +6.0 points; middle +4.0" in text
    assert "15 to 125" in text
    assert "2,694" in text


def test_a_figure_that_is_none_says_why():
    none = {"value": None, "low": None, "high": None, "level": 0.95, "note": "too few"}
    assert effect.figure(none, True) == "not estimable: too few"
    data = page_samples.effect()
    data["effect"] |= {"difference": none, "ratio": None, "e_value": None}
    data["effect"] |= {"number_needed_to_treat": None}
    data["heterogeneity"] |= {"slope": none, "c_for_benefit": none}
    assert "not estimable: too few" in pages.render("effect", data)


def test_days_are_days():
    found = {"value": 12.4, "low": 3.2, "high": 21.6}
    assert effect.figure(found, False, signed=True) == "+3 to +22 days; middle +12"


def test_a_learner_that_is_nearer_than_the_one_that_speaks_is_marked():
    context = effect.context(page_samples.effect())
    assert [one["nearer"] for one in context["raced"]] == [True, False, False]


def test_balance_draws_what_many_people_have_and_its_table_holds_all():
    row = {"before": 0.2, "after": 0.15, "error": 0.02, "apart": True}
    rare = {"before": 1.5, "after": 1.2, "error": 0.8, "apart": False}
    gone = {"before": None, "after": None, "error": None, "apart": False}
    made = effect_charts.balance(
        [{"name": "age", **row}, {"name": "rare", **rare}, {"name": "gone", **gone}]
    )
    drawn = {one["name"] for layer in made.chart.layer for one in layer.data.values
             if "name" in one}  # fmt: skip
    assert drawn == {"age"}
    assert [cells[0] for cells in made.table.rows] == ["age", "rare"]
    assert "1 differ" in made.description


def test_gains_are_counted_in_points_and_compared_with_a_lot():
    pictures = effect.context(page_samples.effect())["gains"]
    fifths, policy = pictures
    assert fifths.table.rows[0][1] == pytest.approx(10.0)
    assert "Most is gained when 100% get it" in policy.description
    assert policy.table.rows[5][-1] == pytest.approx(4.0)
