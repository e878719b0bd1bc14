"""A small 2.5-D UNet (MONAI): its training on patches, its ONNX file, its run over a volume.

Ronneberger et al., MICCAI 2015. Three neighbouring slices in, one label map of the middle slice
out: on two CPU cores a 3-D net of the same depth costs many times as much. No left-right flips:
labels may name a side.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import ModelError
from nof1.core.extras import require
from nof1.imaging.nets.runtime import open_session
from nof1.imaging.nets.torchkit import torch
from nof1.imaging.training.precision import threads
from nof1.imaging.volumes.slabs import NEIGHBOURS, Patches, Pixels, slabs
from nof1.learn.arrays import pack

CHANNELS = (16, 32, 64)
STRIDES = (2, 2)
STEP = 4  # sides must be a multiple of this
BATCH = 8
RATE = 4e-3
OVERLAP = 0.25
PARITY = 1e-3  # largest difference of a logit between torch and the ONNX file

Progress = Callable[[int, int], None]


def build(classes: int) -> Any:
    """The untrained net for ``classes`` labels, background included."""
    nets: Any = require("monai.networks.nets", "imaging")
    return nets.UNet(
        spatial_dims=2,
        in_channels=NEIGHBOURS,
        out_channels=classes,
        channels=CHANNELS,
        strides=STRIDES,
        num_res_units=1,
        norm="instance",
    )


def fit(patches: Patches, classes: int, *, steps: int, seed: int, progress: Progress | None) -> Any:
    """A net trained by AdamW on Dice plus cross-entropy; the same seed gives the same net."""
    losses: Any = require("monai.losses", "imaging")
    rng = np.random.default_rng(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = build(classes).train()
    loss = losses.DiceCELoss(include_background=False, to_onehot_y=True, softmax=True)
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=RATE, total_steps=steps)
    with threads(1):  # small patches: more threads wait for each other
        for step in range(steps):
            pixels, labels = patches.draw(rng, BATCH)
            optimiser.zero_grad()
            loss(net(torch.from_numpy(pixels)), torch.from_numpy(labels)).backward()
            optimiser.step()
            rate.step()
            if progress is not None:
                progress(step + 1, steps)
    return net.eval()


def weights(net: Any) -> bytes:
    """The numbers of a net in safetensors layout."""
    return pack({name: one.detach().numpy() for name, one in net.state_dict().items()})


def to_onnx(net: Any, size: int) -> bytes:
    """The ONNX file of a net, for any number and size of slices, checked against torch.

    Raises
    ------
    ModelError : when the file does not give torch's answers.
    """
    stream = io.BytesIO()
    probe = torch.rand(2, NEIGHBOURS, size, size, generator=torch.Generator().manual_seed(0))
    axes = {0: "n", 2: "rows", 3: "columns"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the newer exporter needs 20 times as long
        torch.onnx.export(
            net,
            (probe,),
            stream,
            dynamo=False,
            input_names=["slabs"],
            output_names=["logits"],
            dynamic_axes={"slabs": axes, "logits": axes},
        )
    content = _stripped(stream.getvalue())
    other = torch.rand(
        1, NEIGHBOURS, size + 8, size + 4, generator=torch.Generator().manual_seed(1)
    )
    with torch.inference_mode():
        expected = net(other).numpy()
    gap = np.abs(open_session(content).run(None, {"slabs": other.numpy()})[0] - expected).max()
    if not gap <= PARITY:
        raise ModelError(f"The exported net differs from the trained one by {gap:.2g}.")
    return content


def _stripped(content: bytes) -> bytes:
    """Without the names of places on this machine, which the exporter leaves in."""
    onnx: Any = require("onnx", "imaging")
    model = onnx.load_from_string(content)
    model.doc_string = model.graph.doc_string = ""
    del model.metadata_props[:]
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    onnx.checker.check_model(model)
    return cast(bytes, model.SerializeToString())


def run(session: Any, volume: Pixels, size: int) -> NDArray[np.float32]:
    """(classes, slices, rows, columns) probabilities, by overlapping windows slice by slice."""
    inferers: Any = require("monai.inferers", "imaging")

    def predict(windows: Any) -> Any:
        (logits,) = session.run(None, {"slabs": windows.numpy()})
        return torch.from_numpy(logits)

    parts = []
    with threads(1):
        for one in slabs(volume):
            logits = inferers.sliding_window_inference(
                torch.from_numpy(one[None]), (size, size), BATCH, predict, OVERLAP, mode="gaussian"
            )
            parts.append(torch.softmax(logits, dim=1)[0].numpy())
    return np.stack(parts, axis=1)
