import numpy as np
import pytest

from nof1.core.errors import InputError
from nof1.medicines.response.units import check_spans, converted, measure_of, unit_named


def test_the_same_concentration_in_each_unit_is_one_number():
    in_um = np.array([0.5, 3.0])
    wanted = np.log(in_um)
    np.testing.assert_allclose(converted(in_um, "uM"), wanted)
    np.testing.assert_allclose(converted(in_um * 1000, "nM"), wanted)
    np.testing.assert_allclose(converted(np.log10(in_um), "log10_uM"), wanted)
    np.testing.assert_allclose(converted(np.log(in_um), "ln_uM"), wanted)


def test_a_missing_value_stays_missing():
    assert np.isnan(converted(np.array([np.nan, 1.0]), "uM")[0])


def test_numbers_that_the_unit_makes_impossible_are_refused():
    with pytest.raises(InputError, match="3 values are zero or negative"):
        converted(np.array([-1.0, -2.0, 0.0, 4.0]), "uM")
    with pytest.raises(InputError, match="Unit chaos"):
        converted(np.array([120.0, 5000.0, 30.0]), "ln_uM")
    with pytest.raises(InputError, match="areas are negative"):
        converted(np.array([-0.2, 0.9]), "AUC")


def test_areas_and_concentrations_do_not_mix():
    assert measure_of(["nM", "uM"]) == "ln_ic50_um"
    assert measure_of(["AUC"]) == "auc"
    with pytest.raises(InputError, match="AUC 1 rows, nM 2 rows"):
        measure_of(["nM", "AUC", "nM"])


def test_an_unknown_unit_names_those_that_are_known():
    with pytest.raises(InputError) as error:
        unit_named("mg/l")
    assert "nM" in error.value.allowed


def test_two_units_within_one_drug_are_seen():
    with pytest.raises(InputError) as error:
        check_spans(np.array([[0.0, 1.0], [26.0, 2.0]]), ["a", "b"])
    assert error.value.where == "response table: a"
