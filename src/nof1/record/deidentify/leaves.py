"""Every value of a FHIR document with its place, and which values are known to be harmless.

Used when what was written is looked at again: pseudonyms, dates, public codes and addresses of
standards cannot hold an identifier, everything else is searched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from nof1.record.deidentify.dates import ISO
from nof1.record.deidentify.fhir_rules import EXTENSIONS, is_known_system

_PSEUDONYM = re.compile(
    r"(?:https://deidentified\.invalid/)?(?:[A-Z][A-Za-z]{2,40}/|#)?[a-p]{12,24}"
    r"|urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?:urn:oid:)?2\.25\.\d{1,39}"
    r"|urn:nof1:system:[a-p]{12}"
)
_STANDARD = re.compile(r"http://(?:hl7\.org/fhir|snomed\.info/sct|terminology\.hl7\.org)/[\w/.|-]*")
_ID_NAMES = frozenset({"id", "reference", "fullUrl", "value", "url", "uid", "system", "code"})


class Leaf(NamedTuple):
    """A text of a document; ``name`` is the element's, ``public`` a code of a public system."""

    name: str
    text: str
    public: bool


def leaves(node: Any) -> Iterator[Leaf]:
    """All texts that could hold an identifier."""
    stack: list[tuple[str, Any, bool]] = [("", node, False)]
    while stack:
        name, value, public = stack.pop()
        if isinstance(value, dict):
            known = is_known_system(str(value.get("system", "")))
            stack += [(n, v, known and n == "code") for n, v in value.items()]
        elif isinstance(value, list):
            stack += [(name, item, public) for item in value]
        elif isinstance(value, str) and not harmless(name, value):
            yield Leaf(name, value, public)


def harmless(name: str, text: str) -> bool:
    """A pseudonym where one belongs, a moved date, or an address of a standard."""
    if name in _ID_NAMES and _PSEUDONYM.fullmatch(text):
        return True
    if name != "birthDate" and ISO.fullmatch(text):
        return True
    return text in EXTENSIONS or is_known_system(text) or _STANDARD.fullmatch(text) is not None
