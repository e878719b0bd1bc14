"""YAML description files (mappings), read so that every error can name its line.

Plain values stay the text that was written: ``No`` is the word "No" here, not false.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from nof1.core.errors import InputError
from nof1.record.reading import safe_open

MOST_BYTES = 2**20
MAX_DEPTH = 30  # of lists and mappings, with the stream and the document


@dataclass(frozen=True)
class Entry:
    """A value of the file, and where it stands.

    ``content`` is text, None (empty), a list of entries, or a dict of text to entry.
    """

    content: Any
    file: str
    line: int
    name: str = "the file"

    def problem(self, message: str, allowed: Sequence[str] | str | None = None) -> InputError:
        """An error that points at this line."""
        return InputError(
            message[:1].upper() + message[1:],
            where=f"{self.file}, line {self.line}",
            allowed=allowed,
            next_step="Correct this line and import again.",
        )

    def text(self, allowed: Sequence[str] | None = None) -> str:
        """The value as text; one of ``allowed`` where given."""
        if not isinstance(self.content, str):
            raise self.problem(f"{self.name} must be a text.", allowed)
        if allowed is not None and self.content not in allowed:
            raise self.problem(f"{self.name} has an unknown value.", allowed)
        return self.content

    def items(self) -> list[Entry]:
        """The entries of a list."""
        if not isinstance(self.content, list):
            raise self.problem(f"{self.name} must be a list.")
        return self.content

    def texts(self) -> list[str]:
        """A list of texts; one text is a list of one."""
        if isinstance(self.content, str):
            return [self.content]
        return [item.text() for item in self.items()]

    def fields(
        self, allowed: Sequence[str] | None = None, required: Sequence[str] = ()
    ) -> dict[str, Entry]:
        """The entries of a mapping; names outside ``allowed`` are refused."""
        if not isinstance(self.content, dict):
            raise self.problem(f"{self.name} must be a mapping of names to values.", allowed)
        for name, entry in self.content.items():
            if allowed is not None and name not in allowed:
                near = get_close_matches(name, allowed, n=1)
                hint = f" Did you mean {near[0]!r}?" if near else ""
                raise entry.problem(f"Unknown name {name!r} in {self.name}.{hint}", allowed)
        missing = [name for name in required if name not in self.content]
        if missing:
            raise self.problem(f"{self.name} lacks {', '.join(missing)}.", allowed)
        return self.content


def load(path: Path) -> Entry:
    """Read a YAML file.

    Raises
    ------
    InputError : no readable file, no valid YAML, a name twice in one mapping, aliases, or more
        than a megabyte.
    """
    import yaml

    where = path.name
    with safe_open(path) as stream:
        data = stream.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise InputError("The description is too large.", where=where, allowed="1 MB")
    try:
        text = data.decode("utf-8-sig")
        _check(yaml.parse(text, yaml.SafeLoader), where)
        node = yaml.compose(text, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InputError(
            f"This is no valid YAML: {error.problem}.", where=f"{where}, line {line}"
        ) from error
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise InputError(
            "The description cannot be read.", where=where, allowed="a YAML file in UTF-8"
        ) from error
    if node is None:
        raise InputError("The description is empty.", where=where)
    return _entry(node, where, "the file")


def _check(events: Iterator[Any], where: str) -> None:
    """Refuse aliases, and nesting so deep that reading it would take minutes."""
    depth = 0
    for event in events:
        kind = type(event).__name__
        depth += kind.endswith("StartEvent") - kind.endswith("EndEvent")
        if kind == "AliasEvent":
            raise InputError("YAML aliases (*name) are not supported.", where=where)
        if depth > MAX_DEPTH:
            raise InputError("It is nested too deeply.", where=where, allowed=f"{MAX_DEPTH} levels")


def schema_of(path: Path) -> str | None:
    """The value of ``schema:`` in a YAML file; None when it is no such file."""
    if path.suffix.lower() not in (".yaml", ".yml") or not path.is_file():
        return None
    try:
        fields = load(path).fields()
    except InputError:
        return None
    return fields["schema"].content if "schema" in fields else None


def _entry(node: Any, file: str, name: str) -> Entry:
    line = node.start_mark.line + 1
    if node.id == "scalar":
        empty = node.style is None and node.value in ("", "~", "null")
        return Entry(None if empty else node.value, file, line, name)
    if node.id == "sequence":
        parts = [_entry(part, file, f"an entry of {name}") for part in node.value]
        return Entry(parts, file, line, name)
    fields: dict[str, Entry] = {}
    for key, value in node.value:
        if key.id != "scalar" or key.value in fields:
            here = Entry(None, file, key.start_mark.line + 1)
            raise here.problem(f"A name in {name} is no text, or stands there twice.")
        found = _entry(value, file, f"`{key.value}`")
        fields[key.value] = Entry(found.content, file, key.start_mark.line + 1, found.name)
    return Entry(fields, file, line, name)
