"""The deep member's training: ONNX equals torch, quantiles cannot cross, planted answers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nof1.core.errors import ModelError
from nof1.surveillance.forecast import pool, training_nets
from nof1.surveillance.forecast.nets import CONTEXT, Kind, Nets, fed
from nof1.surveillance.forecast.training_nets import Network
from nof1.surveillance.forecast.windows import LENGTH, Examples, Inputs

STEPS = 2


def examples(rows=600, seed=0):
    """The change is 0.4 a week in the direction of the last slope; some weeks are unknown."""
    rng = np.random.default_rng(seed)
    window = rng.normal(size=(rows, LENGTH)).cumsum(axis=1) / 5
    inputs = Inputs(window, rng.uniform(-20, 12, rows), rng.normal(15, 1, rows))
    rising = np.sign(window[:, -1] - window[:, -2])
    change = rising[:, None] * [0.4, 0.8] + rng.normal(0, 0.02, (rows, STEPS))
    change[::5, 1] = np.nan
    return Examples(inputs, change, np.zeros(rows, dtype=np.int64))


@pytest.fixture(scope="module")
def net():
    return training_nets._fitted(examples(), Kind(0, 12))


@pytest.fixture(scope="module")
def exported(net):
    return training_nets.to_onnx(net, examples())


def answers(net, inputs):
    with torch.inference_mode():
        return net(*(torch.from_numpy(part) for part in fed(inputs))).numpy()


@pytest.mark.parametrize("rows", [1, 3, 200])
def test_onnx_equals_torch_on_windows_that_were_not_taught(net, exported, rows):
    fresh = examples(rows, seed=7).inputs
    far = replace(fresh, window=30 * fresh.window)
    for some in (fresh, far):
        made = Nets((exported,), STEPS).quantiles(some)
        assert made == pytest.approx(answers(net, some), abs=1e-4, rel=1e-5)


def test_the_planted_rule_is_learned(exported):
    fresh = examples(300, seed=8)
    slope = fresh.inputs.window[:, -1] - fresh.inputs.window[:, -2]
    clear = np.abs(slope) > 0.1
    made = Nets((exported,), STEPS).quantiles(fresh.inputs)[clear]
    assert np.sign(made[:, 0, 11]) == pytest.approx(np.sign(slope[clear]))
    assert np.abs(made[:, :, 11]).mean(axis=0) == pytest.approx([0.4, 0.8], abs=0.1)
    # A fifth of the second weeks is unknown; read as no change they would be the lowest tenth.
    assert made[slope[clear] > 0, 1, 3].mean() > 0.5


@given(st.integers(0, 10_000), st.floats(0.1, 1000))
def test_no_weights_and_no_windows_make_quantiles_cross(seed, size):
    torch.manual_seed(seed)
    wild = Network(STEPS, LENGTH).eval()
    with torch.no_grad():
        wild.leave.weight.mul_(size)
    window, context = torch.randn(5, LENGTH) * size, torch.randn(5, CONTEXT)
    with torch.inference_mode():
        assert (torch.diff(wild(window, context), dim=-1) >= 0).all()


def test_weeks_before_the_look_back_change_nothing(net):
    some = examples(20, seed=2).inputs
    window = some.window.copy()
    window[:, : LENGTH - 12] += 5.0
    assert np.array_equal(answers(net, some), answers(net, replace(some, window=window)))
    window[:, LENGTH - 12] += 1.0
    assert not np.array_equal(answers(net, some), answers(net, replace(some, window=window)))


@pytest.mark.parametrize("stretch", [0.0, 0.3])
def test_the_same_seed_gives_the_same_network_and_another_one_another(monkeypatch, stretch):
    monkeypatch.setattr(training_nets, "FEWEST_STEPS", 5)
    monkeypatch.setattr(training_nets, "MOST_STEPS", 5)
    some = examples(10, seed=1).inputs
    made = [
        answers(training_nets._fitted(examples(200), Kind(seed, LENGTH, stretch)), some)
        for seed in (3, 3, 4)
    ]
    assert np.isfinite(made[0]).all()
    assert np.array_equal(made[0], made[1])
    assert not np.array_equal(made[0], made[2])


def test_the_loss_is_the_pools_pinball():
    rng = np.random.default_rng(2)
    came, made = rng.normal(size=(6, STEPS)), np.sort(rng.normal(size=(6, STEPS, 23)), axis=-1)
    ours = training_nets.pinball(torch.from_numpy(came), torch.from_numpy(made)).numpy()
    assert ours == pytest.approx(pool.pinball(came, made), rel=1e-12)


def test_a_file_that_differs_from_torch_is_refused(net, exported, monkeypatch):
    monkeypatch.setattr(training_nets, "_exported", lambda *_: exported)
    assert training_nets.to_onnx(net, examples()) == exported
    with pytest.raises(ModelError, match="differs"):
        training_nets.to_onnx(Network(STEPS, 12).eval(), examples())


def test_a_file_tells_nothing_of_the_machine(exported):
    for part in (Path.cwd(), Path.home(), Path(training_nets.__file__).parent):
        assert str(part).encode() not in exported
    assert b"site-packages" not in exported


def test_threads_and_torchs_own_chance_are_left_as_they_were(monkeypatch):
    monkeypatch.setattr(training_nets, "FEWEST_STEPS", 2)
    monkeypatch.setattr(training_nets, "MOST_STEPS", 2)
    monkeypatch.setattr(training_nets, "to_onnx", lambda net, _: b"file")
    torch.manual_seed(11)
    expected = torch.rand(1).item()
    torch.manual_seed(11)
    threads = torch.get_num_threads()
    made = training_nets.learn(examples(50), ensemble=((0, 16), (1, 12)))
    assert (made.files, made.steps) == ((b"file", b"file"), STEPS)
    assert torch.get_num_threads() == threads
    assert torch.rand(1).item() == expected
