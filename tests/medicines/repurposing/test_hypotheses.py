"""Hypotheses: marked, with a path, never what is known or was found to be no treatment."""

import json

import numpy as np
import pytest

from nof1.core.errors import UsageError
from nof1.knowledge.indications import diseases
from nof1.medicines.repurposing import hypotheses
from nof1.medicines.repurposing.hypotheses import MARK, Evidence, evidence, repurpose
from nof1.medicines.repurposing.likeness import Likeness
from nof1.medicines.repurposing.pairs import Pairs, pairs


@pytest.fixture(scope="module")
def given():
    return evidence(pairs())


@pytest.fixture(scope="module")
def parkinson(given):
    return repurpose("Parkinson's disease", given, most=100)


def test_each_candidate_is_marked_and_has_a_path_and_the_naive_score(parkinson):
    rows = json.loads(json.dumps(parkinson.to_dict(), allow_nan=False))["hypotheses"]
    assert len(rows) == 100
    assert [row["rank"] for row in rows] == list(range(1, 101))
    assert all(row["status"] == MARK and row["path"] for row in rows)
    assert all(row["naive_score"] >= 1 and row["naive_rank"] >= 1 for row in rows)
    scores = [row["score"] for row in rows]
    assert scores == sorted(scores, reverse=True)
    steps = [step for row in rows for step in row["path"]]
    assert all(
        step["text"] and (step["weight"] > 0) != (step["signal"] == "class") for step in steps
    )
    assert all(row["path"][0]["signal"] != "class" for row in rows)


def test_known_and_refused_medicines_are_never_proposed(given):
    for name in diseases():
        column = given.pairs.diseases.index(name)
        used, refused = given.pairs.used[:, column], given.pairs.refused[:, column]
        assert not (used & refused).any()
    for name in ("idiopathic pulmonary fibrosis", "intracranial hemorrhage", "hypertension"):
        done = repurpose(name, given, most=600)
        proposed = {one.medicine for one in done.hypotheses}
        assert proposed
        assert not proposed & {*done.known, *done.refused}
    assert "warfarin" in repurpose("intracranial hemorrhage", given).refused


def test_what_the_disease_speaks_against_is_never_proposed(given):
    done = repurpose("heart failure", given, most=600)
    assert "indomethacin" in done.against
    assert not {one.medicine for one in done.hypotheses} & set(done.against)


def test_the_path_tells_the_truth(parkinson, given):
    row = next(one for one in parkinson.hypotheses if one.medicine == "pregabalin")
    words = {step.signal: step.text for step in row.path}
    assert words["chapter"].endswith(
        "nervous system: epilepsy syndrome, multiple sclerosis, restless legs syndrome"
    )
    used, medicines = given.pairs.used, given.pairs.medicines
    near, column = (
        given.pairs.diseases.index(n) for n in ("restless legs syndrome", "Parkinson's disease")
    )
    both = [
        name
        for name, shared in zip(medicines, used[:, near] & used[:, column], strict=True)
        if shared
    ]
    assert (
        f"restless legs syndrome ({', '.join(both[:3])} and {len(both) - 3} more)"
        in words["neighbours"]
    )


def test_a_perhaps_known_class_is_remarked(given):
    done = repurpose("heart failure", given, most=100)
    row = next(one for one in done.hypotheses if one.medicine == "trandolapril")
    assert row.path[-1].signal == "class"
    assert row.path[-1].weight == 0
    assert "(-pril)" in row.path[-1].text or "pril)" in row.path[-1].text


def test_a_disease_without_medicines_gets_a_coarse_list_with_a_caution(given):
    done = repurpose("periodontitis", given)
    assert done.judged[0].split == "leave-disease"
    assert "coarse" in done.caution
    assert {step.signal for one in done.hypotheses for step in one.path} == {"chapter"}


def test_a_disease_that_nothing_leads_to_is_withheld(given):
    done = repurpose("anemia", given)
    assert done.withheld
    assert done.to_dict()["status"] == "withheld"
    assert done.hypotheses == ()


def test_a_model_no_better_than_popularity_is_withheld():
    known = pairs()
    rng = np.random.default_rng(5)
    popular = np.linspace(0.0, 0.15, len(known.medicines))[:, None]
    used = rng.random(known.used.shape) < popular
    noise = Pairs(known.medicines, known.diseases, used, np.zeros_like(used))
    nothing = Likeness(np.zeros((len(noise.medicines),) * 2), np.zeros((len(noise.diseases),) * 2))
    done = repurpose("gout", Evidence(noise, nothing))
    assert "no better than popularity" in done.reason
    assert done.hypotheses == ()


def test_shared_targets_enter_the_path(tmp_path):
    path = tmp_path / "targets.csv"
    path.write_text("medicine,target\nalteplase,PLG\nbumetanide,SLC12A1\nfurosemide,SLC12A1\n")
    made = evidence(pairs(), targets=path)
    assert made.notes == {"medicine not in the table of indications": 1}
    guide = hypotheses.Guide(
        made.pairs, made.likeness, made.pairs.diseases.index("heart failure"), made.targets
    )
    step = guide.steps(made.pairs.medicines.index("bumetanide"), {"target": 1.0})
    assert step[0].text == "same target as furosemide, its medicine (SLC12A1)"


def test_an_unknown_disease_is_met_with_near_names(given):
    with pytest.raises(UsageError) as error:
        repurpose("parkinson diseas", given)
    assert error.value.allowed[0] == "Parkinson's disease"
