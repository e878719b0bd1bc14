"""Draft orders as FHIR R4 writes them, or as words, as :class:`Draft`.

Nothing is dropped for being strange: an order whose medicine nobody here knows, and an order that
is no medicine, become drafts without a medicine, which the checks report as not checked. Only an
order that asks for nothing (``doNotPerform``, cancelled, stopped, entered in error) makes no draft.

Reference: HL7 FHIR R4 (4.0.1), MedicationRequest, Dosage, Timing, https://hl7.org/fhir/R4.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nof1.advice.orders.shapes import Draft
from nof1.core.errors import InputError, UsageError
from nof1.genome.medicines import TOGETHER, named_in
from nof1.knowledge import drugs
from nof1.knowledge.base import SHIPPED, Base
from nof1.record.importers.fhir_codes import vocabulary

ASKS_FOR_NOTHING = ("cancelled", "stopped", "entered-in-error", "completed")
VOCABULARIES = ("RxNorm", "ATC", "NDC")  # those that may name a medicine here, the best first
DAYS = {"s": 1 / 86_400, "min": 1 / 1_440, "h": 1 / 24, "d": 1.0, "wk": 7.0, "mo": 30.4, "a": 365.0}
DAILY = {"QD": 1.0, "BID": 2.0, "TID": 3.0, "QID": 4.0, "QOD": 0.5, "AM": 1.0, "PM": 1.0,
         "BED": 1.0, "Q1H": 24.0, "Q2H": 12.0, "Q3H": 8.0, "Q4H": 6.0, "Q6H": 4.0, "Q8H": 3.0,
         "Q12H": 2.0, "Q24H": 1.0, "QHS": 1.0, "WK": 1 / 7, "MO": 1 / 30.4}  # fmt: skip
DEEPEST = 4  # Medication -> ingredient -> Medication: a loop is longer
LONGEST = 120  # characters of a name that are repeated in an answer

Json = Mapping[str, Any]


def read(order_context: Mapping[str, Any], base: Base = SHIPPED) -> tuple[Draft, ...]:
    """The draft orders of the context of a CDS Hooks request (``draftOrders``, a Bundle).

    Each ingredient of an order is one draft; those of one order share ``raw_index``.

    Raises
    ------
    InputError : there is no Bundle of draft orders, or an entry holds no resource.
    """
    bundle = order_context.get("draftOrders") if isinstance(order_context, Mapping) else None
    if not isinstance(bundle, Mapping) or bundle.get("resourceType") != "Bundle":
        raise _refused("context.draftOrders", "a FHIR R4 Bundle")
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        raise _refused("context.draftOrders.entry", "a list")
    resources = [_resource(entry, number) for number, entry in enumerate(entries)]
    shared = _medications(entries)
    return tuple(
        draft
        for number, one in enumerate(resources)
        if one["resourceType"] != "Medication" and _asks(one)
        for draft in _drafts(one, number, shared, base)
    )


def ordered(texts: Sequence[str], base: Base = SHIPPED) -> tuple[Draft, ...]:
    """Orders given as codes or words: ``RxNorm//1191``, ``1191``, ``B01AC06``, ``aspirin``.

    Raises
    ------
    UsageError : a text is empty.
    """
    made: list[Draft] = []
    for number, text in enumerate(texts):
        words = " ".join(text.split())[:LONGEST]
        if not words:
            raise UsageError(
                "An order is empty.", where="--order", allowed="a name, RxNorm or ATC code"
            )
        code = next((one for one in _codes(words) if drugs.find(one, base)), "")
        found = [] if code else _single(named_in(words))
        name = drugs.find(code or words, base)
        chosen = [name.name] if name else found
        shown = name.name if name and code else words
        reference = f"order {number + 1}"
        made += [
            Draft(each, code, shown, reference, None, None, None, None, number)
            for each in (chosen or (None,))
        ]
    return tuple(made)


def _codes(words: str) -> tuple[str, ...]:
    if "//" in words:
        return (words,)
    return (f"RxNorm//{words}",) if words.isdigit() else (f"ATC//{words.upper()}",)


def _refused(where: str, allowed: str) -> InputError:
    return InputError(
        "The draft orders cannot be read.",
        where=where,
        allowed=allowed,
        next_step="Send the orders as FHIR R4 resources in a Bundle.",
    )


def _resource(entry: Any, number: int) -> Json:
    found = entry.get("resource") if isinstance(entry, Mapping) else None
    if not isinstance(found, Mapping) or not isinstance(found.get("resourceType"), str):
        raise _refused(f"context.draftOrders.entry[{number}]", "an entry with a resource")
    return found


def _asks(order: Json) -> bool:
    """Whether the order asks for something to be given or done."""
    return order.get("doNotPerform") is not True and order.get("status") not in ASKS_FOR_NOTHING


def _medications(entries: Sequence[Json]) -> dict[str, Json]:
    """Medication resources of the Bundle by every name that a reference may use."""
    found: dict[str, Json] = {}
    for entry in entries:
        one = entry["resource"]
        if one["resourceType"] == "Medication":
            for key in (f"Medication/{one.get('id')}", entry.get("fullUrl")):
                if isinstance(key, str):
                    found[key] = one
    return found


def _drafts(order: Json, number: int, shared: Mapping[str, Json], base: Base) -> Iterator[Draft]:
    kind = order["resourceType"]
    key = order.get("id")
    reference = f"{kind}/{key}" if isinstance(key, str) and key else f"{kind} at {number}"
    concepts = list(_concepts(order, shared, base)) if kind.startswith("Medication") else []
    dose, unit, per_day, route = _dosage(order)
    found = [pair for one in concepts for pair in _named(one, base)]
    if not found:
        shown = next(filter(None, map(_words, concepts)), "") or _other(order)
        code = next((code for one in concepts for code, _ in _coded(one)), "")
        found = [(None, code, shown)]
    seen: set[str | None] = set()
    for name, code, shown in found:
        if name not in seen:
            seen.add(name)
            text = shown[:LONGEST]
            yield Draft(name, code, text, reference, dose, unit, per_day, route, number)


def _other(order: Json) -> str:
    """What an order says that names no medicine: ``ServiceRequest``, or its own words."""
    code = order.get("code")
    words = _words(code) if isinstance(code, Mapping) else ""
    return words or f"{order['resourceType']} without a name"


def _concepts(
    order: Json, shared: Mapping[str, Json], base: Base, depth: int = 0
) -> Iterator[Json]:
    """The concepts that name the medicine: its own, or those of the Medication it refers to."""
    for key in ("medicationCodeableConcept", "itemCodeableConcept"):
        if isinstance(order.get(key), Mapping):
            yield order[key]
    for key in ("medicationReference", "itemReference"):
        pointer = order.get(key)
        if isinstance(pointer, Mapping) and depth < DEEPEST:
            target = _target(pointer, order, shared)
            yield from _of_medication(target, shared, depth + 1, base) if target else ()
            if target is None and isinstance(pointer.get("display"), str):
                yield {"text": pointer["display"]}


def _of_medication(one: Json, shared: Mapping[str, Json], depth: int, base: Base) -> Iterator[Json]:
    code = one.get("code")
    parts = [part for part in _list(one.get("ingredient")) if isinstance(part, Mapping)]
    if isinstance(code, Mapping) and (_coded(code) or _words(code)):
        yield code
        if _named(code, base):
            return
    for part in parts:
        yield from _concepts(part, shared, base, depth)


def _target(pointer: Json, order: Json, shared: Mapping[str, Json]) -> Json | None:
    reference = pointer.get("reference")
    if not isinstance(reference, str):
        return None
    for one in _list(order.get("contained")):
        if isinstance(one, Mapping) and f"#{one.get('id')}" == reference:
            return one
    ending = "/".join(reference.split("/")[-2:])
    return shared.get(reference) or shared.get(ending)


def _named(concept: Json, base: Base) -> list[tuple[str | None, str, str]]:
    """Our names of a concept, each with code and words: by code, and by the words.

    Words that name another medicine than the code are read as well: both are then checked.
    """
    words, found = _words(concept), []
    codings = _coded(concept)
    first = codings[0][0] if codings else ""
    for code, shown in codings:
        known = drugs.find(code, base)
        if known is not None:
            found.append((known.name, code, words or shown or known.name))
    texts = dict.fromkeys(text for text in (words, *(shown for _, shown in codings)) if text)
    for text in texts:
        found += [(name, first, text) for name in _single(named_in(text))]
    names = _single([name for name, _, _ in found])
    return [one for n, one in enumerate(found)
            if one[0] in names and one[0] not in {each[0] for each in found[:n]}]  # fmt: skip


def _single(names: Sequence[str]) -> list[str]:
    """Names, each once; the parts of a combination that has a name of its own are left out."""
    parts = {part for name in names if TOGETHER in name for part in name.split(TOGETHER)}
    return [name for name in dict.fromkeys(names) if name not in parts]


def _coded(concept: Json) -> list[tuple[str, str]]:
    """Codes as ``VOCABULARY//code`` with their words, those that can name a medicine first."""
    made = []
    for one in _list(concept.get("coding")):
        if isinstance(one, Mapping) and isinstance(one.get("code"), str) and one["code"].strip():
            system = one.get("system")
            name = vocabulary(system if isinstance(system, str) else None)[0]
            shown = one.get("display")
            words = shown if isinstance(shown, str) else ""
            made.append((f"{name}//{one['code'].strip()[:LONGEST]}", words))
    rank = {name: number for number, name in enumerate(VOCABULARIES)}
    return sorted(made, key=lambda pair: rank.get(pair[0].partition("//")[0], len(rank)))


def _words(concept: Json) -> str:
    text = concept.get("text")
    if isinstance(text, str) and text.strip():
        return " ".join(text.split())
    shown = [words for _, words in _coded(concept) if words]
    return " ".join(shown[0].split()) if shown else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


# the dose ----------------------------------------------------------------------------------------


def _dosage(order: Json) -> tuple[float | None, str | None, float | None, str | None]:
    """Dose, unit, doses a day and route; None for what is not said.

    Several instructions, or several doses in one, are no dose: the first alone could be the least.
    """
    given = _list(order.get("dosageInstruction"))
    first = given[0] if len(given) == 1 else None
    if not isinstance(first, Mapping):
        return None, None, None, None
    rates = [one for one in _list(first.get("doseAndRate")) if isinstance(one, Mapping)]
    named = [one["doseQuantity"] for one in rates if isinstance(one.get("doseQuantity"), Mapping)]
    quantity: Json = named[0] if named and all(one == named[0] for one in named) else {}
    unit = quantity.get("code") or quantity.get("unit")
    route = first.get("route")
    return (
        _number(quantity.get("value")),
        unit if isinstance(unit, str) else None,
        _per_day(first.get("timing")),
        _route(route) if isinstance(route, Mapping) else None,
    )


def _route(concept: Json) -> str | None:
    """The words of a route; its code where it has no words."""
    codes = [code.partition("//")[2] for code, _ in _coded(concept)]
    return _words(concept) or next(iter(codes), None)


def _per_day(timing: Any) -> float | None:
    if not isinstance(timing, Mapping):
        return None
    repeat = timing.get("repeat")
    if isinstance(repeat, Mapping):
        times = _number(repeat.get("frequency", 1))
        period = _number(repeat.get("period"))
        days = DAYS.get(str(repeat.get("periodUnit")))
        if times is not None and period and days:
            return times / (period * days)
    code = timing.get("code")
    codings = _list(code.get("coding")) if isinstance(code, Mapping) else []
    words = [one.get("code") for one in codings if isinstance(one, Mapping)]
    words.append(code.get("text") if isinstance(code, Mapping) else None)
    return next((DAILY[one.upper()] for one in words
                 if isinstance(one, str) and one.upper() in DAILY), None)  # fmt: skip


def _number(value: Any) -> float | None:
    usable = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if usable and math.isfinite(value) else None
