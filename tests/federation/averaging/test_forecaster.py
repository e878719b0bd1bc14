"""``forecaster`` from series to members that the surveillance room uses, at three regions."""

import json
import threading
from datetime import date

import numpy as np
import pytest

from nof1.federation import local
from nof1.federation.algorithms import Asked, algorithm
from nof1.federation.averaging import forecaster
from nof1.federation.averaging.forecaster import FORECASTER, KEPT, Local, filled, flat, start_of
from nof1.federation.policy import of_workspace
from nof1.surveillance.forecast import keeping, learned, run
from nof1.surveillance.forecast.nets import Kind, Nets
from nof1.surveillance.forecast.targets import of_store
from nof1.surveillance.forecast.training_nets import Network
from nof1.surveillance.forecast.windows import Examples
from nof1.surveillance.store import FOLDER, Store

ONE = (Kind(0, 16),)


@pytest.fixture(scope="module")
def made(regions):
    """One network instead of three: a training of seconds."""

    def at(workspace):
        policy = of_workspace(workspace.root)
        return lambda link: FORECASTER.run(
            Asked(link, workspace, regions.task, policy, "all", None)
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forecaster, "ENSEMBLE", ONE)
        yield local.run({name: at(one) for name, one in regions.sites.items()}, patience=300)


def folder(regions, own, name, at):
    return regions.sites[name].root / FOLDER / KEPT / "winter" / own[at].digest[:16]


def test_it_stands_in_the_list():
    assert algorithm("forecaster") is FORECASTER


def test_every_site_has_the_same_members(regions, made, own):
    assert len({one.content_hash for one in made.values()}) == 1
    cards = [
        (folder(regions, own, name, at) / learned.CARD).read_bytes()
        for at, name in enumerate(sorted(regions.sites))
    ]
    assert cards[0] == cards[1] == cards[2]


def test_the_room_finds_them_by_what_was_taught_and_forecasts_with_them(regions, made, own):
    workspace = regions.sites["east"]
    panel, _ = of_store(Store(workspace.root / FOLDER), "flu", None)
    said = []
    found = keeping.found_or_learned(
        panel, (), date(2024, 1, 13), 4, workspace.root / FOLDER / KEPT / "winter", said.append
    )
    assert said == []  # nothing was taught again
    assert found.trees is None
    assert found.examples == made["east"].figures["windows"]
    forecast = run.forecast(panel, found, date(2024, 1, 13), earlier=())
    assert np.isfinite(forecast.forecast.quantiles).all()
    assert "deep" in forecast.origin.answers


def test_averaging_lowers_the_loss_of_the_season_kept_apart(made):
    (one,) = made["west"].figures["networks"]
    assert one["best_round"] > 0
    assert one["held_out_loss"] < 0.9 * one["start_loss"]


def test_what_goes_to_the_coordinator_is_of_all_sites(regions, made, own):
    told = made["east"].figures
    assert told == made["north"].figures
    assert told["windows"] == sum(len(one.train) + len(one.held) for one in own)
    assert told["synthetic"] is True
    assert len(json.dumps(told)) < 1000
    assert all(len(line) < 100 for line in FORECASTER.words(told))


def test_a_network_is_one_vector_and_back():
    start = start_of(4, Kind(3, 12))
    net = filled(Network(4, 12), start)
    assert np.array_equal(flat(net), start)
    assert np.array_equal(start, start_of(4, Kind(3, 12)))
    assert not np.array_equal(start, start_of(4, Kind(4, 12)))


def test_the_start_is_the_same_while_other_sites_of_the_process_build_their_networks(own):
    expected, over = start_of(4, ONE[0]), threading.Event()

    def build():
        while not over.is_set():
            Local(own[0].train, ONE[0], own[0].task)

    builders = [threading.Thread(target=build) for _ in range(2)]
    for one in builders:
        one.start()
    try:
        assert all(np.array_equal(start_of(4, ONE[0]), expected) for _ in range(60))
    finally:
        over.set()
        for one in builders:
            one.join()


def test_local_steps_are_the_same_each_time_and_start_from_the_shared_weights(own):
    start = start_of(4, ONE[0])
    one, again = (Local(own[0].train, ONE[0], own[0].task) for _ in range(2))
    first = one.step(start, 0)
    assert np.array_equal(first, again.step(start, 0))
    assert not np.array_equal(first, start)
    assert 0 < float(np.linalg.norm(first - start)) < forecaster.BOUND


def test_the_loss_of_a_site_without_windows_counts_nothing(own):
    start = start_of(4, ONE[0])
    one = Local(own[0].train, ONE[0], own[0].task)
    held, nobody = own[0].held, np.zeros(0, dtype=np.int64)
    none = forecaster._tensors(
        Examples(held.inputs.take(nobody), held.change[nobody], held.season[nobody])
    )
    assert one.loss(start, none) == (0.0, 0.0)
    summed, rows = one.loss(start, forecaster._tensors(held))
    assert rows == np.isfinite(held.change).sum()
    assert summed / rows > 0


def test_the_stored_file_answers_as_torch(own):
    import torch

    weights = start_of(4, ONE[0])
    content = forecaster._file(own[0].task, ONE[0], weights)
    window, context, *_ = forecaster._tensors(own[0].held)
    with torch.inference_mode():
        expected = filled(Network(4, 16), weights).eval()(window, context).numpy()
    assert Nets((content,), 4).quantiles(own[0].held.inputs) == pytest.approx(expected, abs=1e-4)
