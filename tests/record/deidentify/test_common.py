"""Words that enough patients share."""

from nof1.record.deidentify.common import ENOUGH, Common


def test_enough_different_patients_make_a_word_common():
    common = Common()
    for number in range(ENOUGH):
        assert not common.shared("display", "Glucose")
        for _ in range(3):
            common.see(f"p{number}", "display", "Glucose")
    assert common.shared("display", "Glucose")
    common.see("one more", "display", "Glucose")
    assert common.shared("display", "Glucose")


def test_one_patient_many_times_is_one_patient():
    common = Common()
    for _ in range(100):
        common.see("p", "x")
        common.see(None, "x")
    assert not common.shared("x")
    assert not common.shared("never seen")
