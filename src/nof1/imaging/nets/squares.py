"""Stacks of prepared squares as tensors, and the answers of one torch network to them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import InputError
from nof1.imaging.nets.torchkit import Module, Tensor, torch

Logits = NDArray[np.float32]


def as_squares(images: ArrayLike, size: int | None = None) -> Tensor:
    """(n, 1, side, side) tensor, ``uint8`` as given or float32 from 0 to 1.

    Raises
    ------
    InputError : not square pictures of that size, or numbers out of range.
    """
    stack = np.asarray(images)
    if stack.ndim == 4 and stack.shape[1] == 1:
        stack = stack[:, 0]
    if stack.ndim != 3 or stack.shape[1] != stack.shape[2] or not len(stack):
        raise InputError(f"Pictures of shape {stack.shape}.", allowed="(pictures, side, side)")
    if size is not None and stack.shape[1] != size:
        raise InputError(f"The pictures have a side of {stack.shape[1]}, not {size}.")
    if stack.dtype != np.uint8:
        stack = stack.astype(np.float32)
        if not (np.isfinite(stack).all() and stack.min() >= 0 and stack.max() <= 1):
            raise InputError("Pictures are not from 0 to 1.", next_step="Use prepare() first.")
    return torch.from_numpy(np.array(stack[:, None]))


def scaled(squares: Tensor) -> Tensor:
    """Float squares from 0 to 1."""
    return squares.float() / 255 if squares.dtype == torch.uint8 else squares


def logits_of(net: Module, squares: Tensor, batch: int = 256) -> Logits:
    """(n, K) logits of one network in float32, without training behaviour."""
    net.eval()
    with torch.inference_mode():
        parts = [net(scaled(part)) for part in squares.split(batch)]
    logits: Logits = torch.cat(parts).float().numpy()
    return logits
