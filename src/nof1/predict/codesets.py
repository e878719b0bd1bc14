"""Code sets: the codes that mean one thing, by list, by prefix or by hierarchy.

In a task file::

    code_sets:
      gi_bleed: SNOMED//74474003
      statin: {descendants_of: [ATC//C10AA]}
      diabetes: {prefixes: [ICD10CM//E10, ICD10CM//E11], except: [ICD10CM//E11.9]}

A set is resolved against one record: the result is the list of its codes that occur there.
Hierarchies come from the record's ``ancestors`` table, in OMOP the table concept_ancestor.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nof1.core.errors import InputError
from nof1.core.yaml_lines import Node, did_you_mean

if TYPE_CHECKING:
    import polars as pl

_KEYS = ("codes", "prefixes", "descendants_of", "except", "may_be_empty")


@dataclass(frozen=True)
class CodeSet:
    """The codes that mean one thing.

    Attributes
    ----------
    name : how the task calls it.
    codes : exact codes.
    prefixes : beginnings of codes; ``ICD10CM//E1`` takes ``ICD10CM//E10`` and ``ICD10CM//E11.9``.
    descendants_of : codes whose descendants are taken, and themselves.
    minus : what is taken out again; a list of codes, prefixes or ancestors.
    may_be_empty : whether a record without any of these codes is fine.
    """

    name: str
    codes: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    descendants_of: tuple[str, ...] = ()
    minus: CodeSet | None = None
    may_be_empty: bool = False

    def resolve(
        self, known_codes: Collection[str], ancestors: pl.DataFrame | None = None
    ) -> tuple[str, ...]:
        """The codes of this set that occur in a record, sorted.

        Parameters
        ----------
        known_codes : every code of the record.
        ancestors : pairs (ancestor, code), each code under all its ancestors.

        Raises
        ------
        InputError : a hierarchy that the record does not have, or a set without any code in it.
        """
        found = self._members(known_codes, ancestors)
        if self.minus:
            found -= self.minus._members(known_codes, ancestors)
        if not found and not self.may_be_empty:
            self._refuse_empty(known_codes)
        return tuple(sorted(found))

    def _members(self, known_codes: Collection[str], ancestors: pl.DataFrame | None) -> set[str]:
        known = set(known_codes)
        found = known & (set(self.codes) | self._descendants(ancestors))
        return found | {code for code in known if self.prefixes and code.startswith(self.prefixes)}

    def _descendants(self, ancestors: pl.DataFrame | None) -> set[str]:
        if not self.descendants_of:
            return set()
        pairs: dict[str, set[str]] = {parent: {parent} for parent in self.descendants_of}
        seen: set[str] = set()
        if ancestors is not None:
            mine = ancestors.filter(ancestors["ancestor"].is_in(list(self.descendants_of)))
            for parent, code in mine.select("ancestor", "code").iter_rows():
                pairs[parent].add(code)
                seen.add(parent)
        missing = [parent for parent in self.descendants_of if parent not in seen]
        if missing and not self.may_be_empty:
            raise InputError(
                f"The record has no hierarchy below {missing[0]!r}.",
                where=f"code set {self.name!r}, descendants_of",
                allowed="an ancestor in the record's table ancestors",
                next_step="Import the vocabulary (OMOP: concept_ancestor), or list the codes.",
            )
        return set().union(*pairs.values())

    def _refuse_empty(self, known_codes: Collection[str]) -> None:
        wanted = (*self.codes, *self.prefixes, *self.descendants_of)
        hints = (did_you_mean(code, known_codes) for code in wanted)
        hint = next((hint for hint in hints if hint), "Look at the codes of the record.")
        raise InputError(
            f"No code of the set {self.name!r} occurs in the record.",
            where=f"code set {self.name!r}: {', '.join(wanted[:5])}",
            allowed="codes of the record, written VOCABULARY//code",
            next_step=f"{hint} If the set may be empty here, say `may_be_empty: true`.",
        )


def read_code_set(node: Node, name: str) -> CodeSet:
    """Read one definition: a code, a list of codes, or keys.

    Raises
    ------
    InputError : pointing at the line.
    """
    if not isinstance(node.value, dict):
        return CodeSet(name, codes=_codes(node))
    parts = node.mapping(_KEYS)
    lists = {key: _codes(parts[key]) for key in _KEYS[:3] if key in parts}
    if not lists:
        node.refuse(f"The code set {name!r} names no code.", allowed=_KEYS[:3])
    minus = read_code_set(parts["except"], f"{name}, except") if "except" in parts else None
    empty = parts["may_be_empty"].flag() if "may_be_empty" in parts else False
    return CodeSet(name, minus=minus, may_be_empty=empty, **lists)


def read_reference(node: Node, sets: Mapping[str, CodeSet]) -> CodeSet:
    """Read where a code set is used: the name of one, or a definition on the spot.

    Raises
    ------
    InputError : a name that no code set has.
    """
    if not isinstance(node.value, str) or "//" in node.value:
        unnamed = read_code_set(node, node.name)
        first = (*unnamed.codes, *unnamed.prefixes, *unnamed.descendants_of)
        more = f" and {len(first) - 1} more" if len(first) > 1 else ""
        return replace(unnamed, name=first[0] + more)
    if node.value not in sets:
        node.refuse(
            f"There is no code set {node.value!r}.",
            allowed=list(sets) or "a name from code_sets, or a code VOCABULARY//code",
            next_step=did_you_mean(node.value, sets) or "Define it below `code_sets:`.",
        )
    return sets[node.value]


def resolve_all(
    sets: Sequence[CodeSet], known_codes: Collection[str], ancestors: pl.DataFrame | None
) -> dict[CodeSet, tuple[str, ...]]:
    """Resolve several sets against one record."""
    return {each: each.resolve(known_codes, ancestors) for each in sets}


def _codes(node: Node) -> tuple[str, ...]:
    codes = node.texts()
    if not codes:
        node.refuse("The list of codes is empty.", next_step="Name at least one code.")
    return codes
