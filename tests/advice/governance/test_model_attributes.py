"""A freshly trained model answers all 31 questions, from its own card."""

from dataclasses import replace

from nof1.advice.governance.model_attributes import of_model
from nof1.advice.governance.state import State, Verdict


def answers(made):
    return {question.number: told for question, told in made.answers}


def test_no_attribute_of_a_freshly_trained_model_is_blank(trained):
    made = of_model(trained.artefact)
    assert made.blank == ()
    assert len(made.answers) == 31


def test_what_nobody_did_is_said_to_be_missing(trained):
    made = of_model(trained.artefact)
    assert set(made.lacking) == {
        "B.1.ii", "B.6.i", "B.6.ii", "B.6.iii", "B.6.iv", "B.7.iii", "B.7.iv", "B.7.v", "B.8.ii",
        "B.8.iv",
    }  # fmt: skip
    assert made.to_dict()["not_available_beyond_the_regulation"] == ["B.1.ii"]


def test_figures_are_those_of_the_card(trained):
    told = answers(of_model(trained.artefact))
    figure = trained.artefact.json("card.json")["evaluation"]["figures"]["auroc"]
    assert f"auroc {figure['value']:.3f} ({figure['low']:.3f}" in told["B.7.i"].text
    assert str(trained.cohort.frame.height) in told["B.4.i"].text


def test_inputs_are_counted_by_what_they_tell_of_a_person(trained):
    text = answers(of_model(trained.artefact))["B.4.ii"].text
    assert "race: not an input" in text
    count = sum(one.startswith("static/GENDER//") for one in trained.model.columns)
    assert f"sex: {count} of {len(trained.model.columns)} inputs" in text
    assert "date of birth (as age): 1 of" in text


def test_invented_people_are_called_so(trained):
    assert "SYNTHETIC" in answers(of_model(trained.artefact))["B.4.iv"].text


def test_small_groups_are_not_counted_out(trained):
    assert "None" not in answers(of_model(trained.artefact))["B.4.iii"].text


def test_a_verdict_on_this_version_is_local_validity(trained):
    artefact = trained.artefact
    verdict = Verdict("steady", "2024-05-01", artefact.content_hash, "900 predictions compared")
    told = answers(of_model(artefact, State("v", drift={artefact.name: verdict})))["B.8.ii"]
    assert told.available
    assert "900 predictions" in told.text
    old = replace(verdict, content_hash="0" * 64)
    assert not answers(of_model(artefact, State("v", drift={artefact.name: old})))[
        "B.8.ii"
    ].available
