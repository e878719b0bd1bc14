"""Settings of networks and of their training, as a task file says them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nof1.core.yaml_lines import Node

NETWORKS = ("residual", "densenet121", "resnet18")
PRECISIONS = ("measure", "float32", "bfloat16")
MAX_SEEDS = 20


def network_of(node: Node) -> dict[str, Any]:
    """What differs from the usual network, by name."""
    readers: dict[str, Callable[[Node], Any]] = {
        "kind": lambda one: one.one_of(NETWORKS),
        "widths": lambda one: tuple(each.whole(4, 1024) for each in one.items()),
        "blocks": lambda one: one.whole(1, 8),
        "stem": lambda one: one.whole(1, 2),
        "dropout": lambda one: one.number(0, 0.9),
    }
    parts = node.mapping(tuple(readers))
    return {key: readers[key](one) for key, one in parts.items()}


def training_of(node: Node) -> dict[str, Any]:
    """``training``, ``size``, ``seeds`` and ``augmentation``, as far as they are said."""
    readers: dict[str, Callable[[Node], Any]] = {
        "epochs": lambda one: one.whole(1, 1000),
        "batch": lambda one: one.whole(2, 4096),
        "rate": lambda one: one.number(1e-6, 1),
        "decay": lambda one: one.number(0, 1),
        "patience": lambda one: one.whole(1, 1000),
        "inner": lambda one: one.number(0.05, 0.5),
        "balanced": Node.flag,
        "precision": lambda one: one.one_of(PRECISIONS),
        "threads": lambda one: one.whole(1, 64),
    }
    parts = node.mapping((*readers, "size", "seeds", "augmentation"))
    found: dict[str, Any] = {
        "training": {key: readers[key](one) for key, one in parts.items() if key in readers}
    }
    if "size" in parts:
        found["size"] = parts["size"].whole(16, 512)
    if "seeds" in parts:
        found["seeds"] = tuple(range(1, parts["seeds"].whole(1, MAX_SEEDS) + 1))
    if "augmentation" in parts:
        found["augmentation"] = _augmentation(parts["augmentation"])
    return found


def _augmentation(node: Node) -> dict[str, Any]:
    highest = {
        "shift": 0.3,
        "rotation_deg": 45.0,
        "scale": 0.5,
        "contrast": 0.9,
        "brightness": 0.5,
        "noise": 0.3,
    }
    parts = node.mapping((*highest, "flip"))
    return {
        key: one.flag() if key == "flip" else one.number(0, highest[key])
        for key, one in parts.items()
    }
