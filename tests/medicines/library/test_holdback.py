"""The gate: planted signals pass, weight and chance do not."""

import numpy as np
import pytest

from medicines.library.samples import CORES, MOLECULES, SULFONAMIDES, TAILS
from nof1.medicines.chemistry.molecules import standardise
from nof1.medicines.library import holdback
from nof1.medicines.library.actives import compounds
from nof1.medicines.library.holdback import CHANCE, hold_back
from nof1.medicines.library.ranking import HEAVIER, NAIVE, SIMILARITY, TYPICAL, Model

OTHERS = "anything"


def made(smiles):
    return compounds(sorted(set(standardise(smiles).smiles)))


def of_tails(numbers):
    return [core.format(TAILS[number]) for core in CORES for number in numbers]


@pytest.fixture(scope="module")
def rest():
    return made(of_tails([n for n in range(len(TAILS)) if n not in (3, 7)]))


def test_a_group_that_actives_share_across_series_is_found(rest):
    check = hold_back(made(SULFONAMIDES), rest, OTHERS)
    assert check.passed, check.reasons
    assert check.reasons == ()
    assert (check.actives, check.series) == (40, 9)  # two of the cores have one scaffold
    assert set(check.differences) == {CHANCE, *NAIVE}
    assert check.figures[SIMILARITY]["auroc"].value > 0.8


def test_random_actives_are_refused_as_not_better_than_chance():
    every = made(MOLECULES)
    order = np.random.default_rng(5).permutation(len(every))
    check = hold_back(every.part(order[:20]), every.part(order[20:]), OTHERS)
    assert not check.passed
    assert any("not better than a random order" in reason for reason in check.reasons)


def test_what_weight_alone_explains_is_refused():
    """Long chains on every ring: any ranking finds them, and so does the weight."""
    every = made(MOLECULES)
    heavy = np.argsort(every.weights)[-25:]
    light = np.argsort(every.weights)[:-25]
    check = hold_back(every.part(heavy), every.part(light), OTHERS)
    assert not check.passed
    assert any("molecular weight" in reason for reason in check.reasons)
    assert check.figures[HEAVIER]["auroc"].value == 1.0


@pytest.mark.parametrize("count", [1, 9])
def test_too_few_actives_are_said(rest, count):
    check = hold_back(made(of_tails([3])).part(np.arange(count)), rest, OTHERS)
    assert not check.passed
    assert f"{count} known actives" in check.reasons[0]
    assert check.figures == {}


def test_one_series_is_too_few(rest):
    series = made([f"c1ccccc1{'C' * n}O" for n in range(1, 20)])
    check = hold_back(series, rest, OTHERS)
    assert "of 1 chemical series" in check.reasons[0]


def test_no_series_is_on_both_sides(rest, monkeypatch):
    seen = []
    scores = holdback._scores

    def spy(test, train, *others):
        seen.append((set(test.series()), set(train.series())))
        return scores(test, train, *others)

    monkeypatch.setattr(holdback, "_scores", spy)
    actives = made(of_tails([3, 7]))
    hold_back(actives, rest, OTHERS)
    assert len(seen) == holdback.FOLDS
    assert all(not test & train for test, train in seen)
    assert set().union(*(test for test, _ in seen)) == set(actives.series())


def test_a_model_is_tested_only_on_series_that_it_has_not_seen(rest):
    actives = made(SULFONAMIDES)
    known = frozenset(s for s in actives.smiles if s.endswith("c1ccccc1"))  # benzene's series
    seen = [s for s in actives.series() if s == "c1ccccc1"]
    every = set(actives.smiles)
    perfect = Model("oracle", lambda some: np.array([one in every for one in some], float), known)
    check = hold_back(actives, rest, OTHERS, perfect)
    assert known
    assert check.actives == len(actives) - len(seen)
    assert check.others == sum(one != "c1ccccc1" for one in rest.series())
    assert check.passed
    assert check.ranking == f"{SIMILARITY}, and oracle"
    assert check.figures["oracle"]["auroc"].value == 1.0
    everything = Model("oracle", perfect.predict, frozenset(actives.smiles))
    refused = hold_back(actives, rest, OTHERS, everything)
    assert "without those that oracle was trained on" in refused.reasons[0]


def test_the_same_seed_gives_the_same_figures(rest):
    actives = made(of_tails([3, 7]))
    one, two = (hold_back(actives, rest, OTHERS).to_dict() for _ in range(2))
    assert one == two
    assert set(one["figures"]) == {SIMILARITY, HEAVIER, TYPICAL}
