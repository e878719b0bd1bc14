"""Questions and feedback say what is asked, what was wrong, and how it is judged."""

from nof1.academy.cases import Lab, Vignette, per_hundred
from nof1.academy.faults import FAULTS
from nof1.academy.telling import classic, surprising


def _chart(**changes):
    plain = {"age": 60, "sex": "man", "problems": [], "medicines": [], "labs": [], "note": ""}
    return Vignette(**{**plain, **changes})


def test_questions_name_day_and_threshold(bank):
    for case in bank:
        assert f"{case.threshold * 100:.0f} of 100 or more" in case.question
        assert "Would you act?" in case.question
        assert case.card["counted_from"][:4] in case.question


def test_feedback_gives_the_truth_and_how_it_is_judged(bank):
    for case in bank:
        assert per_hundred(case.truth.risk) in case.explain
        assert "judged by the true risk" in case.explain
        assert ("not acting was right" in case.explain) == (not case.truth.right)
        assert ("had no heart attack" in case.explain) == (not case.truth.outcome)
        if case.faulty:
            assert case.explain.startswith(FAULTS[case.topic].title)
            assert FAULTS[case.topic].explain in case.explain
        else:
            assert "right" in case.explain


def test_classic_reasons_are_those_of_the_chart():
    lab = Lab(name="LDL cholesterol", value=170, unit="mg/dL", low=None, high=130, day="2021-01-01")
    full = _chart(
        age=80,
        problems=["Type 2 diabetes mellitus, May 2017", "Myocardial infarction, May 2017"],
        labs=[lab],
        note="Smokes.",
    )
    assert classic(_chart()) == []
    assert len(classic(full)) == 5
    assert surprising(full, advised=False)
    assert not surprising(full, advised=True)
    assert surprising(_chart(), advised=True)
    assert not surprising(_chart(), advised=False)


def test_surprising_cases_look_odd_and_others_do_not(bank):
    for case in bank:
        if not case.faulty:
            odd = surprising(case.vignette, case.advised)
            assert odd == (case.topic == "surprising")
