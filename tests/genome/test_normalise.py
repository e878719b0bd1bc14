"""Every way to write a change: known ones are recognised, all others are never the reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nof1.genome.builds import gene_layout
from nof1.genome.genecalls import MISSING, OTHER
from nof1.genome.normalise import NOTHING, Effect, effects
from nof1.genome.sites import Change, Site, stretch_end, trimmed
from nof1.genome.variants import Record
from nof1.knowledge.alleles import Position, definition, genes

FLANK = 6


def record(position: int, ref: str, *alts: str, end: int = 0) -> Record:
    nobody = np.zeros((0, 2), np.int8)
    end = end or position + len(ref) - 1
    return Record("chr1", position, ref, alts, "PASS", end, 1, nobody, np.zeros(0, np.bool_))


def of(site: Site, read: Record, sites: list[Site] | None = None) -> Effect | None:
    near = [s for s in sites or [site] if s.start <= read.end and s.stop + 1 >= read.position]
    found = {effect.site: effect for effect in effects(read, near)}
    return found.get(site)


def indels() -> list[tuple[str, Site, Position]]:
    """All positions of the definitions with insertions or deletions."""
    return [
        (gene, site, definition(gene).all_positions[site.column])
        for gene in genes()
        for site in gene_layout(gene, "GRCh38").sites
        if site.is_indel
    ]


def test_there_are_as_many_indels_as_the_definitions_have():
    assert len(indels()) == 48  # 50 positions are longer than a base, 2 of them substitutions


def surroundings(site: Site) -> tuple[int, str]:
    """A reference around a site: the known bases, and others that end the repeat."""
    unit = next(c.removed or c.added for c in site.changes if c)
    after = unit[(len(site.local) - 1) % len(unit)]
    left = "GATTAC"[-FLANK:]
    right = next(letter for letter in "ACGT" if letter != after) + "CATGA"
    return site.start - len(left), left + site.local + right


def applied(start: int, text: str, change: Change) -> str:
    at = change.position - start
    assert text[at : at + len(change.removed)] == change.removed
    return text[:at] + change.added + text[at + len(change.removed) :]


def all_descriptions(start: int, before: str, after: str):
    """The slow oracle: every REF and ALT that turns the one sequence into the other."""
    longer = len(after) - len(before)
    for first in range(len(before)):
        for stop in range(first + 1, len(before) + 1):
            if stop + longer <= first:
                continue
            if before[:first] == after[:first] and before[stop:] == after[stop + longer :]:
                yield start + first, before[first:stop], after[first : stop + longer]


@pytest.mark.parametrize(("gene", "site", "position"), indels(), ids=lambda each: str(each)[:24])
def test_every_description_of_a_known_indel_is_recognised(gene, site, position):
    start, text = surroundings(site)
    sites = list(gene_layout(gene, "GRCh38").sites)
    seen = 0
    for index, change in enumerate(site.changes):
        if change is None:
            continue
        for place, ref, alt in all_descriptions(start, text, applied(start, text, change)):
            found = of(site, record(place, ref, alt), [site])
            assert found is not None, (place, ref, alt)
            assert found.values == (0, index)
            assert found.direct
            assert not found.mismatch
            seen += 1
            in_gene = of(site, record(place, ref, alt), sites)
            assert in_gene is not None
            assert in_gene.values[1] == index
    assert seen >= FLANK * FLANK


@pytest.mark.parametrize(("gene", "site", "position"), indels(), ids=lambda each: str(each)[:24])
def test_other_changes_of_the_stretch_are_not_the_reference(gene, site, position):
    start, text = surroundings(site)
    known = {applied(start, text, c) for c in site.changes if c}
    for size in (1, 2, 3, 4, 5, 7, 9, 18, 24):
        for first in range(FLANK, FLANK + len(site.local)):
            changed = [text[: first + 1] + "A" * size + text[first + 1 :]]
            if first + 1 + size <= FLANK + len(site.local):
                changed.append(text[: first + 1] + text[first + 1 + size :])
            for other in changed:
                whole = record(start, text, other)
                found = of(site, whole)
                if other in known:
                    assert found is not None
                    assert found.values[1] > 0
                elif trimmed(start, text, other).position > site.start:
                    assert found is not None
                    assert found.values == (NOTHING, OTHER)


def test_who_lacks_an_unknown_allele_may_have_a_known_one():
    """PharmCAT issue 218: C or G was asked for, nobody asked for T."""
    for alts, first in ((("G",), NOTHING), (("G", "T"), 0), ((), 0), (("G", "<NON_REF>"), 0)):
        found = of(A, record(10, "C", *alts))
        assert found is not None
        assert found.values[0] == first


@pytest.mark.parametrize("gene", genes())
def test_known_bases_of_a_gene_agree(gene):
    """Each indel says what the reference is around it: no other position may say otherwise."""
    known: dict[int, str] = {}
    for site in gene_layout(gene, "GRCh38").sites:
        for offset, letter in enumerate(site.local):
            assert known.setdefault(site.start + offset, letter) == letter
    for _, site, _ in (each for each in indels() if each[0] == gene):
        for change in filter(None, site.changes):
            unit = change.removed or change.added
            assert unit[-1] != site.local[0], "the definition's form is not left-most"
            following = known.get(site.stop + 1)
            assert following != unit[(len(site.local) - 1) % len(unit)], "the stretch goes on"


@pytest.mark.parametrize(
    ("hgvs", "alleles", "end"),
    [
        ("g.8_9del", ("TGA", "T"), 9),
        ("g.9dup", ("T", "TC"), 9),
        ("g.5_6insTA", ("T", "TTA"), 5),
        ("g.6TCAG[1]", ("CTCAG", "C"), 13),
        ("g.7TA[6]; g.7TA[7]; g.7TA[8]; g.7TA[9]", ("CAT", "C", "CATAT", "CATATAT"), 20),
        ("g.7GAGTCG[2]; g.7GAGTCG[4]", ("AGGAGTC", "A", "AGGAGTCGGAGTC"), 24),
        ("g.12AAAGGGGCG[3]; g.12_20dup", ("T", "TGGGGCGAAA", "TGGGGCGAAAGGGGCGAAA"), 20),
    ],
)
def test_names_say_where_a_stretch_ends(hgvs, alleles, end):
    assert stretch_end(Position("chr1", 5, None, alleles, hgvs)) == end


A, B = (Site(n, 10 + n, 10 + n, "CT"[n], 0, ("CT"[n], "TC"[n])) for n in (0, 1))


def test_several_substitutions_in_one_record_are_taken_apart():
    read = record(10, "CT", "TC", "CC", "TG", "CTA")
    one, two = of(A, read), of(B, read)
    assert one is not None
    assert two is not None
    assert one.values == (0, 1, 0, 1, 0)
    assert two.values == (0, 1, 1, OTHER, 0)
    assert one.direct
    assert two.direct


def test_a_position_inside_a_longer_record_is_spanned():
    found = of(B, record(9, "ACTG", "A", "ACTGG"))
    assert found is not None
    assert found.values == (0, OTHER, 0)
    assert not found.direct


def test_symbolic_alleles_are_missing():
    found = of(A, record(10, "C", "*", "T", "<NON_REF>"))
    assert found is not None
    assert found.values == (0, MISSING, 1, MISSING)
    assert found.symbolic == (False, True, False, True)
    found = of(A, record(5, "G", "<DEL>", end=50))
    assert found is not None
    assert found.values == (NOTHING, MISSING)  # who has no deletion may still have a variant here
    assert of(A, record(10, "C", "<DEL>", end=50)) is None  # begins behind this base


def test_blocks_cover_their_positions():
    found = of(B, record(5, "G", "<NON_REF>", end=50))
    assert found is not None
    assert found.values == (0, MISSING)
    assert found.block
    assert not found.direct
    assert not found.mismatch


def test_another_reference_base_is_a_mismatch():
    for ref in ("A", "N", "R", "CA"):
        found = of(A if len(ref) == 1 else B, record(10, ref, "T"))
        assert found is not None
        assert found.mismatch


def test_a_substitution_beside_a_deletion_says_nothing_about_it():
    (site,) = [s for g, s, _ in indels() if g == "DPYD" and s.start == 97740410]
    assert of(site, record(97740411, "A", "C")) is None
    assert of(site, record(97740410, "G", "C")) is None
    found = of(site, record(97740410, "GATGA", "GATGC"))
    assert found is not None
    assert found.values == (0, 0)


def test_two_known_changes_in_one_allele_are_both_found():
    sites = list(gene_layout("CYP2D6", "GRCh38").sites)
    letters = {s.start + n: base for s in sites for n, base in enumerate(s.local)}
    by_start = {(s.start, s.is_indel): s for s in sites}
    first, second = by_start[42128814, True], by_start[42128818, True]
    place, stop = 42128814, 42128820
    ref = "".join(letters[n] for n in range(place, stop + 1))
    alt = ref[0] + "C" + ref[1:5] + "C" + ref[5:]
    read = record(place, ref, alt)
    for site in (first, second):
        found = of(site, read, sites)
        assert found is not None
        assert found.values == (0, 1)
    # a substitution before the deletion, in the same allele
    first, second = Site(0, 9, 9, "G", 0, ("G", "A")), indel("CTTT", "C")
    read = record(9, "GCTTTA", "ACA")
    assert [e.values[1] for e in effects(read, [first, second])] == [1, 1]


def indel(ref: str, alt: str) -> Site:
    changes = (None, trimmed(10, ref, alt))
    return Site(1, 10, 10 + len(ref) - 1, ref, 0, (ref, alt), changes)


BASES = st.text("ACGT", min_size=1, max_size=6)


@settings(max_examples=500, deadline=None)
@given(BASES, BASES, BASES, BASES)
def test_trimming_keeps_the_sequence(before, ref, alt, after):
    change = trimmed(100, before + ref + after, before + alt + after)
    whole = before + ref + after
    assert applied(100, whole, change) == before + alt + after
    assert not change.removed or not change.added or change.removed[-1] != change.added[-1]


@settings(max_examples=500, deadline=None)
@given(st.integers(95, 108), BASES, st.lists(BASES, min_size=1, max_size=3))
def test_one_base_is_what_the_changed_sequence_has(position, ref, alts):
    """Oracle for substitutions: the letter of ALT at the place, if no base was added or removed."""
    site = Site(0, 100, 100, "C", 0, ("C", "T"))
    found = of(site, record(position, ref, *alts))
    at = 100 - position
    if not 0 <= at < len(ref):
        assert found is None
        return
    assert found is not None
    assert found.mismatch == (ref[at] != "C")
    for alt, value in zip(alts, found.values[1:], strict=True):
        if len(alt) != len(ref):
            assert value != 1
        elif not found.mismatch:
            assert value == {"C": 0, "T": 1}.get(alt[at], OTHER)
