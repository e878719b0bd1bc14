"""Full pickles: opt in, a process of its own, weights only, everything else refused by name."""

import os
import pickle
import random
import subprocess

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra imaging (torch)")
import torch

from nof1.core.errors import InputError, ModelError, UsageError
from nof1.imaging.nets import convert as converting
from nof1.imaging.nets import opcodes, pickled
from nof1.imaging.nets.convert import convert
from nof1.learn.arrays import unpack


class Harmful:
    """Unpickled in the usual way, this would write a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (os.system, (f"touch {self.path}",))


@pytest.fixture
def net():
    torch.manual_seed(1)
    net = torch.nn.Sequential(
        torch.nn.Conv2d(1, 3, 3), torch.nn.BatchNorm2d(3), torch.nn.Linear(3, 2).half()
    )
    net.pathologies = ["Mass", "Edema"]
    return net


@pytest.mark.parametrize("modern", [True, False])
def test_a_whole_network_becomes_its_arrays(tmp_path, net, modern):
    torch.save(net, tmp_path / "full.pt", _use_new_zipfile_serialization=modern)
    found = convert(tmp_path / "full.pt", tmp_path / "out.safetensors", opt_in=True)
    arrays = unpack((tmp_path / "out.safetensors").read_bytes())
    state = net.state_dict()
    assert found.tensors == len(arrays) == len(state)
    assert ("Mass", "Edema") in found.texts
    assert len(found.sha256) == len(found.source_sha256) == 64
    for name, value in state.items():
        assert np.array_equal(arrays[name], value.float().numpy()), name


def test_it_must_be_asked_for(tmp_path, net):
    torch.save(net, tmp_path / "full.pt")
    with pytest.raises(UsageError, match="asked for"):
        convert(tmp_path / "full.pt", tmp_path / "out.safetensors")
    assert not (tmp_path / "out.safetensors").exists()


def test_what_would_run_is_refused_by_name_and_does_not_run(tmp_path):
    torch.save({"weight": torch.zeros(2), "x": Harmful(tmp_path / "ran")}, tmp_path / "bad.pt")
    with pytest.raises(ModelError, match=r"posix\.system"):
        convert(tmp_path / "bad.pt", tmp_path / "out.safetensors", opt_in=True)
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "out.safetensors").exists()


@pytest.mark.parametrize(
    "name", ["builtins.eval", "subprocess.Popen", "torch.hub.load", "torch.nn.init.uniform_"]
)
def test_names_outside_the_list_are_refused(name):
    module, _, last = name.rpartition(".")
    stream = f"\x80\x02c{module}\n{last}\n.".encode("latin-1")
    with pytest.raises(ModelError, match="not part of a network's weights"):
        pickled._chain(stream)


def test_a_known_class_is_never_called():
    stream = b"\x80\x02ctorch.nn.modules.conv\nConv2d\nK\x01\x85R."
    with pytest.raises(ModelError, match="Conv2d"):
        pickled._chain(stream)


def test_tensors_that_reach_outside_their_block_are_refused():
    note = opcodes.TensorNote(opcodes.Storage("Float", "0", 4), 0, (100, 100), (100, 1))
    with pytest.raises(ModelError, match="damaged"):
        pickled._array(note, lambda _: b"\0" * 16)


@pytest.mark.parametrize("cut", [1, 20, 200])
def test_damaged_files_are_refused(tmp_path, net, cut):
    torch.save(net, tmp_path / "full.pt", _use_new_zipfile_serialization=False)
    content = (tmp_path / "full.pt").read_bytes()
    with pytest.raises(ModelError):
        pickled.read(content[: len(content) - cut])
    with pytest.raises(ModelError):
        pickled.read(b"PK" + content[:cut])


@pytest.mark.parametrize("modern", [True, False])
def test_any_changed_byte_is_read_or_refused(tmp_path, net, modern):
    torch.save(net, tmp_path / "full.pt", _use_new_zipfile_serialization=modern)
    content = (tmp_path / "full.pt").read_bytes()
    chance = random.Random(4)
    refused = 0
    for _ in range(150):
        changed = bytearray(content)
        changed[chance.randrange(min(len(content), 3000))] = chance.randrange(256)
        try:
            pickled.read(bytes(changed))
        except ModelError:
            refused += 1
    assert refused > 20


def test_views_transposes_and_bfloat16_are_read(tmp_path):
    base = torch.arange(12.0).reshape(3, 4)
    state = {"t": base.T, "v": base[1:, 2:], "b": torch.tensor([1.5, -2.0]).bfloat16()}
    torch.save(state, tmp_path / "s.pt")
    arrays, _ = pickled.read((tmp_path / "s.pt").read_bytes())
    assert np.array_equal(arrays["t"], base.numpy().T)
    assert np.array_equal(arrays["v"], base.numpy()[1:, 2:])
    assert arrays["b"].tolist() == [1.5, -2.0]


def test_plain_pickles_without_tensors_are_refused():
    with pytest.raises(ModelError):
        pickled.read(pickle.dumps({"a": 1}))


def test_paths_are_checked_first(tmp_path, net):
    with pytest.raises(InputError, match="no such file"):
        convert(tmp_path / "none.pt", tmp_path / "o.safetensors", opt_in=True)
    torch.save(net, tmp_path / "full.pt")
    with pytest.raises(UsageError, match="target"):
        convert(tmp_path / "full.pt", tmp_path / "full.pt", opt_in=True)


def test_the_process_is_isolated(tmp_path, net, monkeypatch):
    torch.save(net, tmp_path / "full.pt")
    seen = {}
    run = subprocess.run

    def watched(command, **how):
        seen.update(how, command=command)
        return run(command, **how)

    converting._cut_off()  # before the watch, as it starts a process too
    monkeypatch.setattr(converting.subprocess, "run", watched)
    monkeypatch.setenv("SECRET", "1")
    found = convert(tmp_path / "full.pt", tmp_path / "o.safetensors", opt_in=True)
    assert "-I" in seen["command"]
    assert "SECRET" not in seen["env"]
    assert found.without_network == ("unshare" in seen["command"][0])
