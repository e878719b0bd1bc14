"""The kernel's machine code: compiled once on a machine, then loaded from disk in milliseconds.

Importing numba and its first call cost 0.4 CPU seconds in every process, four times the work on a
small hospital. So numba is used once: its LLVM code of ``kernel`` is turned into one object file,
kept in a cache folder, and later processes load that with llvmlite alone. The file's name holds a
hash of all that the code depends on (kernel source, numba, LLVM, processor), so a stale file is
never loaded. The folder is Python's ``__pycache__`` beside this file, else the user's cache
folder, or what ``NUMBA_CACHE_DIR`` names; where nothing can be written, code stays in memory.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
I32, I64 = "int32*", "int64*"
U32, F32, F64 = "uint32*", "float32*", "float64*"
NUMBER = "int64"

_TABLE = (I64, I64, I64, NUMBER, I32)
_ROWS = (I64, I64, NUMBER)
_WINDOWS = (I64, NUMBER, NUMBER)
SIGNATURES: dict[str, tuple[str, ...]] = {
    "count_entries": (*_TABLE, *_ROWS, *_WINDOWS, I64, I64),
    "fill_entries": (
        *(*_TABLE, F32, *_ROWS, *_WINDOWS, F64, I32, I64, NUMBER, I32),
        *(U32, U32, F64, F64, F32, F32, F32, F64),
    ),
    "fill_static": (*_TABLE, F32, *_ROWS, I32, NUMBER, NUMBER, F64),
}


@dataclass(frozen=True)
class Native:
    """The kernel's functions, and the engine that keeps their code in memory."""

    functions: dict[str, Callable[..., int]]
    engine: Any

    def call(self, name: str, *arguments: Array | int) -> int:
        """Call a function of ``kernel`` with arrays and whole numbers.

        Raises
        ------
        TypeError : when an array has not the type or the layout that the function expects. The
            machine code cannot check this itself.
        """
        kinds = SIGNATURES[name]
        if len(kinds) != len(arguments):
            raise TypeError(f"{name} takes {len(kinds)} arguments, not {len(arguments)}")
        plain = [_plain(kind, part) for kind, part in zip(kinds, arguments, strict=True)]
        result, failure = ctypes.c_int64(), ctypes.c_void_p()
        status = self.functions[name](ctypes.byref(result), ctypes.byref(failure), *plain)
        if status:
            raise RuntimeError(f"{name} ended with status {status}")
        return result.value


def _plain(kind: str, part: Array | int) -> int:
    if kind == NUMBER:
        return int(part)
    if not isinstance(part, np.ndarray) or f"{part.dtype}*" != kind:
        raise TypeError(f"expected an array of {kind[:-1]}")
    if not part.flags.c_contiguous:
        raise TypeError("expected a contiguous array")
    return part.ctypes.data


@lru_cache(maxsize=1)
def native() -> Native:
    """The kernel, ready to be called."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target(llvm))
    engine.add_object_file(llvm.ObjectFileRef.from_data(_object_code(llvm)))
    engine.finalize_object()
    return Native({name: _function(engine, name) for name in SIGNATURES}, engine)


def _function(engine: Any, name: str) -> Callable[..., int]:
    """A function with numba's native calling convention: result and failure come first."""
    kinds = [ctypes.c_int64 if kind == NUMBER else ctypes.c_void_p for kind in SIGNATURES[name]]
    kind = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, *kinds)
    found: Callable[..., int] = kind(engine.get_function_address(name))
    return found


def _target(llvm: Any) -> Any:
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=3,
        reloc="pic",
        codemodel="jitdefault",
        jit=True,
    )


def _object_code(llvm: Any) -> bytes:
    """From the cache, or compiled now and put there."""
    name = f"kernel-{_fingerprint(llvm)}.o"
    for folder in _folders():
        path = folder / name
        if path.is_file() and _is_mine(path):
            return path.read_bytes()
    code: bytes = _target(llvm).emit_object(_linked(llvm))
    for folder in _folders():
        if _keep(folder, name, code):
            break
    return code


def _fingerprint(llvm: Any) -> str:
    """A hash of everything that the machine code depends on."""
    folder = Path(__file__).parent
    parts = [
        version("numba"),
        version("llvmlite"),
        sys.version,
        llvm.get_default_triple(),
        llvm.get_host_cpu_name(),
        llvm.get_host_cpu_features().flatten(),
        *(folder.joinpath(name).read_text("utf-8") for name in ("kernel.py", "native.py")),
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _folders() -> list[Path]:
    named = os.environ.get("NUMBA_CACHE_DIR")
    if named:
        return [Path(named)]
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    return [Path(__file__).parent / "__pycache__", Path(cache) / "nof1"]


def _is_mine(path: Path) -> bool:
    """Code is run only from files of this user or of root that no other user can change."""
    if not hasattr(os, "getuid"):  # Windows: the folder's own rights decide
        return True
    found = path.stat()
    return found.st_uid in (0, os.getuid()) and not found.st_mode & 0o022


def _keep(folder: Path, name: str, code: bytes) -> bool:
    """Write in one step, so that another process never sees half a file."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
            file.write(code)
        os.replace(file.name, folder / name)
    except OSError:
        return False
    return True


def _linked(llvm: Any) -> Any:
    """The kernel's functions as one LLVM module, under their own names."""
    from numba.core import types

    from nof1.predict import kernel

    whole = llvm.parse_assembly("")
    for name, kinds in SIGNATURES.items():
        signature = tuple(_numba_type(types, kind) for kind in kinds)
        function: Any = getattr(kernel, name)
        function.compile(signature)
        module = llvm.parse_assembly(function.inspect_llvm(signature))
        module.get_function(function.overloads[signature].fndesc.llvm_func_name).name = name
        whole.link_in(module)
    return whole


def _numba_type(types: Any, kind: str) -> Any:
    return getattr(types, kind) if kind == NUMBER else types.CPointer(getattr(types, kind[:-1]))
