import numpy as np
import pytest
from bench import federation_prepare as prepare

HEAD = [*prepare.NUMBERS, *prepare.CHOICES, "death", "d.time", "hospdead", "surv2m", "dzclass"]


@pytest.fixture
def path(tmp_path):
    people = [
        {"age": "60", "sex": "male", "race": "white", "ca": "no", "income": "under $11k",
         "dzgroup": "CHF", "death": "1", "d.time": "100", "hospdead": "1"},
        {"age": " 71.5", "sex": "female", "race": "", "ca": "yes", "income": "",
         "dzgroup": "Coma", "death": "1", "d.time": "181"},
        {"age": "", "sex": "female", "race": "black", "ca": "no", "income": "under $11k",
         "dzgroup": "CHF", "death": "0", "d.time": "2029"},
    ]  # fmt: skip
    lines = [",".join(HEAD)]
    lines += [",".join(one.get(name, "") for name in HEAD) for one in people]
    target = tmp_path / "support2.csv"
    target.write_text("\n".join(lines))
    return target


def test_sites_are_the_values_of_a_real_variable(path):
    found = prepare.support2(path, "dzgroup")
    assert found["sites"].tolist() == ["CHF", "Coma"]
    assert found["site"].tolist() == [0, 1, 0]
    assert prepare.support2(path, "income")["sites"].tolist() == ["not known", "under $11k"]


def test_outcomes_are_death_within_the_horizon_and_time_up_to_the_last_day(path):
    found = prepare.support2(path, "dzgroup")
    assert found["y"].tolist() == [1, 0, 0]
    assert found["days"].tolist() == [100, 181, prepare.LAST_DAYS]
    assert found["cause"].tolist() == [1, 1, 0]


def test_no_feature_knows_the_outcome_and_gaps_stay_gaps(path):
    found = prepare.support2(path, "dzgroup")
    names = found["names"].tolist()
    assert not [one for one in names if one.startswith(("hospdead", "surv", "death", "d.time"))]
    age = found["X"][:, names.index("age")]
    assert age[:2].tolist() == [60, 71.5]
    assert np.isnan(age[2])
    assert "sex: male" in names
    assert "sex: female" not in names  # it would be the same column turned over


def test_income_is_no_feature_where_it_makes_the_sites(path):
    by_income = prepare.support2(path, "income")["names"].tolist()
    assert not [one for one in by_income if one.startswith("income")]
    by_disease = prepare.support2(path, "dzgroup")["names"].tolist()
    assert "income: under $11k" in by_disease
    assert "dzgroup: Coma" in by_disease
