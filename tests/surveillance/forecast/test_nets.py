"""Networks without torch: what they are fed, how several are averaged, damaged files."""

import numpy as np
import pytest

from nof1.core.errors import ModelError
from nof1.surveillance.forecast import nets
from nof1.surveillance.forecast.nets import CENTRES, CONTEXT, Nets, fed
from nof1.surveillance.forecast.windows import LENGTH, Inputs
from wave_samples import taught


def inputs(christmas, people=15.0):
    rows = len(christmas)
    window = np.random.default_rng(0).normal(size=(rows, LENGTH))
    return Inputs(window, np.asarray(christmas, dtype=float), np.full(rows, people))


def test_each_bump_is_one_at_its_own_week():
    window, context = fed(inputs(-CENTRES))
    assert context.shape == (len(CENTRES), CONTEXT)
    assert np.diag(context) == pytest.approx(1.0)
    assert (context[:, :-1].argmax(axis=1) == np.arange(len(CENTRES))).all()
    assert window.dtype == context.dtype == np.float32


def test_the_population_is_centred():
    _, context = fed(inputs([0.0], nets.MIDDLE_POPULATION + nets.POPULATION_WIDTH))
    assert context[0, -1] == pytest.approx(1.0)


def test_answers_of_several_networks_are_averaged(monkeypatch):
    class Session:
        def __init__(self, value):
            self.value = value

        def run(self, _, given):
            return [np.full((len(given["window"]), 2, 23), self.value, dtype=np.float32)]

    several = Nets((b"a", b"b"), 2)
    monkeypatch.setitem(several.__dict__, "sessions", (Session(1.0), Session(4.0)))
    assert (several.quantiles(inputs([1.0, 2.0])) == 2.5).all()


def test_one_window_is_answered_as_among_many():
    some = inputs(np.linspace(-20, 20, 40))
    many = taught().nets.quantiles(some)
    one = taught().nets.quantiles(some.take(np.array([7])))
    assert one[0] == pytest.approx(many[7], abs=1e-6)
    assert many.shape == (40, 4, 23)
    assert (np.diff(many, axis=-1) >= 0).all()


def test_a_file_that_is_no_network_is_refused():
    with pytest.raises(ModelError, match="cannot be read"):
        Nets((b"no network",), 4).quantiles(inputs([0.0]))
