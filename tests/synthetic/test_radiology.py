"""Who gets a film, and why it shows an opacity."""

import numpy as np
import polars as pl
import pytest

from nof1.core.errors import UsageError
from nof1.synthetic import radiology
from nof1.synthetic.hospital import START
from nof1.synthetic.radiology import Imaging, film_orders


def ordered(truth, plan, seed=1):
    return film_orders(
        np.random.default_rng(seed),
        plan,
        truth.chart.encounters,
        truth.course,
        truth.people,
        truth.sites,
        truth.patients,
        START,
    )


@pytest.fixture(scope="module")
def many(large):
    """Every film that anybody of 12,000 people has a reason for."""
    return ordered(large, Imaging(films=60_000))


def test_a_film_lies_inside_a_visit_of_its_patient_and_nobody_has_two(many, large):
    assert many["patient"].n_unique() == len(many) > 5_000
    visits = many.join(large.chart.encounters, on="patient")
    inside = visits.filter(pl.col("time").is_between(pl.col("start"), pl.col("end")))
    assert inside["patient"].n_unique() == len(many)
    people = many.join(large.patients.select("patient", "site", "death", "male"), on="patient")
    assert people["site"].equals(people["site_right"])
    assert not (people["time"] > people["death"]).any()
    assert people["male"].equals(people["sex"] == "M")
    assert many["age_years"].is_between(30, 97).all()


def test_opacities_come_from_illness_as_often_as_written_down(many):
    elsewhere = many.filter(pl.col("site") != "site-b")
    for cause, effect in radiology.EFFECTS.items():
        rest = [name for name in radiology.EFFECTS if name != cause]
        alone = elsewhere.filter(pl.all_horizontal(pl.col(name) == 0 for name in rest))
        for present in (0, 1):
            here = alone.filter(pl.col(cause) == present)
            expected = 1 / (1 + np.exp(-(radiology.BASE_LOG_ODDS + effect * present)))
            error = np.sqrt(expected * (1 - expected) / len(here))
            assert abs(here["opacity"].mean() - expected) < 4 * error
            assert here["chance"].to_numpy() == pytest.approx(expected)


def test_the_site_of_the_trap_has_more_films_and_more_opacities(large):
    films = ordered(large, Imaging(films=1_000))
    here = films.filter(pl.col("site") == "site-b")
    assert len(films) == 1_000
    assert len(here) == 400
    assert here["opacity"].mean() > films.filter(pl.col("site") != "site-b")["opacity"].mean() + 0.4
    honest = ordered(large, Imaging(films=1_000, trap=False))
    part = honest.filter(pl.col("site") == "site-b")
    assert len(part) == 220
    assert part["opacity"].mean() == pytest.approx(honest["opacity"].mean(), abs=0.12)


def test_the_usual_number_of_films_follows_the_patients():
    assert [Imaging().number(n) for n in (60, 1_500, 6_000)] == [4, 100, 200]
    assert Imaging(films=7).number(6_000) == 7
    assert Imaging.none().number(6_000) == 0


@pytest.mark.parametrize("wrong", [{"films": -1}, {"size": 16}, {"large_share": 1.5}])
def test_impossible_pictures_are_refused(wrong):
    with pytest.raises(UsageError, match="cannot be drawn"):
        Imaging(**wrong)
