import numpy as np
import pytest

from nof1.federation.judging import Groups
from nof1.federation.private import verdict
from nof1.federation.private.glassbox import Recipe
from nof1.federation.private.noise import NoisySum
from nof1.federation.private.plan import Plan
from nof1.federation.private.site import SiteRows
from nof1.federation.private.training import fit
from nof1.learn.sums import federate
from private_samples import GRIDS, NAMES, Replayed, fast, patients, rows

GROUPS = (Groups("sex", ("F", "M")),)
PLAN = Plan.of(3.0, 1e-5)


def run(site, total, groups=GROUPS):
    places = {"sex": (np.nan_to_num(site.X[:, 2]) > 0).astype(np.int64)} if groups else {}
    return fit(site, NAMES, GRIDS, groups, places, PLAN, total, Recipe(), 30.0)


def without(site, row):
    keep = np.arange(len(site.y)) != row
    return SiteRows(site.X[keep], site.y[keep], site.judges[keep], site.half[keep], "")


@pytest.fixture(scope="module", autouse=True)
def quick():
    """Fewer draws behind the intervals: they are made from what was sent and send nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verdict, "AGAIN", 3)
        patch.setattr(verdict, "RESAMPLES", 3)
        yield


@pytest.fixture(scope="module")
def whole():
    site, total = rows(1, 400), Replayed()
    run(site, total)
    return site, total


@pytest.mark.parametrize("row", range(0, 400, 27))
def test_one_patient_moves_no_release_by_more_than_its_sensitivity(whole, row):
    """The heart of it: with the same answers so far, every vector differs by at most what is said.

    And a patient is in the releases of one group only, so the two groups compose side by side.
    """
    site, total = whole
    less = Replayed(total.sent)
    run(without(site, row), less)
    moved = []
    for number, (vector, other) in enumerate(zip(total.sent, less.sent, strict=True)):
        sensitivity, noise = total.limits[number]
        assert less.limits[number] == (sensitivity, noise)
        length = float(np.linalg.norm(vector - other))
        assert length <= sensitivity * (1 + 1e-9)
        if length:
            moved.append(number)
    judge = set(range(len(total.sent) - 2, len(total.sent)))
    assert moved
    assert set(moved) <= judge if site.judges[row] else not set(moved) & judge


def test_the_sensitivities_are_no_luxury(whole):
    """Somebody comes near to each of them; a bound far above would waste the budget."""
    site, total = whole
    nearest = np.zeros(len(total.sent))
    for row in range(0, 400, 20):
        less = Replayed(total.sent)
        run(without(site, row), less)
        for number, (vector, other) in enumerate(zip(total.sent, less.sent, strict=True)):
            share = np.linalg.norm(vector - other) / total.limits[number][0]
            nearest[number] = max(nearest[number], share)
    assert np.all(nearest > 0.7)


def test_the_losses_of_all_releases_are_those_of_the_plan(whole):
    _, total = whole
    losses = [noise**-2 for _, noise in total.limits]
    assert sum(losses[:-2]) == pytest.approx(PLAN.total**-2)
    assert sum(losses[-2:]) == pytest.approx(PLAN.total**-2)


def test_all_sites_get_the_same_model_and_it_has_learnt():
    def site(seed):
        rng = np.random.default_rng(seed)
        return lambda total: run(rows(seed, 1500), NoisySum(total, 3, 1, fast(rng)))

    made = federate([site(seed) for seed in (1, 2, 3)], fixed_point=True)
    X, y, _ = patients(9, 4000)
    risks = [one.private.shapes.decision(X) for one in made]
    assert np.array_equal(risks[0], risks[1])
    assert made[0].verdict.voice.interval.to_dict() == made[2].verdict.voice.interval.to_dict()
    order = risks[0][y == 1][:, None] > risks[0][y == 0][None, :]
    assert order.mean() > 0.7
    assert abs(made[0].patients - 4500) < 200


def test_a_site_without_patients_takes_part(whole):
    empty = SiteRows(np.zeros((0, 4)), np.zeros(0), np.zeros(0, bool), np.zeros(0, np.int64), "")
    _, total = whole
    alone = Replayed(total.sent)
    run(empty, alone)
    assert all(not np.any(vector) for vector in alone.sent)
    assert [len(vector) for vector in alone.sent] == [len(vector) for vector in total.sent]
