"""The race with a stand-in challenger, and with Chemprop where it is installed."""

from importlib.util import find_spec

import numpy as np
import pytest

pytest.importorskip("rdkit", reason="needs the extra drugs (rdkit)")

from medicines.properties import samples
from nof1.core.errors import MissingExtra, UsageError
from nof1.medicines.chemistry import splits
from nof1.medicines.properties import card, race, table
from nof1.medicines.properties.figures import Held
from nof1.medicines.properties.train import train


class Oracle:
    """Knows the property: better than any learner. Notes what it was given."""

    name, settings = "Oracle", "knows the answer"

    def __init__(self):
        self.seen = []

    def predict(self, molecules, values, split, *, classify, seed):
        """The truth from the structure, never from the labels of the test compounds."""
        self.seen.append((split, values.shape, classify))
        texts = [samples_text(molecules[row]) for row in split.test]
        truth = [float("O" in t) if classify else samples.solubility(t) for t in texts]
        return np.array(truth)[:, None]


def samples_text(molecule):
    from rdkit.Chem import MolToSmiles

    return MolToSmiles(molecule)


@pytest.fixture(scope="module")
def raced(table_file, tmp_path_factory):
    from nof1.medicines.properties import learner

    rival = Oracle()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learner, "TREES", 5)
        patch.setattr(learner, "TREES_TO_CLASSIFY", 5)
        patch.setattr(learner, "ROUNDS", 20)
        folder = tmp_path_factory.mktemp("raced")
        labels = ["solubility", "polar"]
        return train(folder, table_file, labels, name="made", repeats=1, rival=rival), rival


def test_both_answer_about_the_same_indices(raced):
    _, rival = raced
    expected = splits.random(180, seed=0)
    first, shape, classify = rival.seen[0]
    assert np.array_equal(first.test, expected.test)
    assert (shape, classify) == ((180, 1), False)
    assert rival.seen[1][2] is True
    assert [split.name for split, _, classify in rival.seen if not classify] == [
        "random",
        "scaffold",
        "balanced scaffold",
    ]


def test_where_the_challenger_is_better_the_card_says_so_and_ours_is_kept(raced):
    done, _ = raced
    about = done.card["challenger"]
    one = about["labels"]["solubility"]["random"]
    ours = done.card["labels"][0]["splits"]["random"]["metrics"]["rmse"]
    assert one["ours"]["value"] == pytest.approx(ours["value"])
    assert one["challenger"]["value"] == pytest.approx(0.0, abs=1e-6)
    assert one["difference"]["value"] == pytest.approx(-ours["value"])
    assert one["difference"]["high"] < 0
    assert one["reading"] == race.BETTER
    cost = about["cpu_seconds"]["random"]
    assert cost["ours"] > cost["ours_without_limits"] > 0
    assert set(done.artefact.files) >= {"trees-0.lgb.txt", "card.json"}
    text = done.artefact.files["card.md"].decode()
    assert "The model that is kept is ours." in text
    assert "Oracle is better by more than the interval: solubility (random)" in text
    assert card.challenge_rows(done.card, "solubility")[0][0] == "random"


def test_without_a_race_the_card_has_none(trained):
    assert trained[0].card["challenger"] is None
    assert card.challenge_rows(trained[0].card, "solubility") == []


def pair(y, ours, theirs):
    rows = np.arange(len(y))
    filler = np.zeros(len(y))
    yes = np.ones(len(y), dtype=bool)
    return Held(rows, y, ours, filler, filler, np.array(["inside"] * len(y)), yes, yes), theirs


def test_the_reading_follows_the_direction_of_the_measure():
    generator = np.random.default_rng(1)
    y = generator.normal(size=200)
    near, far = y + 0.1 * generator.normal(size=200), y + generator.normal(size=200)
    read = {
        (a, b): race.compared([pair(y, ours, theirs)], 200, classify=False)["reading"]
        for a, ours in (("near", near), ("far", far))
        for b, theirs in (("near", near), ("far", far))
    }
    assert read["near", "far"] == race.WORSE
    assert read["far", "near"] == race.BETTER
    assert read["near", "near"] == race.LEVEL
    yes = (y > 0).astype(float)
    assert race.compared([pair(yes, far, near)], 200, classify=True)["reading"] == race.BETTER
    assert race.compared([pair(yes, near, far)], 200, classify=True)["reading"] == race.WORSE
    assert race.compared([pair(np.ones(5), y[:5], y[:5])], 5, classify=True) is None


def test_an_unknown_challenger_is_refused_by_name():
    with pytest.raises(UsageError) as error:
        race.challenger("deepchem")
    assert error.value.allowed == ["chemprop"]


@pytest.mark.skipif(find_spec("chemprop") is not None, reason="chemprop is installed here")
def test_without_chemprop_the_command_that_installs_it_is_named():
    with pytest.raises(MissingExtra, match="chemprop") as error:
        race.challenger("chemprop")
    assert error.value.next_step == 'Run: pip install "nof1[chemprop]"'


def test_chemprop_answers_about_the_test_compounds_without_their_labels(table_file):
    pytest.importorskip("chemprop", reason="needs the extra chemprop")
    from nof1.medicines.properties.chemprop import Chemprop

    data = table.load(table_file, ["solubility", "polar"])
    split = splits.random(len(data.keys), seed=0)
    hidden = data.values.copy()
    hidden[split.test] = np.nan
    rival = Chemprop(epochs=8)
    first = rival.predict(data.molecules, hidden[:, :1], split, classify=False, seed=0)
    again = rival.predict(data.molecules, data.values[:, :1], split, classify=False, seed=0)
    assert first.shape == (len(split.test), 1)
    assert np.allclose(first, again)
    assert first.std() > 0
    score = rival.predict(data.molecules, hidden[:, 1:], split, classify=True, seed=0)[:, 0]
    assert ((score >= 0) & (score <= 1)).all()
