"""YAML that a person wrote, with the line and column of every value.

Settings files are small and plain. What a stranger's file could do harm or surprise with is
refused: tags, anchors and aliases (a few lines can unfold to billions of values), duplicate keys,
several documents, deep nesting, control characters, files over one MiB. Plain ``yes``, ``no``,
``on``, dates and ``1:30`` stay text: only ``true``, ``false``, ``null`` and decimal numbers are
more than text.

Every refusal names file, line and column, what is allowed, and the closest allowed word.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

from nof1.core.errors import InputError

MAX_BYTES = 2**20
MAX_DEPTH = 30
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}

Scalar = str | int | float | bool | None


def did_you_mean(word: str, allowed: Collection[str]) -> str | None:
    """``Did you mean 'x'?`` for the closest allowed word; None when nothing is close.

    >>> did_you_mean("outcom", ["outcome", "index"])
    "Did you mean 'outcome'?"
    """
    close = get_close_matches(word, list(allowed), n=1, cutoff=0.6)
    if not close:
        lowered = {name.lower(): name for name in allowed}
        close = [lowered[name] for name in get_close_matches(word.lower(), list(lowered), 1, 0.6)]
    return f"Did you mean {close[0]!r}?" if close else None


@dataclass(frozen=True)
class Node:
    """A value of the file and where it stands.

    Attributes
    ----------
    value : a text, number, bool or None; a list of nodes; or a dict from key to node.
    file, line, column : where it stands; lines and columns count from 1.
    name : the way to it through the keys, for example ``index.of``.
    keys : where each key of a mapping stands, as (line, column).
    """

    value: Any
    file: str
    line: int
    column: int
    name: str = ""
    keys: tuple[tuple[str, int, int], ...] = ()

    @property
    def where(self) -> str:
        """``file, line 3, column 5, index.of``."""
        place = f"{self.file}, line {self.line}, column {self.column}"
        return f"{place}, {self.name}" if self.name else place

    def refuse(
        self,
        message: str,
        *,
        allowed: str | Collection[str] | None = None,
        next_step: str | None = None,
    ) -> NoReturn:
        """Raise an ``InputError`` that points here."""
        options = allowed if allowed is None or isinstance(allowed, str) else list(allowed)
        raise InputError(message, where=self.where, allowed=options, next_step=next_step)

    def mapping(
        self, allowed: Collection[str] | None = None, required: Collection[str] = ()
    ) -> dict[str, Node]:
        """The nodes by key.

        Raises
        ------
        InputError : not a mapping, a key that is not allowed, or a required key that is missing.
        """
        if not isinstance(self.value, dict):
            self.refuse(
                f"{self._said()} where keys and values belong.",
                allowed=sorted(allowed) if allowed else "key: value",
            )
        for key, line, column in self.keys if allowed is not None else ():
            if key not in (allowed or ()):
                here = Node(None, self.file, line, column, self.name)
                here.refuse(
                    f"The key {key!r} is not known here.",
                    allowed=sorted(allowed or ()),
                    next_step=did_you_mean(key, allowed or ()) or "Remove it or correct it.",
                )
        missing = [key for key in required if key not in self.value]
        if missing:
            self.refuse(
                f"The key {missing[0]!r} is missing.",
                allowed=sorted(allowed) if allowed else None,
                next_step=f"Add `{missing[0]}:` here.",
            )
        return dict(self.value)

    def items(self) -> list[Node]:
        """The nodes of a list; a single value counts as a list of one.

        Raises
        ------
        InputError : a mapping or nothing at all.
        """
        if isinstance(self.value, list):
            return list(self.value)
        if self.value is None or isinstance(self.value, dict):
            self.refuse(f"{self._said()} where a list belongs.", allowed="[one, two]")
        return [self]

    def text(self) -> str:
        """A text that is not empty. Numbers are refused, since 007 and 7 would become one."""
        if not isinstance(self.value, str) or not self.value.strip():
            self.refuse(
                f"{self._said()} where a text belongs.",
                allowed="text",
                next_step='Put numbers and true/false that are meant as text in "quotes".',
            )
        return self.value

    def texts(self) -> tuple[str, ...]:
        """A list of texts, each once."""
        found = tuple(node.text() for node in self.items())
        for position, node in enumerate(self.items()):
            if node.value in found[:position]:
                node.refuse(f"{node.value!r} stands twice in this list.")
        return found

    def number(self, lowest: float = -math.inf, highest: float = math.inf) -> float:
        """A finite number between two bounds, both allowed."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            self.refuse(f"{self._said()} where a number belongs.", allowed="a number")
        if not (lowest <= self.value <= highest and math.isfinite(self.value)):
            self.refuse(f"{self.value} is out of range.", allowed=f"{lowest:g} to {highest:g}")
        return float(self.value)

    def whole(self, lowest: int, highest: int) -> int:
        """A whole number between two bounds, both allowed."""
        if self.number(lowest, highest) != int(self.value):
            self.refuse(f"{self.value} is no whole number.", allowed=f"{lowest} to {highest}")
        return int(self.value)

    def flag(self) -> bool:
        """``true`` or ``false``."""
        if not isinstance(self.value, bool):
            self.refuse(f"{self._said()} where true or false belongs.", allowed=["true", "false"])
        return self.value

    def one_of(self, allowed: Collection[str]) -> str:
        """A word out of a few."""
        word = self.text()
        if word not in allowed:
            self.refuse(
                f"{word!r} is not known here.",
                allowed=list(allowed),
                next_step=did_you_mean(word, allowed) or "Choose one of the allowed words.",
            )
        return word

    def _said(self) -> str:
        kind = {dict: "keys and values", list: "a list", type(None): "nothing"}
        return f"Got {kind.get(type(self.value), repr(self.value)[:60])}"


def load(path: str | Path) -> Node:
    """Read a YAML file.

    Raises
    ------
    InputError : the file cannot be read, is too large, is no UTF-8 text or no plain YAML.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(
            "The file cannot be read.", where=str(path), next_step="Check the path."
        ) from error
    if len(content) > MAX_BYTES:
        raise InputError("The file is larger than one MiB.", where=str(path), allowed="1 MiB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError(
            "The file is no UTF-8 text.", where=f"{path}, line {line}", allowed="UTF-8"
        ) from error
    return parse(text, str(path))


def parse(text: str, file: str = "settings") -> Node:
    """Read YAML text; ``file`` is how errors call it.

    Raises
    ------
    InputError : as for ``load``.

    >>> parse("index: {of: nsaid}").mapping()["index"].mapping()["of"].where
    'settings, line 1, column 13, index.of'
    """
    import yaml

    try:
        return _document(_Events(yaml.parse(text, Loader=yaml.SafeLoader), file))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{file}, line {mark.line + 1}, column {mark.column + 1}" if mark else file
        problem = getattr(error, "problem", None) or "a character that is not allowed"
        raise InputError(
            f"This is no readable YAML: {problem}.",
            where=where,
            next_step="Check indentation, colons and quotes on this line and the one above.",
        ) from error


class _Events:
    """The parser's events, with what we refuse refused before anything is built."""

    def __init__(self, events: Iterator[Any], file: str) -> None:
        self.file = file
        self._events = (event for event in events if type(event).__name__ not in _FRAMING)

    def next(self) -> Any:
        event = next(self._events)
        kind = type(event).__name__
        if kind == "AliasEvent" or getattr(event, "anchor", None):
            self.node(event, None, "").refuse(
                "Anchors and aliases (& and *) are not allowed.",
                next_step="Write the value out where it is needed.",
            )
        if getattr(event, "tag", None):
            self.node(event, None, "").refuse(
                "Tags (!) are not allowed.", next_step="Write plain text, numbers and lists."
            )
        return event

    def node(self, event: Any, value: Any, name: str) -> Node:
        mark = event.start_mark
        return Node(value, self.file, mark.line + 1, mark.column + 1, name)


_FRAMING = {"StreamStartEvent", "DocumentStartEvent"}


def _document(events: _Events) -> Node:
    event = events.next()
    if type(event).__name__ == "StreamEndEvent":
        raise InputError(
            "The file is empty.",
            where=events.file,
            next_step="Write its keys; docs/task-files.md and docs/importing.md show whole files.",
        )
    root = _value(events, event, "", 0)
    events.next()  # the end of the document
    after = events.next()
    if type(after).__name__ != "StreamEndEvent":
        events.node(after, None, "").refuse("The file holds more than one YAML document.")
    return root


def _value(events: _Events, event: Any, name: str, depth: int) -> Node:
    if depth > MAX_DEPTH:
        events.node(event, None, "").refuse(
            "The file is nested too deeply.", allowed=f"{MAX_DEPTH} levels"
        )
    kind = type(event).__name__
    if kind == "ScalarEvent":
        return events.node(event, _scalar(event), name)
    if kind == "SequenceStartEvent":
        return events.node(event, _list(events, name, depth), name)
    return _mapping(events, event, name, depth)


def _list(events: _Events, name: str, depth: int) -> list[Node]:
    found: list[Node] = []
    while type(event := events.next()).__name__ != "SequenceEndEvent":
        found.append(_value(events, event, f"{name}[{len(found) + 1}]", depth + 1))
    return found


def _mapping(events: _Events, start: Any, name: str, depth: int) -> Node:
    found: dict[str, Node] = {}
    keys: list[tuple[str, int, int]] = []
    while type(event := events.next()).__name__ != "MappingEndEvent":
        here = events.node(event, None, name)
        if type(event).__name__ != "ScalarEvent":
            here.refuse("A key must be a plain word.")
        key = event.value
        if key in found:
            here.refuse(f"The key {key!r} stands twice.", next_step="Keep one of the two.")
        keys.append((key, here.line, here.column))
        below = f"{name}.{key}" if name else key
        found[key] = _value(events, events.next(), below, depth + 1)
    place = events.node(start, found, name)
    return Node(found, place.file, place.line, place.column, name, tuple(keys))


def _scalar(event: Any) -> Scalar:
    """Quoted values are text; plain ones may be a number, true, false or null."""
    text: str = event.value
    if event.style is not None:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text) and len(text) < 19:
        return int(text)
    if _NUMBER.fullmatch(text):
        return float(text)
    return text
