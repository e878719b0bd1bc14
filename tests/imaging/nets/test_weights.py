"""Other people's weights from a local file: names, parity, refusals."""

import json
import re
from importlib.util import find_spec

import pytest

if find_spec("monai") is None:  # to import it takes 3 seconds
    pytest.skip("needs the extra imaging (monai, torch)", allow_module_level=True)
import torch
from torch.nn import functional

from nof1.core.errors import InputError, ModelError
from nof1.imaging.nets import weights
from nof1.imaging.nets.densenet import Wrapped
from nof1.learn.arrays import pack

BLOCKS = (6, 12, 24, 16)


@pytest.fixture(scope="module")
def monai_net():
    torch.manual_seed(3)
    net = Wrapped("densenet121", 18).eval()
    for part in net.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(part.running_mean, -0.2, 0.2)
            torch.nn.init.uniform_(part.running_var, 0.8, 1.2)
    return net


@pytest.fixture(scope="module")
def their_state(monai_net):
    """The same weights under torchxrayvision's names."""
    state = monai_net.net.state_dict()
    return {_xrayvision_name(name): value for name, value in state.items()}


def _xrayvision_name(name):
    """The inverse of ``weights.monai_name``."""
    renamed = re.sub(r"(denselayer\d+)\.layers\.", r"\1.", name)
    return re.sub(r"^class_layers\.out\.", "classifier.", renamed)


def norm(state, name, x):
    parts = [state[f"{name}.{one}"] for one in ("running_mean", "running_var", "weight", "bias")]
    return functional.relu(functional.batch_norm(x, *parts))


def their_forward(state, x):
    """DenseNet121 as in its paper, written out from torchxrayvision's names: an oracle."""
    f = "features"
    x = norm(state, f"{f}.norm0", functional.conv2d(x, state[f"{f}.conv0.weight"], None, 2, 3))
    x = functional.max_pool2d(x, 3, 2, 1)
    for block, layers in enumerate(BLOCKS, 1):
        for layer in range(1, layers + 1):
            name = f"{f}.denseblock{block}.denselayer{layer}"
            inner = functional.conv2d(
                norm(state, f"{name}.norm1", x), state[f"{name}.conv1.weight"]
            )
            inner = norm(state, f"{name}.norm2", inner)
            inner = functional.conv2d(inner, state[f"{name}.conv2.weight"], None, 1, 1)
            x = torch.cat([x, inner], 1)
        if block < len(BLOCKS):
            name = f"{f}.transition{block}"
            x = functional.conv2d(norm(state, f"{name}.norm", x), state[f"{name}.conv.weight"])
            x = functional.avg_pool2d(x, 2, 2)
    x = functional.adaptive_avg_pool2d(norm(state, f"{f}.norm5", x), 1).flatten(1)
    return functional.linear(x, state["classifier.weight"], state["classifier.bias"])


def test_torchxrayvision_names_load_and_give_the_same_logits(tmp_path, their_state):
    assert len(their_state) == 727
    assert "features.denseblock4.denselayer16.conv2.weight" in their_state
    torch.save(their_state, tmp_path / "theirs.pt")
    found = weights.load_densenet(tmp_path / "theirs.pt")
    assert (found.layout, found.classes, len(found.sha256)) == ("torchxrayvision", 18, 64)
    assert found.net.span == (-1024.0, 1024.0)
    squares = torch.rand(2, 1, 64, 64)
    with torch.inference_mode():
        ours = found.net(squares)
        theirs = their_forward(their_state, squares * 2048 - 1024)
    assert torch.isfinite(theirs).all()
    assert float((ours - theirs).abs().max()) == 0.0


def test_renaming_goes_both_ways_for_every_tensor(monai_net, their_state):
    own = list(monai_net.net.state_dict())
    assert [weights.monai_name(name) for name in their_state] == own
    assert len(set(their_state)) == 727


def test_old_dotted_names_are_known():
    old = "features.denseblock1.denselayer1.norm.1.weight"
    assert weights.monai_name(old) == "features.denseblock1.denselayer1.layers.norm1.weight"


def test_safetensors_and_wrapped_states_load_too(tmp_path, monai_net, their_state):
    arrays = {name: value.numpy() for name, value in their_state.items()}
    (tmp_path / "a.safetensors").write_bytes(pack(arrays))
    torch.save(
        {"state_dict": {f"module.{k}": v for k, v in their_state.items()}}, tmp_path / "b.pt"
    )
    squares = torch.rand(1, 1, 64, 64)
    with torch.inference_mode():
        first, second = (
            weights.load_densenet(tmp_path / name).net(squares)
            for name in ("a.safetensors", "b.pt")
        )
    assert torch.equal(first, second)


def test_a_missing_tensor_is_refused_with_a_count(tmp_path, their_state):
    state = dict(their_state)
    del state["features.conv0.weight"]
    torch.save(state, tmp_path / "short.pt")
    with pytest.raises(InputError, match="1 of 727 tensors missing"):
        weights.load_densenet(tmp_path / "short.pt")


def test_a_full_pickle_is_refused_and_not_run(tmp_path):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "full.pt")
    with pytest.raises(ModelError, match="full pickle") as caught:
        weights.read_state(tmp_path / "full.pt")
    assert "convert" in caught.value.next_step


def bundle(folder, network, state):
    (folder / "configs").mkdir(parents=True)
    (folder / "models").mkdir()
    (folder / "configs" / "inference.json").write_text(json.dumps({"network_def": network}))
    torch.save(state, folder / "models" / "model.pt")
    return folder


def test_a_bundle_loads(tmp_path):
    net = Wrapped("resnet18", 2).eval()
    about = {"_target_": "monai.networks.nets.resnet18", "spatial_dims": 2, "n_input_channels": 1}
    found = weights.load_bundle(bundle(tmp_path / "b", about, {"model": net.net.state_dict()}))
    assert (found.layout, found.classes) == ("monai-bundle", 2)
    squares = torch.rand(1, 1, 64, 64)
    found.net.span = net.span
    with torch.inference_mode():
        assert torch.equal(found.net(squares), net(squares))


@pytest.mark.parametrize(
    "network",
    [
        {"_target_": "os.system", "command": "true"},
        {"_target_": "DenseNet121", "spatial_dims": 3},
        "$__import__('os').system('true')",
    ],
)
def test_a_bundle_that_describes_something_else_is_refused(tmp_path, network):
    with pytest.raises(InputError):
        weights.load_bundle(bundle(tmp_path / "b", network, {"x": torch.zeros(1)}))


def test_no_file_and_no_tensors(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        weights.read_state(tmp_path / "none.pt")
    torch.save({"a": 1}, tmp_path / "empty.pt")
    with pytest.raises(InputError, match="no weights"):
        weights.load_densenet(tmp_path / "empty.pt")
