"""Words that many patients share: a label that five patients have cannot single one of them out.

Code systems of a hospital and labels of codes are free text to a machine: a name could stand in
them. They are let through only where at least ``ENOUGH`` different patients carry the same one.
"""

from __future__ import annotations

ENOUGH = 5


class Common:
    """Counts how many patients carry a word at a place."""

    def __init__(self, enough: int = ENOUGH) -> None:
        self._enough = enough
        # most words have one patient: a set for each of them would need much memory
        self._seen: dict[tuple[str, ...], str | set[str]] = {}

    def see(self, patient: str | None, *what: str) -> None:
        """Note that a patient carries it; more than enough patients are not remembered."""
        if patient is None:
            return
        known = self._seen.setdefault(what, patient)
        if isinstance(known, str) and known != patient:
            self._seen[what] = {known, patient}
        elif isinstance(known, set) and len(known) < self._enough:
            known.add(patient)

    def shared(self, *what: str) -> bool:
        """Whether enough patients carry it."""
        known = self._seen.get(what, set())
        return (1 if isinstance(known, str) else len(known)) >= self._enough
