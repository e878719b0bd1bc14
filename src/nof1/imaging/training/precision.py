"""Which number format trains faster on this CPU: measured, not guessed.

bfloat16 is 2 to 4 times faster for large pictures on CPUs that compute it, and slower for small
ones or elsewhere. The choice is written beside the checkpoints, so a resumed run keeps it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Literal

from nof1.imaging.nets.torchkit import Module, Tensor, torch

Precision = Literal["float32", "bfloat16"]
MARGIN = 0.9  # bfloat16 must need less than this share of the time to be worth its rounding


def computing(precision: Precision) -> Any:
    """The context in which a network runs forward in this format."""
    if precision == "bfloat16":
        return torch.autocast("cpu", dtype=torch.bfloat16)
    return nullcontext()


def laid_out(squares: Tensor, precision: Precision) -> Tensor:
    """Pictures in the memory layout that is fastest for the format."""
    if precision == "bfloat16":
        return squares.contiguous(memory_format=torch.channels_last)
    return squares


def fastest(net: Module, squares: Tensor) -> tuple[Precision, dict[str, float]]:
    """The faster format for a training step of this net, and CPU seconds of a step in each."""
    spent = {name: _step_seconds(net, squares, name) for name in ("float32", "bfloat16")}
    quick = spent["bfloat16"] < MARGIN * spent["float32"]
    return ("bfloat16" if quick else "float32"), spent


def _step_seconds(net: Module, squares: Tensor, precision: Any) -> float:
    best = float("inf")
    state = {name: value.clone() for name, value in net.state_dict().items()}
    with torch.random.fork_rng(devices=[]):
        for _ in range(3):
            start = time.process_time()
            with computing(precision):
                answer = net(laid_out(squares, precision))
            answer.float().square().mean().backward()
            best = min(best, time.process_time() - start)
            net.zero_grad(set_to_none=True)
    net.load_state_dict(state)
    return best


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Run torch on this many threads, and put back what was before."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
