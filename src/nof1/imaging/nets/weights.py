"""Weights from a local file: safetensors or a plain torch file, under other people's names.

A file is read as safetensors or with ``weights_only=True``, never otherwise: a full pickle runs
the code of whoever wrote it, and is refused here with a hint at ``nof1.imaging.nets.convert``.

Known layouts of DenseNet121: MONAI's own; torchxrayvision's and torchvision's, which call
``denselayerN.norm1`` what MONAI calls ``denselayerN.layers.norm1``, and ``classifier`` what MONAI
calls ``class_layers.out``. All 727 tensors must arrive, each with its shape.
"""

from __future__ import annotations

import hashlib
import json
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nof1.core.errors import InputError, ModelError
from nof1.imaging.nets.densenet import KINDS, OWN_RANGE, XRAYVISION_RANGE, Wrapped
from nof1.imaging.nets.torchkit import Tensor, torch
from nof1.learn.arrays import unpack

MAX_BYTES = 2 * 2**30
_LAYER = re.compile(r"(denselayer\d+)\.(norm|relu|conv)\.?(\d)\.")
_WRAPPERS = ("state_dict", "model", "model_state_dict", "net", "network")
_PREFIXES = ("module.", "model.", "net.")
_BUNDLE_NETS = {"densenet121": "densenet121", "resnet18": "resnet18"}


@dataclass(frozen=True)
class Loaded:
    """A network with its weights and where they came from."""

    net: Any
    classes: int
    layout: str
    sha256: str


def monai_name(name: str) -> str:
    """MONAI's name of one of torchxrayvision's or torchvision's tensors.

    >>> monai_name("features.denseblock1.denselayer2.norm1.weight")
    'features.denseblock1.denselayer2.layers.norm1.weight'
    >>> monai_name("classifier.bias")
    'class_layers.out.bias'
    """
    renamed = _LAYER.sub(r"\1.layers.\2\3.", name)
    return re.sub(r"^classifier\.", "class_layers.out.", renamed)


def read_state(path: str | Path) -> tuple[dict[str, Tensor], str]:
    """Named tensors of a local file, and the file's SHA-256.

    Raises
    ------
    InputError : no such file, too large, or not a file of weights.
    ModelError : a full pickle, which would run code.
    """
    file = Path(path)
    if not file.is_file():
        raise InputError("There is no such file of weights.", where=file.name)
    if file.stat().st_size > MAX_BYTES:
        raise InputError("The file of weights is too large.", where=file.name, allowed="2 GiB")
    content = file.read_bytes()
    if file.suffix == ".safetensors":
        state: Any = {name: torch.from_numpy(a.copy()) for name, a in unpack(content).items()}
    else:
        state = _torch_state(file)
    return _plain(state, file.name), hashlib.sha256(content).hexdigest()


def _torch_state(file: Path) -> Any:
    try:
        with warnings.catch_warnings():  # torch warns of a pickle's protocol before it refuses it
            warnings.simplefilter("ignore")
            return torch.load(file, map_location="cpu", weights_only=True)
    except Exception:  # torch raises many kinds, and quotes the file's content in some
        raise ModelError(
            "The file is no plain file of weights: a full pickle, or damaged.",
            where=file.name,
            allowed="safetensors, or a torch file that weights_only=True reads",
            next_step="If you trust its source, convert it once: nof1.imaging.nets.convert.",
        ) from None


def _plain(state: Any, name: str) -> dict[str, Tensor]:
    """The mapping of tensors, out of the wrappers people put around it."""
    for key in _WRAPPERS:
        if isinstance(state, Mapping) and isinstance(state.get(key), Mapping):
            state = state[key]
    if not isinstance(state, Mapping) or not state:
        raise InputError("The file holds no named tensors.", where=name)
    tensors = {str(key): value for key, value in state.items() if torch.is_tensor(value)}
    for prefix in _PREFIXES:
        if tensors and all(key.startswith(prefix) for key in tensors):
            tensors = {key.removeprefix(prefix): value for key, value in tensors.items()}
    return tensors


def load_densenet(path: str | Path) -> Loaded:
    """A DenseNet121 for one grey channel, from MONAI's, torchxrayvision's or torchvision's names.

    Raises
    ------
    InputError, ModelError : as ``read_state``; tensors that are missing, unknown or of other shape.
    """
    state, digest = read_state(path)
    layout = "torchxrayvision" if "classifier.weight" in state else "monai"
    renamed = {monai_name(name): value for name, value in state.items()}
    span = XRAYVISION_RANGE if layout == "torchxrayvision" else OWN_RANGE
    return _filled("densenet121", renamed, layout, digest, Path(path).name, span)


def load_resnet(path: str | Path) -> Loaded:
    """A MONAI ResNet18 for one grey channel; raises as ``load_densenet``."""
    state, digest = read_state(path)
    return _filled("resnet18", state, "monai", digest, Path(path).name, OWN_RANGE)


def load_bundle(folder: str | Path) -> Loaded:
    """The network of a MONAI bundle: a folder with ``configs`` and ``models/model.pt``.

    The bundle's configuration is read as data. Expressions in it (``$...``) are Python code and
    are never run; a network that is described by one is refused.

    Raises
    ------
    InputError : no bundle, or a network we cannot build from plain values.
    """
    place = Path(folder)
    kind, spans = _described(place)
    file = next((f for f in sorted((place / "models").glob("model.*")) if f.suffix != ".ts"), None)
    if file is None or file.suffix not in (".pt", ".pth", ".safetensors"):
        raise InputError("The bundle has no models/model.pt.", where=place.name)
    state, digest = read_state(file)
    return _filled(kind, state, "monai-bundle", digest, place.name, spans)


def _described(place: Path) -> tuple[str, tuple[float, float]]:
    for name in ("inference.json", "train.json", "evaluate.json"):
        file = place / "configs" / name
        if not file.is_file():
            continue
        try:
            about = json.loads(file.read_text(encoding="utf-8"))
        except ValueError:
            raise InputError("A configuration is no JSON.", where=f"configs/{name}") from None
        net = about.get("network_def") or about.get("net")
        if isinstance(net, dict):
            return _kind_of(net, f"configs/{name}"), (0.0, 1.0)  # bundles scale to 0 to 1
    raise InputError(
        "The bundle does not describe its network.",
        where=place.name,
        allowed="network_def in configs/inference.json",
    )


def _kind_of(net: dict[str, Any], where: str) -> str:
    target = str(net.get("_target_", "")).rsplit(".", 1)[-1].lower()
    if target not in _BUNDLE_NETS:
        raise InputError(
            f"The bundle's network {target!r} is not one we build.",
            where=where,
            allowed=sorted(_BUNDLE_NETS),
        )
    if net.get("spatial_dims", 2) != 2 or net.get("in_channels", 1) != 1:
        raise InputError(
            "The bundle's network is not for one grey picture.",
            where=where,
            allowed="spatial_dims 2, in_channels 1",
        )
    return _BUNDLE_NETS[target]


def _filled(
    kind: str,
    state: dict[str, Tensor],
    layout: str,
    digest: str,
    where: str,
    span: tuple[float, float],
) -> Loaded:
    head = state.get("class_layers.out.weight" if kind == KINDS[0] else "fc.weight")
    if head is None or head.ndim != 2:
        raise InputError(f"These are no weights of a {kind}.", where=where)
    net = Wrapped(kind, len(head), span=span)
    own = net.net.state_dict()
    kept = {name: value for name, value in state.items() if name in own}
    missing = [name for name in own if name not in state]
    wrong = [name for name, value in kept.items() if value.shape != own[name].shape]
    spare = [name for name in state if name not in own and not name.startswith("op_")]
    if missing or wrong or spare:
        raise InputError(
            f"The weights do not fit a {kind}: {len(missing)} of {len(own)} tensors missing, "
            f"{len(wrong)} of another shape, {len(spare)} unknown.",
            where=where,
            allowed="one grey channel, standard layers",
        )
    net.net.load_state_dict(kept)
    return Loaded(net.eval(), len(head), layout, digest)
