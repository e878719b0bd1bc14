"""Documents as single resources: a Bundle of any type is opened, anything else is itself.

In a history, transaction or batch, and in a bulk export's ``deleted`` output, an entry with the
method DELETE withdraws a resource. A Bundle within a Bundle is opened too.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from nof1.record.importers.fhir_dates import BadDate, span
from nof1.record.importers.fhir_references import URNS, Urls, identity, resolve
from nof1.record.importers.fhir_types import Bundle, Entry, Head, Imported, Resource

DEEPEST_BUNDLE = 4
MARK = b'"Bundle"'
_HEAD = msgspec.json.Decoder(Head)
_BUNDLE = msgspec.json.Decoder(Bundle)
RESOURCE = msgspec.json.Decoder(Imported)


_NO_URLS: Urls = MappingProxyType({})


class Item(NamedTuple):
    """One resource, or the deletion of one, or what could not be read.

    Attributes
    ----------
    row : 1-based line, or entry of a Bundle.
    raw : the resource as JSON; empty for a deletion or a problem.
    head : its type, id and meta, when they were read already.
    full_url : address it has in its Bundle.
    urls : addresses of its Bundle.
    held : moment (microseconds since 1970, UTC) by which the Bundle existed.
    deleted : ``Type/id`` that this item withdraws.
    problem : why it cannot be read.
    nothing : why there is nothing to read, though nothing is wrong.
    resource : the resource itself, when it was decoded already.
    """

    row: int
    raw: bytes | memoryview | msgspec.Raw = b""
    head: Head | None = None
    full_url: str | None = None
    urls: Urls = _NO_URLS
    held: int | None = None
    deleted: str | None = None
    problem: str | None = None
    nothing: str | None = None
    resource: Resource | None = None


def head_of(raw: bytes | memoryview | msgspec.Raw) -> Head:
    """Type, id and meta of a resource; raises what ``reason`` explains."""
    return _HEAD.decode(raw)


def reason(error: Exception) -> str:
    """Why JSON was refused, without any of its values."""
    if isinstance(error, UnicodeDecodeError):
        return "the text is not UTF-8"
    if isinstance(error, RecursionError):
        return "the JSON is nested too deeply"
    text = str(error)
    if text == "Input data was truncated":
        return "the JSON ends too early (truncated)"
    if text.startswith(("Expected", "Number out of range", "Object missing")):
        return f"not the shape of FHIR R4: {text}"
    if text.startswith("JSON is malformed"):
        return text
    return "not the shape of FHIR R4"


UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def items(raw: bytes, row: int) -> Iterator[Item]:
    """The resources of one document, a line of NDJSON or a whole file."""
    if MARK not in raw:  # most lines: no need to look inside
        yield Item(row or 1, raw)
        return
    try:
        head = head_of(raw)
        if head.resourceType != "Bundle":
            yield Item(row or 1, raw, head)
            return
        bundle = _BUNDLE.decode(raw)
    except UNREADABLE as error:
        yield Item(row, problem=reason(error))
        return
    yield from opened(bundle, row)


def opened(bundle: Bundle, row: int, depth: int = 1, *, whole: bool = False) -> Iterator[Item]:
    """Entries of a Bundle; a Bundle that is a line of its own has that line as its row.

    Parameters
    ----------
    row : the row of all items; 0: each entry has its own number, from 1.
    depth : how many Bundles stand around the entries, this one included.
    whole : decode each resource now and once, as one patient's advice needs them all; an import
        that first looks for the newest versions reads the heads only.
    """
    read = [_entry(entry, whole) for entry in bundle.entry]
    urls = {
        entry.fullUrl: identity(head.resourceType, head.id, entry.fullUrl, b"")
        for entry, (head, _) in zip(bundle.entry, read, strict=True)
        if entry.fullUrl and isinstance(head, Head)
    }
    held = _moment(bundle.timestamp)
    for number, (entry, (head, resource)) in enumerate(zip(bundle.entry, read, strict=True), 1):
        place = row or number
        if isinstance(head, Head) and head.resourceType == "Bundle":
            yield from _nested(entry, place, depth, whole)
        else:
            yield _item(entry, head, resource, place, urls, held)


def _nested(entry: Entry, row: int, depth: int, whole: bool) -> Iterator[Item]:
    if depth >= DEEPEST_BUNDLE:
        yield Item(row, problem=f"Bundles are nested deeper than {DEEPEST_BUNDLE}")
        return
    try:
        inner = _BUNDLE.decode(entry.resource)
    except UNREADABLE as error:
        yield Item(row, problem=reason(error))
        return
    yield from opened(inner, row, depth + 1, whole=whole)


def _entry(entry: Entry, whole: bool) -> tuple[Head | str | None, Resource | None]:
    """Head and, if asked for, resource of an entry.

    Instead of the head: why it cannot be read, or None without a resource.
    """
    if bytes(entry.resource) in (b"", b"null"):
        return None, None
    if whole:
        try:
            found = RESOURCE.decode(entry.resource)
            return Head(type(found).__name__, found.id, found.meta), found
        except UNREADABLE:
            pass  # another type, or damaged: the head tells
    try:
        return head_of(entry.resource), None
    except UNREADABLE as error:
        return reason(error), None


def _item(
    entry: Entry,
    head: Head | str | None,
    resource: Resource | None,
    row: int,
    urls: Urls,
    held: int | None,
) -> Item:
    method = entry.request.method if entry.request else None
    if method == "DELETE":
        return _deletion(entry, row)
    if isinstance(head, str):
        return Item(row, problem=head)
    if head is None:
        return Item(row, nothing="Bundle entry without a resource")
    return Item(row, entry.resource, head, entry.fullUrl, urls, held, resource=resource)


def _deletion(entry: Entry, row: int) -> Item:
    url = (entry.request.url if entry.request else None) or entry.fullUrl or ""
    target = None if "?" in url or url.startswith(URNS) else resolve(url, "", {})
    if target is None:
        return Item(row, problem="a deletion does not name one resource as Type/id")
    modified = entry.response.lastModified if entry.response else None
    return Item(row, deleted=target, held=_moment(modified))


def _moment(text: str | None) -> int | None:
    try:
        return span(text).last if text else None
    except BadDate:
        return None
