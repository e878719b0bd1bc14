"""HiGHS: quiet, and told apart from our own refusals."""

import subprocess
import sys

import numpy as np
import pytest
from scipy import sparse

from nof1.core.errors import InputError
from nof1.surveillance.allocate.solver import Programme, solve

LOW, HIGH = np.zeros(2), np.full(2, 10.0)


def knapsack(row_low, row_high):
    """Least -(5 a + 4 b) with 6 a + 5 b within the row's limits."""
    matrix = sparse.csc_matrix(np.array([[6.0, 5.0]]))
    return Programme(
        np.array([-5.0, -4.0]),
        LOW,
        HIGH,
        matrix,
        np.array([row_low]),
        np.array([row_high]),
        slice(0, 2),
    )


def test_a_small_programme():
    made = solve(knapsack(-np.inf, 11.0), seconds=5, gap=0.0)
    assert made.columns.round(6).tolist() == [1, 1]
    assert made.bound == pytest.approx(-9)
    assert not made.stopped


def test_a_programme_without_solution():
    with pytest.raises(InputError, match="found no plan"):
        solve(knapsack(1000.0, 1001.0), seconds=5, gap=0.0)


def test_nothing_is_printed():
    """HiGHS prints its name when it is first made in a process, so this needs a fresh one."""
    code = (
        "import numpy as np\n"
        "from nof1.surveillance.allocate.plan import solve\n"
        "from nof1.surveillance.allocate.problem import Problem\n"
        "need = np.arange(12.0).reshape(4, 3)\n"
        "made = solve(Problem(('a', 'b', 'c'), need, 9, cvar_weight=1.0))\n"
        "print(made.allocated.sum())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "9\n"
