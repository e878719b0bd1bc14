"""What is done to one value of a FHIR resource, by the rule of its element.

Each function takes the value and the state of its resource and gives what stays, or None for
nothing. What is dropped is counted by the caller.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nof1.record.deidentify.context import Context
from nof1.record.deidentify.dates import TIME, parse_day, shift_iso
from nof1.record.deidentify.fhir_rules import codes, is_known_system, resource_types
from nof1.record.deidentify.people import OLDEST, Person
from nof1.record.deidentify.zips import zip3

Node = dict[str, Any]
HOST = "https://deidentified.invalid"  # RFC 2606: a name that can never exist
# a code with a digit near its start (LOINC, SNOMED CT, RxNorm, ICD, ATC, NDC) or a language
_TERM = re.compile(r"[A-Z]{0,3}\d[0-9A-Z.-]{0,17}|[a-z]{2}(-[A-Z]{2})?")
_ATOM = (
    r"(?:da|[YZEPTGMkhdcmunpf])?(?:g|L|l|m|s|mol|eq|U|Hz|Pa|J|W|V|A|K|Cel|cal|osm|kat|Bq|Gy|Sv|bar|B)"
    r"|min|h|d|wk|mo|a|m\[Hg\]|mm\[Hg\]|cm\[H2O\]|[kmu]?\[[iI]U\]|\[arb'U\]|\[pH\]|\[degF\]"
    r"|\[in_i\]|\[ft_i\]|\[lb_av\]|\[oz_av\]|\[drp\]|\[HPF\]|\[LPF\]|%|deg|10\*\d{1,2}|1|24\.h"
    r"|\{(?:score|count|beats|cells|ratio|INR|RBC|WBC|breaths|pack|tablet|dose|creat|#|index|1\.73_m2)\}"
)
_UNIT = re.compile(rf"/?(?:{_ATOM})\d?(?:[./](?:{_ATOM})\d?){{0,4}}")
_VERSION = re.compile(
    r"\d{4}(-\d\d(-\d\d)?)?|\d{1,3}(\.\d{1,4}){0,3}|http://snomed\.info/sct[/\w]*"
)
_PROFILE = re.compile(r"http://hl7\.org/fhir/[A-Za-z0-9/._|-]{1,120}")
_SAMPLES = re.compile(r"[0-9EULeul.+\s-]{1,100000}")
_PATH = re.compile(r"(?:.*/)?([A-Z][A-Za-z]{2,40})/([^/?#]+)(?:/_history/[^/]+)?")
_YEARS = {"a", "yr", "yrs", "year", "years", "y"}
_VERBS = {"GET", "POST", "PUT", "DELETE", "PATCH"}


@dataclass
class State:
    """The resource that is being cleaned: its patient, the shift, and the choices of the run."""

    context: Context
    person: Person | None
    days: int | None


def clean(rule: str, value: Any, state: State, place: str, node: Node) -> Any:
    """Apply a rule to one value; ``node`` is the object in which it stands."""
    if rule == "text":
        text = value if isinstance(value, str) else None
        return text and state.context.free(place, text, state.person, state.days)
    return _ACTIONS[rule](value, state, place, node)


def _text(pattern: re.Pattern[str]) -> Callable[[Any, State, str, Node], Any]:
    def matching(value: Any, state: State, place: str, node: Node) -> Any:
        return value if isinstance(value, str) and pattern.fullmatch(value) else None

    return matching


def _unit(value: Any, state: State, place: str, node: Node) -> Any:
    """A unit of UCUM that is made of common parts, or one that enough patients share."""
    if not isinstance(value, str):
        return None
    shared = state.context.common.shared("code", str(node.get("system")), value)
    if shared and state.context.tells(value, state.person):
        return None
    return value if shared or _UNIT.fullmatch(value) else None


def _number(value: Any, state: State, place: str, node: Node) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    person = state.person
    if person and abs(value) >= 10**5 and re.sub(r"\.0$", "", str(value)) in person.numbers:
        state.context.tally.did("own identifier in a kept value: dropped")
        return None
    return value


def _boolean(value: Any, state: State, place: str, node: Node) -> Any:
    return value if isinstance(value, bool) else None


def _code(value: Any, state: State, place: str, node: Node) -> Any:
    return value if isinstance(value, str) and value in codes() else None


def _verb(value: Any, state: State, place: str, node: Node) -> Any:
    return value if isinstance(value, str) and value in _VERBS else None


def _date(value: Any, state: State, place: str, node: Node) -> Any:
    if not isinstance(value, str) or state.days is None:
        return None
    new = shift_iso(value, state.days)
    state.context.tally.did("date moved" if new else "date that cannot be read: dropped")
    return new


def _birth(value: Any, state: State, place: str, node: Node) -> Any:
    """A birth date moved; none for people over 89, whose year of birth tells their age."""
    as_of = state.context.choices.as_of
    born = parse_day(value) if isinstance(value, str) else None
    year = value[:4] if isinstance(value, str) else ""
    old = state.person.is_old(as_of) if state.person and born else _old_year(year, as_of.year)
    if old:
        state.context.tally.did("birth date of a person over 89: dropped")
        return None
    return _date(value, state, place, node)


def _old_year(year: str, now: int) -> bool:
    return not year.isdigit() or now - int(year) > OLDEST


def _age(value: Any, state: State, place: str, node: Node) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    units = {str(node.get(name, "a")).lower() for name in ("code", "unit")}
    if value > OLDEST and units & _YEARS:
        state.context.tally.did("age over 89: set to 90")
        return 90
    return value


def _quantity_number(value: Any, state: State, place: str, node: Node) -> Any:
    named = any(str(node.get(name, "")).lower() in _YEARS for name in ("code", "unit"))
    return (_age if named else _number)(value, state, place, node)


def _common(value: Any, state: State, place: str, node: Node) -> Any:
    """A label that enough patients share and that does not name this one."""
    name = place.rsplit(".", 1)[-1]
    if not isinstance(value, str) or not state.context.common.shared(name, value):
        return None
    if state.context.tells(value, state.person):
        state.context.tally.did("own identifier in a kept value: dropped")
        return None
    return value


def _place(value: Any, state: State, place: str, node: Node) -> Any:
    short = isinstance(value, str) and re.fullmatch(r"[A-Z]{2,3}", value)
    return value if short else _common(value, state, place, node)


def _system(value: Any, state: State, place: str, node: Node) -> Any:
    if not isinstance(value, str):
        return None
    if is_known_system(value):
        return value
    state.context.tally.did("system of codes or identifiers: pseudonym")
    return f"urn:nof1:system:{state.context.pseudonym('system', value)[:12]}"


def _code_value(value: Any, state: State, place: str, node: Node) -> Any:
    """A term of a public system; of another system only one that enough patients share."""
    if not isinstance(value, str):
        return None
    system, person = str(node.get("system")), state.person
    own = person is not None and value in person.numbers | person.keys and len(value) > 5
    if is_known_system(system) and not own and (value in codes() or _TERM.fullmatch(value)):
        return value
    shared = state.context.common.shared("code", system, value)
    if shared and not state.context.tells(value, person):
        return value
    state.context.tally.did("code of an unknown system: pseudonym")
    return state.context.pseudonym("code", f"{system}|{value}")[:16]


def _identifier(value: Any, state: State, place: str, node: Node) -> Any:
    if not isinstance(value, str):
        return None
    state.context.tally.did("identifier: pseudonym")
    if value.startswith("urn:oid:"):
        return "urn:oid:" + state.context.uid(value[8:])
    return state.context.pseudonym("identifier", value)


def _identifier_system(value: Any, state: State, place: str, node: Node) -> Any:
    return value if value == "urn:dicom:uid" else _system(value, state, place, node)


def _uid(value: Any, state: State, place: str, node: Node) -> Any:
    if not isinstance(value, str):
        return None
    prefix = "urn:oid:" if value.startswith("urn:oid:") else ""
    state.context.tally.did("UID: pseudonym")
    return prefix + state.context.uid(value.removeprefix("urn:oid:"))


def new_id(value: str, context: Context) -> str:
    """The pseudonym of a resource's id."""
    return context.pseudonym("id", value)


def _reference(value: Any, state: State, place: str, node: Node) -> Any:
    if not isinstance(value, str) or not value:
        return None
    context = state.context
    if value.startswith("#"):
        return "#" + new_id(value[1:], context)
    if value.startswith("urn:"):
        bare = value.removeprefix("urn:uuid:").removeprefix("urn:oid:")
        return "urn:uuid:" + context.keep("id", bare, context.key.uuid(bare))
    kind, search, rest = value.partition("?")
    if search and kind.rsplit("/", 1)[-1] in resource_types():
        return f"{kind.rsplit('/', 1)[-1]}/{new_id(rest, context)}"
    found = _PATH.fullmatch(value)
    if not found or found[1] not in resource_types():
        return None
    context.tally.did("reference: pseudonym")
    return f"{found[1]}/{new_id(found[2], context)}"


def _full_url(value: Any, state: State, place: str, node: Node) -> Any:
    new = _reference(value, state, place, node)
    return new if new is None or new.startswith("urn:") else f"{HOST}/{new}"


def _request_url(value: Any, state: State, place: str, node: Node) -> Any:
    if isinstance(value, str) and value in resource_types():
        return value
    return _reference(value, state, place, node)


def _zip(value: Any, state: State, place: str, node: Node) -> Any:
    new = zip3(value) if isinstance(value, str) else None
    if new:
        state.context.tally.did("ZIP code: three digits" if new != "000" else "ZIP code: 000")
    return new


_ACTIONS: dict[str, Callable[[Any, State, str, Node], Any]] = {
    "code": _code,
    "version": _text(_VERSION),
    "profile": _text(_PROFILE),
    "comparator": _text(re.compile(r"[<>]=?")),
    "samples": _text(_SAMPLES),
    "time": _text(TIME),
    "unit": _unit,
    "number": _quantity_number,
    "boolean": _boolean,
    "verb": _verb,
    "date": _date,
    "death": _date,
    "birth": _birth,
    "age": _age,
    "common": _common,
    "state": _place,
    "country": _place,
    "system": _system,
    "code_value": _code_value,
    "identifier": _identifier,
    "identifier_system": _identifier_system,
    "uid": _uid,
    "reference": _reference,
    "full_url": _full_url,
    "request_url": _request_url,
    "zip": _zip,
}
