"""What a pickle says, without doing it: the stream is read, nothing in it is imported or called.

A pickle is a small program. Here its steps are taken apart by the standard library's
``pickletools`` and followed on paper: a name of a function stays a name, and a call is allowed only
for the few functions that put a tensor together, which are carried out by code of ours. Objects of
known network classes become :class:`Shell`, a bag of attributes. Anything else is refused by name.
"""

from __future__ import annotations

import io
import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from nof1.core.errors import ModelError

MAX_STEPS = 20_000_000
SHELLS = ("torch.nn.modules.", "torchxrayvision.models.", "torchvision.models.", "monai.networks.")
STORAGE = "Storage"
_PLAIN = {  # steps that only put a value on the stack
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
}
_IGNORED = {"PROTO", "FRAME"}
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}


@dataclass(frozen=True)
class Name:
    """A function or class that the pickle names; never imported."""

    text: str


@dataclass(eq=False)
class Shell:
    """An object of a known class, as its attributes only."""

    kind: str
    state: dict[Any, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Storage:
    """A block of numbers that lies elsewhere in the file."""

    kind: str
    key: str
    count: int


@dataclass(frozen=True, eq=False)
class TensorNote:
    """A tensor: which storage, and how it lies in it."""

    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


class _Mark:
    pass


def refused(name: str) -> ModelError:
    """The refusal of a name that may do more than hold numbers."""
    return ModelError(
        f"The file wants to use {name!r}, which is not part of a network's weights.",
        allowed="tensors, and objects of torch, torchvision, torchxrayvision and monai networks",
        next_step="Do not use this file. Ask its source for a file of weights only.",
    )


def damaged() -> ModelError:
    """The refusal of a stream that is no whole pickle."""
    return ModelError("The file is damaged, or no file of torch.", next_step="Fetch it again.")


def follow(stream: io.BytesIO) -> Any:
    """The value that the pickle at the stream's place describes; the stream ends behind it.

    Raises
    ------
    ModelError : a name that is not allowed, or a damaged stream.
    """
    machine = _Machine()
    try:
        for step, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
            if step > MAX_STEPS:
                raise damaged()
            machine.step(opcode.name, argument)
        return machine.stack[-1]
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, RecursionError):
        raise damaged() from None


class _Machine:
    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def step(self, name: str, argument: Any) -> None:
        if name in _PLAIN:
            self.stack.append(argument)
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name == "STOP" or name in _IGNORED:
            return
        elif name in _STEPS:
            _STEPS[name](self, argument)
        else:
            raise refused(f"the step {name} of a pickle")

    def above_mark(self) -> list[Any]:
        place = max(i for i, one in enumerate(self.stack) if isinstance(one, _Mark))
        found = self.stack[place + 1 :]
        del self.stack[place:]
        return found

    def take(self, count: int) -> list[Any]:
        if count > len(self.stack):
            raise damaged()
        found = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return found


def _name(text: str) -> Name:
    known = text in _CALLS or text in _NAMES or text.startswith(SHELLS) or _is_storage(text)
    if not known:
        raise refused(text)
    return Name(text)


def _is_storage(text: str) -> bool:
    module, _, last = text.rpartition(".")
    return module in ("torch", "torch.storage", "torch.cuda") and last.endswith(STORAGE)


def _global(machine: _Machine, argument: Any) -> None:
    machine.stack.append(_name(str(argument).replace(" ", ".", 1)))


def _stack_global(machine: _Machine, _: Any) -> None:
    module, name = machine.take(2)
    machine.stack.append(_name(f"{module}.{name}"))


def _reduce(machine: _Machine, _: Any) -> None:
    function, arguments = machine.take(2)
    if not isinstance(function, Name) or function.text not in _CALLS:
        raise refused(getattr(function, "text", "a call of something that is no function"))
    machine.stack.append(_CALLS[function.text](*arguments))


def _new_object(machine: _Machine, _: Any) -> None:
    kind, _arguments = machine.take(2)
    machine.stack.append(_shell(kind))


def _shell(kind: Any, *_: Any) -> Any:
    if isinstance(kind, Name) and kind.text == "collections.OrderedDict":
        return {}
    if not isinstance(kind, Name) or not kind.text.startswith(SHELLS):
        raise refused(getattr(kind, "text", "an object of something that is no class"))
    return Shell(kind.text)


def _build(machine: _Machine, _: Any) -> None:
    state = machine.stack.pop()
    target = machine.stack[-1]
    if isinstance(target, Shell) and isinstance(state, dict):
        target.state.update(state)
    elif not isinstance(target, dict):  # an OrderedDict's own attributes are of no use
        raise refused("a state for something that has none")


def _persistent(machine: _Machine, _: Any) -> None:
    about = machine.stack.pop()
    if about[0] == "module":
        machine.stack.append(about[1])
        return
    if about[0] != "storage" or not _is_storage(about[1].text):
        raise refused("a part of the file that is no storage")
    kind = about[1].text.rsplit(".", 1)[-1].removesuffix(STORAGE)
    machine.stack.append(Storage(kind, str(about[2]), int(about[4])))


def _tensor(storage: Any, offset: Any, size: Any, stride: Any, *_: Any) -> TensorNote:
    if not isinstance(storage, Storage):
        raise damaged()
    return TensorNote(storage, int(offset), tuple(map(int, size)), tuple(map(int, stride)))


def _set_items(machine: _Machine, _: Any) -> None:
    parts = machine.above_mark()
    _store(machine, dict(zip(parts[::2], parts[1::2], strict=True)))


def _store(machine: _Machine, items: dict[Any, Any]) -> None:
    target = machine.stack[-1]
    if not isinstance(target, dict):
        raise refused("items for something that is no mapping")
    target.update(items)


def _extend(machine: _Machine, values: list[Any]) -> None:
    target = machine.stack[-1]
    if not isinstance(target, list):
        raise refused("values for something that is no list")
    target.extend(values)


def _collected(make: Callable[[list[Any]], Any]) -> Callable[[_Machine, Any], None]:
    return lambda machine, _: machine.stack.append(make(machine.above_mark()))


def _several(count: int) -> Callable[[_Machine, Any], None]:
    return lambda machine, _: machine.stack.append(tuple(machine.take(count)))


def _fresh(make: Callable[[], Any]) -> Callable[[_Machine, Any], None]:
    return lambda machine, _: machine.stack.append(make())


def _drop(machine: _Machine, _: Any) -> None:
    machine.take(1)


def _drop_marked(machine: _Machine, _: Any) -> None:
    machine.above_mark()


def _get(machine: _Machine, key: Any) -> None:
    machine.stack.append(machine.memo[int(key)])


def _put(machine: _Machine, key: Any) -> None:
    machine.memo[int(key)] = machine.stack[-1]


def _memoize(machine: _Machine, _: Any) -> None:
    machine.memo[len(machine.memo)] = machine.stack[-1]


_CALLS: dict[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_parameter": lambda data, *_: data,
    "collections.OrderedDict": lambda pairs=(): dict(pairs),
    "copyreg._reconstructor": _shell,
    "copy_reg._reconstructor": _shell,
    "torch.Size": lambda size=(): tuple(size),
    "builtins.set": lambda values=(): list(values),
    "__builtin__.set": lambda values=(): list(values),
    "torch.nn.backends.thnn._get_thnn_function_backend": lambda *_: None,
}
_NAMES = {"builtins.object", "__builtin__.object"}
_STEPS: dict[str, Callable[[_Machine, Any], None]] = {
    "MARK": _fresh(_Mark),
    "POP": _drop,
    "POP_MARK": _drop_marked,
    "DUP": lambda machine, _: machine.stack.append(machine.stack[-1]),
    "EMPTY_LIST": _fresh(list),
    "EMPTY_TUPLE": _fresh(tuple),
    "EMPTY_DICT": _fresh(dict),
    "EMPTY_SET": _fresh(list),
    "LIST": _collected(list),
    "TUPLE": _collected(tuple),
    "FROZENSET": _collected(list),
    "DICT": _collected(lambda parts: dict(zip(parts[::2], parts[1::2], strict=True))),
    "TUPLE1": _several(1),
    "TUPLE2": _several(2),
    "TUPLE3": _several(3),
    "APPEND": lambda machine, _: _extend(machine, machine.take(1)),
    "APPENDS": lambda machine, _: _extend(machine, machine.above_mark()),
    "ADDITEMS": lambda machine, _: _extend(machine, machine.above_mark()),
    "SETITEM": lambda machine, _: _store(machine, dict([tuple(machine.take(2))])),
    "SETITEMS": _set_items,
    "GET": _get,
    "BINGET": _get,
    "LONG_BINGET": _get,
    "PUT": _put,
    "BINPUT": _put,
    "LONG_BINPUT": _put,
    "MEMOIZE": _memoize,
    "GLOBAL": _global,
    "STACK_GLOBAL": _stack_global,
    "REDUCE": _reduce,
    "NEWOBJ": _new_object,
    "BUILD": _build,
    "BINPERSID": _persistent,
}
