"""One way to compile: numba, with the machine code kept beside the source where that is possible.

Compiling the kernels takes seconds and loading the kept code a tenth of one. The kept code lies
where Python keeps its own byte code (``__pycache__``, or the user's cache folder) and is trusted
in the same way. Where neither can be written, the kernels are compiled in every process.
"""

from __future__ import annotations

from typing import Any

import numba


def compiled(function: Any) -> Any:
    """Compile on first use; releases the interpreter lock, divides as numpy does."""
    try:
        return numba.njit(nogil=True, error_model="numpy", cache=True)(function)
    except RuntimeError:  # no folder for the cache can be written
        return numba.njit(nogil=True, error_model="numpy")(function)
