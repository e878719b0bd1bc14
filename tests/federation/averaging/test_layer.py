"""Another last layer in a network file; the rest stays."""

import numpy as np
import pytest

from nof1.core.errors import ModelError
from nof1.federation.averaging.layer import with_head
from nof1.imaging.nets.runtime import open_session


@pytest.mark.parametrize("classes", [1, 2, 5])
def test_the_new_layer_answers_and_the_features_stay(films, classes):
    content = films[0].backbone.folder.networks[0]
    rng = np.random.default_rng(classes)
    weights = rng.normal(size=(classes, 16)).astype(np.float32)
    constant = rng.normal(size=classes).astype(np.float32)
    squares = rng.random((7, 1, 32, 32), dtype=np.float32)
    before = open_session(content).run(["features", "maps"], {"squares": squares})
    made = open_session(with_head(content, weights, constant, 32))
    logits, features, maps = made.run(["logits", "features", "maps"], {"squares": squares})
    assert np.array_equal(features, before[0])
    assert np.array_equal(maps, before[1])
    assert logits == pytest.approx(features @ weights.T + constant, abs=1e-4)


def test_a_layer_of_another_width_is_refused(films):
    content = films[0].backbone.folder.networks[0]
    with pytest.raises(ModelError, match="does not end in a linear layer"):
        with_head(content, np.zeros((1, 9), np.float32), np.zeros(1, np.float32), 32)


def test_a_network_without_a_linear_end_is_refused(films):
    import onnx

    model = onnx.load_from_string(films[0].backbone.folder.networks[0])
    for node in model.graph.node:
        if "logits" in node.output:
            node.op_type = "Identity"
    with pytest.raises(ModelError, match="does not end in a linear layer"):
        with_head(model.SerializeToString(), np.zeros((1, 16), np.float32),
                  np.zeros(1, np.float32), 32)  # fmt: skip
