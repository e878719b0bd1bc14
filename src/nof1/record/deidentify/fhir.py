"""One FHIR document cleaned: walked against the allow-list, resource by resource.

Narrative, attachments, most extensions and every unknown element are not in the list and are
dropped with a count. Resources of a type that is not in the list are dropped whole.
"""

from __future__ import annotations

from typing import Any

from nof1.record.deidentify.context import Context
from nof1.record.deidentify.fhir_people import patient_key
from nof1.record.deidentify.fhir_rules import (
    EXTENSIONS,
    INNER_EXTENSIONS,
    resource_types,
    rules,
)
from nof1.record.deidentify.fhir_values import Node, State, clean, new_id
from nof1.record.deidentify.tally import Refused

DEEPEST = 60
_DEEP = "It is nested too deeply."


def deidentified(document: Any, context: Context) -> Node | None:
    """A resource or Bundle without identifiers; None where nothing of it may stay.

    Raises
    ------
    Refused : the document is nested deeper than any FHIR resource is.
    """
    return _resource(document, context, None, 0)


def _resource(node: Any, context: Context, outer: State | None, depth: int) -> Node | None:
    if not isinstance(node, dict):
        return None
    kind = node.get("resourceType")
    if not isinstance(kind, str) or kind not in resource_types():
        context.tally.drop("resource of a type that is not in the list")
        return None
    state = _state(node, context, outer)
    new: Node = {"resourceType": kind}
    if isinstance(node.get("id"), str):
        new["id"] = new_id(node["id"], context)
    _fill(new, node, kind, state, depth)
    context.tally.did("resource cleaned")
    return new


def _state(node: Node, context: Context, outer: State | None) -> State:
    key = patient_key(node)
    if key is None and outer is not None:
        return outer
    person = context.register.find(key)
    return State(context, person, context.days(person, key))


def _fill(new: Node, node: Node, path: str, state: State, depth: int) -> None:
    """Copy what may stay of an object that is at ``path`` of the table."""
    if depth > DEEPEST:
        raise Refused(_DEEP)
    table, tally = rules(), state.context.tally
    for name, value in node.items():
        if name in ("resourceType", "id"):
            if name == "id" and "resourceType" not in node:
                tally.drop("id of an element")
            continue
        if name in ("meta", "contained", "extension"):
            kept = _special(name, value, path, state, depth)
        elif rule := table.get(f"{path}.{name}"):
            kept = _value(rule, value, f"{path}.{name}", node, state, depth)
        else:
            tally.drop(_unlisted(name, path, node))
            continue
        if kept is not None and kept != {} and kept != []:
            new[name] = kept


def _unlisted(name: str, path: str, node: Node) -> str:
    """Where something unlisted stood. Its own name is not told: a stranger chose it."""
    known = ("text", "name", "telecom", "photo", "contact", "modifierExtension", "content")
    kind = "resourceType" in node
    return f"{path}.{name}" if kind and name in known else f"{path}: element not in the list"


def _value(rule: str, value: Any, path: str, node: Node, state: State, depth: int) -> Any:
    if isinstance(value, list):
        kept = [_value(rule, item, path, node, state, depth + 1) for item in value]
        return [item for item in kept if item is not None and item != {}]
    if depth > DEEPEST:
        raise Refused(_DEEP)
    if rule == "resource":
        return _resource(value, state.context, None, depth + 1)
    if rule == "+" or rule.startswith("@"):
        return _object(path if rule == "+" else rule[1:], value, path, state, depth)
    kept = clean(rule, value, state, path, node)
    if kept is None and rule != "text":
        state.context.tally.drop(path)
    return kept


def _object(type_path: str, value: Any, path: str, state: State, depth: int) -> Node | None:
    if not isinstance(value, dict):
        state.context.tally.drop(f"{path}: unexpected shape")
        return None
    new: Node = {}
    _fill(new, value, type_path, state, depth + 1)
    if path == "Bundle.entry" and "resource" not in new and "resource" in value:
        return None
    return new


def _special(name: str, value: Any, path: str, state: State, depth: int) -> Any:
    """Elements that every resource may have."""
    if name == "meta":
        return _object("Meta", value, f"{path}.meta", state, depth)
    if name == "contained":
        inner = value if isinstance(value, list) else []
        kept = [_resource(item, state.context, state, depth + 1) for item in inner]
        return [item for item in kept if item is not None]
    return _extensions(value, path, state, depth, EXTENSIONS)


def _extensions(
    value: Any, path: str, state: State, depth: int, allowed: frozenset[str]
) -> list[Node]:
    """Race, ethnicity and sex at birth as codes; every other extension is dropped."""
    kept: list[Node] = []
    for one in value if isinstance(value, list) else []:
        url = one.get("url") if isinstance(one, dict) else None
        known = isinstance(url, str) and url in allowed and depth < DEEPEST
        new = _extension(one, path, state, depth) if known else None
        if new is None:
            state.context.tally.drop(f"{path}.extension")
        else:
            kept.append(new)
    return kept


def _extension(one: Node, path: str, state: State, depth: int) -> Node | None:
    new: Node = {"url": one["url"]}
    if isinstance(one.get("valueCoding"), dict):
        new["valueCoding"] = {}
        _fill(new["valueCoding"], one["valueCoding"], "Coding", state, depth + 1)
    if isinstance(one.get("valueCode"), str):
        code = clean("code", one["valueCode"], state, f"{path}.extension.valueCode", one)
        new |= {"valueCode": code} if code else {}
    if "extension" in one:
        new["extension"] = _extensions(one["extension"], path, state, depth + 1, INNER_EXTENSIONS)
    return new if len(new) > 1 else None
