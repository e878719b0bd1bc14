"""Member "deep": trained networks as ONNX, run without torch.

The training lies in ``training_nets``; here is what a network is fed and how it answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import ModelError
from nof1.core.extras import require
from nof1.surveillance.forecast.windows import Inputs
from nof1.surveillance.series import Floats

# Bumps along the calendar, in weeks after Christmas, narrow where the season turns. Two sines
# a year, the usual choice, cannot say "the week after the holidays", and miss the peak.
CENTRES = np.array([-30, -22, -16, -12, -9, -6, -4, -2, -1, 0, 1, 2, 4, 6, 9, 12, 16, 22.0])
WIDTHS = np.maximum(np.gradient(CENTRES), 1.0)
MIDDLE_POPULATION, POPULATION_WIDTH = 15.0, 2.0  # of the logarithm
CONTEXT = len(CENTRES) + 1
Singles = NDArray[np.float32]


class Kind(NamedTuple):
    """How one network of the ensemble is trained.

    ``stretch`` above 0 multiplies each example's curve by a random factor (the standard deviation
    of its logarithm, on the fourth root): that network trusts growth more and past heights less.
    """

    seed: int = 0
    look_back: int = 16  # weeks that it sees
    stretch: float = 0.0


# The stretched one costs a little in a usual season and helps in a record one.
ENSEMBLE = (Kind(0, 16), Kind(1, 12), Kind(2, 16, 0.1))


@dataclass(frozen=True)
class Nets:
    """Several networks (seeds and look-backs); their answers are averaged level by level.

    Attributes
    ----------
    files : the networks, ONNX.
    steps : how many weeks ahead they know.
    """

    files: tuple[bytes, ...]
    steps: int

    @cached_property
    def sessions(self) -> tuple[Any, ...]:
        """One runtime session a network, one thread each.

        Raises
        ------
        ModelError : a file is no ONNX model.
        """
        runtime = require("onnxruntime", "surveillance")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            return tuple(
                runtime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
                for file in self.files
            )
        except Exception:
            raise ModelError(
                "A network of the forecaster cannot be read.", next_step="Train it again."
            ) from None

    def quantiles(self, inputs: Inputs) -> Floats:
        """(n, steps, 23) changes from the newest week, in order of level."""
        window, context = fed(inputs)
        given = {"window": window, "context": context}
        answers = [session.run(None, given)[0] for session in self.sessions]
        return np.asarray(np.mean(answers, axis=0), dtype=np.float64)


def fed(inputs: Inputs) -> tuple[Singles, Singles]:
    """What a network takes: (n, 16) windows and (n, 19) calendar bumps and population."""
    after = -inputs.christmas[:, None]
    bumps = np.exp(-0.5 * ((after - CENTRES) / WIDTHS) ** 2)
    people = (inputs.log_population[:, None] - MIDDLE_POPULATION) / POPULATION_WIDTH
    return inputs.window.astype(np.float32), np.hstack([bumps, people]).astype(np.float32)
