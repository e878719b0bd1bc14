"""What one record says about each position of a definition, however it is written.

Each ALT is freed of shared bases. Known insertions and deletions are recognised anywhere in their
stretch; substitutions of several bases are taken apart; what mixes several changes is compared with
every combination of known ones. What remains unknown is OTHER: never the reference.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from nof1.genome.genecalls import MISSING, OTHER
from nof1.genome.sites import Change, Site, trimmed
from nof1.genome.variants import Record

NOTHING = -4  # the record says nothing about this copy at this site
MOST_COMBINATIONS = 512
ANY_OTHER = ("<NON_REF>", "<*>")
UNSEEN = (*ANY_OTHER, "*")


class Effect(NamedTuple):
    """What a record says about one site.

    Attributes
    ----------
    values : for REF and each ALT the index of the allele, OTHER, MISSING or NOTHING.
    symbolic : for each of them, whether a symbolic allele is the reason.
    direct : the record is about this site, it does not only span it.
    mismatch : REF is not the base that the build has here; the values must not be used.
    block : known from a gVCF block.
    """

    site: Site
    values: tuple[int, ...]
    symbolic: tuple[bool, ...]
    direct: bool
    mismatch: bool
    block: bool

    @property
    def alternatives(self) -> frozenset[int]:
        """Alleles other than the reference that the record can speak of."""
        return frozenset(v for v in self.values if v == OTHER or v >= 0) - {self.site.reference}


def effects(record: Record, sites: Sequence[Site]) -> list[Effect]:
    """What a record says about the sites that it touches; others give nothing."""
    reading = _Reading(record, sites)
    found = (reading.effect(site) for site in sites)
    return [effect for effect in found if effect is not None]


class _Reading:
    def __init__(self, record: Record, sites: Sequence[Site]) -> None:
        self.record, self.sites = record, sites
        self.last = record.position + len(record.ref) - 1
        plain = [_is_plain(alt) for alt in record.alts]
        self.structural = any(
            not ok and alt not in UNSEEN for ok, alt in zip(plain, record.alts, strict=True)
        )
        self.any_plain = any(plain)
        self.block = record.end > self.last and not self.structural
        self.changes: list[Change | None] = [
            trimmed(record.position, record.ref, alt) if ok else None
            for ok, alt in zip(plain, record.alts, strict=True)
        ]
        self.combined: list[dict[int, int] | None] = [
            self._combination(change, alt)
            for change, alt in zip(self.changes, record.alts, strict=True)
        ]

    def effect(self, site: Site) -> Effect | None:
        covered = self._covers(site)
        found = [self._alternative(site, index, covered) for index in range(len(self.changes))]
        about = site.is_indel and any(
            value == OTHER or (value >= 0 and value != site.reference) for value, _ in found
        )
        first = site.reference if covered or about else NOTHING
        values = (first, *(value for value, _ in found))
        if all(value == NOTHING for value in values):
            return None
        direct = self._is_direct(site, values)
        if direct and self._tests_others(site, values):
            values = (NOTHING, *values[1:])
        return Effect(
            site,
            values,
            (False, *(symbolic for _, symbolic in found)),
            direct,
            self._differs(site),
            self.block and site.start > self.last,
        )

    def _tests_others(self, site: Site, values: Sequence[int]) -> bool:
        """Whether only alleles are listed that the definition does not know.

        A chip or an imputation that asked for "C or G" says nothing about T when it finds no G
        (PharmCAT issue 218): such a reference call must not exclude a known allele.
        """
        known = any(value >= 0 and value != site.reference for value in values[1:])
        everything = any(alt in ANY_OTHER for alt in self.record.alts)
        return OTHER in values and not known and not everything

    def _covers(self, site: Site) -> bool:
        """Whether a copy without any ALT is known to be the reference at this site."""
        record = self.record
        if self.structural and not self.any_plain:
            return False
        end = record.end if self.block else self.last
        if not site.is_indel:
            return record.position <= site.start <= end
        if not self.any_plain:  # a caller would have anchored the change at this base
            return record.position <= site.start <= end
        return record.position <= site.start and site.needed <= end

    def _alternative(self, site: Site, index: int, covered: bool) -> tuple[int, bool]:
        change, alt = self.changes[index], self.record.alts[index]
        if change is None:
            return self._symbolic(site, alt)
        same = site.reference if covered else NOTHING
        combined = self.combined[index]
        if combined is not None:
            return combined.get(site.column, same), False
        if site.is_indel:
            return self._at_indel(site, change, same), False
        return self._at_base(site, change, same), False

    def _symbolic(self, site: Site, alt: str) -> tuple[int, bool]:
        record = self.record
        start, end = record.position, self.last
        if alt in ANY_OTHER:
            end = record.end
        elif alt != "*":  # the base before a structural variant is not part of it
            start, end = min(start + 1, record.end), record.end
        touched = start <= site.stop and site.start <= end
        return (MISSING, True) if touched else (NOTHING, False)

    def _at_indel(self, site: Site, change: Change, same: int) -> int:
        if change.removed and len(change.removed) == len(change.added):
            return same
        if (index := site.known(change)) is not None:
            return index
        if self._is_named(change):
            return same
        start = change.position if change.removed else change.position - 1
        first = site.start + 1 if change.removed else site.start
        return OTHER if start <= site.stop and first <= max(change.stop, start) else same

    def _at_base(self, site: Site, change: Change, same: int) -> int:
        if not change.position <= site.start <= change.stop:
            return same
        if len(change.removed) == len(change.added):
            letter = change.added[site.start - change.position]
            return site.alleles.index(letter) if letter in site.alleles else OTHER
        return same if self._is_named(change) else OTHER

    def _is_named(self, change: Change) -> bool:
        """Whether a site of the gene asks for this change: its alleles have it, and around it the
        reference.
        """
        return any(site.is_indel and site.known(change) is not None for site in self.sites)

    def _is_direct(self, site: Site, values: Sequence[int]) -> bool:
        record = self.record
        if not self.any_plain or not site.is_indel:
            exact = record.position == site.start and len(record.ref) == 1
            if exact and not self.block and not self.structural:
                return True
        for change, value in zip(self.changes, values[1:], strict=True):
            if change is None or value in (NOTHING, MISSING, site.reference):
                continue
            if site.is_indel or len(change.removed) == len(change.added):
                return True
        return False

    def _differs(self, site: Site) -> bool:
        """Whether REF contradicts the known sequence of the site."""
        start = max(site.start, self.record.position)
        end = min(site.stop, self.last)
        if not self.record.ref.isalpha():
            return True
        own = self.record.ref[start - self.record.position : end - self.record.position + 1]
        return end >= start and own != site.local[start - site.start : end - site.start + 1]

    def _combination(self, change: Change | None, alt: str) -> dict[int, int] | None:
        """Known changes that together give ALT, as allele by column; None if no or several."""
        if change is None or change.is_indel or len(change.removed) == len(change.added):
            return None
        inside = [(site, self._choices(site)) for site in self.sites]
        inside = [(site, choices) for site, choices in inside if len(choices) > 1]
        size = 1
        for _, choices in inside:
            size *= len(choices)
        if not inside or size > MOST_COMBINATIONS:
            return None
        found = []
        for chosen in itertools.product(*(choices for _, choices in inside)):
            if self._applied([each for _, each in chosen if each is not None]) == alt:
                found.append([index for index, _ in chosen])
        if len(found) != 1:
            return None
        return {site.column: index for (site, _), index in zip(inside, found[0], strict=True)}

    def _choices(self, site: Site) -> list[tuple[int, Change | None]]:
        """The reference, and each known change of the site that lies within REF."""
        choices: list[tuple[int, Change | None]] = [(site.reference, None)]
        for index, allele in enumerate(site.alleles):
            if index == site.reference:
                continue
            change = (
                site.changes[index] if site.is_indel else Change(site.start, site.local, allele)
            )
            if change and self.record.position <= change.position and change.stop <= self.last:
                choices.append((index, change))
        return choices

    def _applied(self, changes: list[Change]) -> str | None:
        """REF with these changes; None if they overlap."""
        text, before = self.record.ref, self.last + 1
        for change in sorted(changes, key=lambda each: each.position, reverse=True):
            if change.stop >= before or change.position > before:
                return None
            at = change.position - self.record.position
            text = text[:at] + change.added + text[at + len(change.removed) :]
            before = change.position
        return text


def _is_plain(alt: str) -> bool:
    return bool(alt) and not set(alt) - set("ACGTN")
