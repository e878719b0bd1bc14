"""HiGHS for our programmes: one thread, a fixed seed, a time limit, and nothing on the screen."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from nof1.core.errors import InputError
from nof1.core.extras import require
from nof1.surveillance.scores import Floats


@dataclass(frozen=True)
class Solved:
    """Values of the columns; ``bound``: no solution is below it; ``stopped``: by the time limit."""

    columns: Floats
    bound: float
    stopped: bool


@dataclass(frozen=True)
class Programme:
    """Least ``cost @ columns`` with ``row_low <= matrix @ columns <= row_high`` and column limits.

    ``whole`` are the columns that must be whole numbers.
    """

    cost: Floats
    low: Floats
    high: Floats
    matrix: sparse.csc_matrix
    row_low: Floats
    row_high: Floats
    whole: slice


def solve(programme: Programme, *, seconds: float, gap: float) -> Solved:
    """Solve a mixed-integer programme.

    Raises
    ------
    InputError : no solution was found, because of the time limit or for a reason of the solver.
    MissingExtra : highspy is not installed.
    """
    highspy = require("highspy", "surveillance")
    with _silence():
        solver = highspy.Highs()
    for name, value in (
        ("output_flag", False),
        ("threads", 1),
        ("random_seed", 0),
        ("time_limit", float(seconds)),
        ("mip_rel_gap", float(gap)),
    ):
        solver.setOptionValue(name, value)
    solver.passModel(_model(programme, highspy))
    solver.run()
    status, info = solver.getModelStatus(), solver.getInfo()
    known = highspy.HighsModelStatus
    stopped = status == known.kTimeLimit
    columns = np.array(solver.getSolution().col_value)
    there = len(columns) == len(programme.cost) and math.isfinite(info.objective_function_value)
    if not (there and info.primal_solution_status == 2 and (stopped or status == known.kOptimal)):
        raise InputError(
            "The time limit ended the search before a plan was found."
            if stopped
            else "The solver found no plan.",
            where="HiGHS",
            allowed="more seconds, or fewer scenarios",
            next_step="Raise --seconds or lower --scenarios.",
        )
    bound = info.mip_dual_bound if math.isfinite(info.mip_dual_bound) else 0.0
    return Solved(columns, float(bound), bool(stopped))


def _model(programme: Programme, highspy: Any) -> Any:
    matrix = programme.matrix
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = matrix.shape[1], matrix.shape[0]
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = programme.cost, programme.low, programme.high
    lp.row_lower_, lp.row_upper_ = programme.row_low, programme.row_high
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = matrix.indptr
    lp.a_matrix_.index_ = matrix.indices
    lp.a_matrix_.value_ = matrix.data
    kinds = [highspy.HighsVarType.kContinuous] * matrix.shape[1]
    size = programme.whole.stop - programme.whole.start
    kinds[programme.whole] = [highspy.HighsVarType.kInteger] * size
    lp.integrality_ = kinds
    return lp


@contextmanager
def _silence() -> Iterator[None]:
    """HiGHS prints its name when it is first made; ``--json`` must print one object only."""
    try:
        sys.stdout.flush()
        kept, nothing = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    except OSError:  # there is no standard output
        yield
        return
    try:
        os.dup2(nothing, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nothing)
