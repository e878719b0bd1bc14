"""MONAI's DenseNet121 and ResNet18 with the same last step as our own networks.

Both end in the mean over their last maps and one linear layer, so the split of a logit over the
picture is exact here too. Weights come from local files: see ``nof1.imaging.nets.weights``.

Sources: Huang et al., CVPR 2017 (DenseNet); He et al., CVPR 2016 (ResNet); MONAI (Apache-2.0).
"""

from __future__ import annotations

from typing import Any

from nof1.core.errors import UsageError
from nof1.core.extras import require
from nof1.imaging.nets.torchkit import Module, Tensor, functional, nn

KINDS = ("densenet121", "resnet18")
OWN_RANGE = (-1.0, 1.0)
XRAYVISION_RANGE = (-1024.0, 1024.0)  # what torchxrayvision's networks were trained on


class Wrapped(nn.Module):  # type: ignore[misc]
    """A MONAI network; input (n, 1, side, side) from 0 to 1, stretched to ``span`` inside.

    Parameters
    ----------
    kind : ``densenet121`` or ``resnet18``.
    classes : number of logits.
    span : the (low, high) range the weights expect in place of 0 and 1.
    """

    def __init__(
        self,
        kind: str,
        classes: int,
        *,
        dropout: float = 0.0,
        span: tuple[float, float] = OWN_RANGE,
    ) -> None:
        super().__init__()
        self.kind, self.span = kind, span
        self.net = _monai(kind, classes)
        self.dropout = nn.Dropout(dropout)

    @property
    def head(self) -> Module:
        """The one linear layer at the end."""
        return self.net.class_layers.out if self.kind == "densenet121" else self.net.fc

    def maps(self, squares: Tensor) -> Tensor:
        """(n, features, height, width) of the last layer before the mean, zero or above."""
        low, high = self.span
        inputs = squares * (high - low) + low
        if self.kind == "densenet121":
            return functional.relu(self.net.features(inputs))
        net = self.net
        inner = net.maxpool(net.act(net.bn1(net.conv1(inputs))))
        return net.layer4(net.layer3(net.layer2(net.layer1(inner))))

    def forward(self, squares: Tensor) -> Tensor:
        """(n, classes) logits."""
        pooled = functional.adaptive_avg_pool2d(self.maps(squares), 1).flatten(1)
        return self.head(self.dropout(pooled))


def _monai(kind: str, classes: int) -> Any:
    nets = require("monai.networks.nets", "imaging")
    if kind == "densenet121":
        return nets.DenseNet121(spatial_dims=2, in_channels=1, out_channels=classes)
    if kind == "resnet18":
        return nets.resnet18(spatial_dims=2, n_input_channels=1, num_classes=classes)
    raise UsageError(f"There is no network {kind!r}.", allowed=["residual", *KINDS])
