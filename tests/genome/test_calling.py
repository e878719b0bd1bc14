"""Many people at once give what each gives alone; sex, structure and trouble are respected."""

from collections.abc import Iterable, Sequence

import numpy as np
import pytest

from genome.simulate import drawn_rows, person
from nof1.genome import calling
from nof1.genome.calling import NOT_EXCLUDED, SEX_UNKNOWN, GeneTable, call_genes
from nof1.genome.diplotypes import caller
from nof1.genome.genecalls import ABSENT, MISSING, OTHER, Flag, GeneCalls
from nof1.genome.matcher import READ_AS_REFERENCE, Pattern
from nof1.genome.results import GeneResult, Outcome
from nof1.knowledge.alleles import definition
from nof1.knowledge.phenotypes import INDETERMINATE, phenotypes


def calls_of(
    gene: str,
    bases: Iterable[Iterable[Iterable[int]]],
    phase: np.ndarray | int = 0,
    flags: np.ndarray | int = 0,
) -> GeneCalls:
    """Calls of some samples; ``bases`` is (samples, positions, 2)."""
    alleles = np.array(bases, np.int8)
    filled = np.empty(alleles.shape[:2], np.int16)
    filled[...] = phase
    marked = np.empty(alleles.shape[:2], np.uint16)
    marked[...] = flags
    return GeneCalls(gene, alleles, filled, marked)


def called(calls: GeneCalls, sexes: Sequence[str | None] = ()) -> list[GeneResult]:
    """The result of every sample."""
    names = tuple(str(number) for number in range(len(calls.alleles)))
    known = {name: sex for name, sex in zip(names, sexes, strict=False) if sex}
    tables = [t for t in call_genes(names, [calls], sexes=known) if t.gene == calls.gene]
    return [one.of(n) for n in range(len(names)) for one in tables if one.holds(n)]


def reference(gene: str, second: int = 0) -> np.ndarray:
    """(positions, 2): the reference everywhere; ``second`` ABSENT makes one copy of it."""
    count = len(definition(gene).all_positions)
    return np.stack([np.zeros(count, np.int8), np.full(count, second, np.int8)], axis=1)


def column(gene: str, rsid: str) -> int:
    return [place.rsid for place in definition(gene).all_positions].index(rsid)


@pytest.mark.parametrize("gene", ["CYP2C19", "SLCO1B1", "TPMT", "DPYD"])
def test_a_crowd_gives_what_each_gives_alone(gene: str) -> None:
    rng = np.random.default_rng(5)
    made = definition(gene)
    people = [
        person(made, drawn_rows(len(made.alleles), rng), rng, phasing=phasing, hidden=0.2)
        for phasing in ("phased", "unphased", "mixed")
        for _ in range(12)
    ]
    arrays = [one.arrays() for one in people] * 2  # each twice: shared, not worked out again
    calls = GeneCalls(
        gene,
        np.stack([bases for bases, _ in arrays]),
        np.stack([phase for _, phase in arrays]),
        np.zeros((len(arrays), len(made.all_positions)), np.uint16),
    )
    (table,) = call_genes(tuple(map(str, range(len(arrays)))), [calls])
    assert len(table.results) <= len(people)
    for number, (bases, phase) in enumerate(arrays):
        alone, found = caller(gene).call(Pattern(bases, phase)), table.of(number)
        assert found.outcome is alone.outcome
        if gene == "DPYD":  # which of the weakest is named first may hang on the order
            assert {p[:3] for p in found.phenotypes} == {p[:3] for p in alone.phenotypes}
            continue
        assert [d.name for d in found.diplotypes] == [d.name for d in alone.diplotypes]
        assert [d.prior for d in found.diplotypes] == pytest.approx(
            [d.prior for d in alone.diplotypes]
        )


def test_copies_of_unknown_order_are_one_pattern() -> None:
    bases = np.stack([reference("CYP2C19")] * 2)
    place = column("CYP2C19", "rs4244285")
    bases[0, place], bases[1, place] = (0, 1), (1, 0)
    (table,) = call_genes(("a", "b"), [calls_of("CYP2C19", bases)])
    assert table.which.tolist() == [0, 0]
    (table,) = call_genes(("a", "b"), [calls_of("CYP2C19", bases, phase=1)])
    assert table.which.tolist() == [0, 1]


def test_blocks_of_samples_join_without_a_seam(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    bases = np.stack([reference("VKORC1")] * 10)
    bases[::3, 0, 1] = 1
    whole = called(calls_of("VKORC1", bases))
    monkeypatch.setattr(calling, "SAMPLES_AT_ONCE", 4)
    names = tuple(map(str, range(10)))
    parts = list(call_genes(names, [calls_of("VKORC1", bases)]))
    assert [part.first for part in parts] == [0, 4, 8]
    assert called(calls_of("VKORC1", bases)) == whole


def test_the_sex_decides_on_copies_of_g6pd() -> None:
    place = column("G6PD", "rs1050828")
    one_copy, two_copies = reference("G6PD", ABSENT), reference("G6PD")
    mixed = two_copies.copy()
    mixed[place] = (0, 1)
    calls = calls_of("G6PD", [one_copy, two_copies, two_copies, two_copies, mixed, mixed, mixed])
    sexes = ["M", "M", "F", None, "M", "F", None]
    man, man_written_twice, woman, unknown, torn, carrier, both = called(calls, sexes)
    for single in (man, man_written_twice):
        assert [one.name for one in single.diplotypes] == ["B (reference)"]
        assert single.warnings == ()
    assert woman.diplotypes[0].name == "B (reference)/B (reference)"
    assert {one.name for one in unknown.diplotypes} == {
        "B (reference)",
        "B (reference)/B (reference)",
    }
    assert sum(one.prior for one in unknown.diplotypes) == pytest.approx(1)
    assert unknown.warnings == (SEX_UNKNOWN,)
    assert definition("G6PD").positions[place] in torn.missing
    assert "Two different bases" in torn.warnings[0]
    assert all("/" in one.name for one in (*carrier.diplotypes, *both.diplotypes))


def test_one_copy_is_no_trouble_for_a_man_only() -> None:
    calls = calls_of("G6PD", [reference("G6PD", ABSENT)] * 2, flags=int(Flag.HAPLOID))
    man, woman = called(calls, ["M", "F"])
    assert man.warnings == ()
    assert "one copy only" in woman.warnings[0]
    assert len(woman.phenotypes) > 1  # the second copy is not known


def test_a_haploid_call_elsewhere_says_nothing_of_the_second_copy() -> None:
    (found,) = called(calls_of("CYP2C19", [reference("CYP2C19", ABSENT)]))
    assert found.outcome is Outcome.CALLED
    assert len(found.diplotypes) > 1
    assert found.missing == ()
    assert "*38/*38" in {one.name for one in found.diplotypes}  # the reference of the genome
    assert found.likeliest.name != "*38/*38"


def test_small_variants_exclude_nothing_of_cyp2d6() -> None:
    (found,) = called(calls_of("CYP2D6", [reference("CYP2D6")]))
    assert found.outcome is Outcome.NOT_EXCLUDED
    assert found.reason == NOT_EXCLUDED
    every = {phenotype for phenotype, _ in phenotypes("CYP2D6").results.values()}
    assert {one.phenotype for one in found.phenotypes} == every - {INDETERMINATE}
    assert {one.prior for one in found.phenotypes} == {None}


def test_two_dead_copies_of_cyp2d6_are_dead_in_whatever_number() -> None:
    bases = reference("CYP2D6")
    bases[column("CYP2D6", "rs3892097")] = (1, 1)  # *4
    bases[column("CYP2D6", "rs1065852")] = (1, 1)
    (found,) = called(calls_of("CYP2D6", [bases]))
    if found.outcome is Outcome.CALLED:
        assert {one.phenotype for one in found.phenotypes} == {"Poor Metabolizer"}
    else:
        assert found.reason


def test_each_kind_of_trouble_is_a_sentence() -> None:
    flags = np.zeros((1, len(definition("CYP2C19").all_positions)), np.uint16)
    flags[0, :2] = int(Flag.FILTERED)
    flags[0, 5] = int(Flag.REF_MISMATCH | Flag.DUPLICATE)
    bases = reference("CYP2C19")
    bases[[0, 1, 5]] = MISSING
    (found,) = called(calls_of("CYP2C19", [bases], flags=flags))
    assert found.warnings == (
        "2 positions did not pass the file's filters and count as not seen.",
        "1 position has another reference base than the genome build and counts as not seen.",
        "1 position stands in the file twice with different genotypes and counts as not seen.",
    )
    assert len(found.missing) == 3


def test_a_base_that_nobody_defined_is_not_taken_for_the_reference() -> None:
    bases = np.stack([reference("CYP2C19")] * 2)
    bases[1, 3, 1] = OTHER
    plain, strange = called(calls_of("CYP2C19", bases))
    assert plain.diplotypes[0].name == "*38/*38"
    assert all("unlisted base" in one.name for one in strange.diplotypes)
    assert {one.phenotype for one in strange.phenotypes} == {INDETERMINATE}


def test_where_it_is_read_as_the_reference_a_warning_says_so() -> None:
    """As PharmCAT does for genes whose variants are about toxicity (NamedAlleleMatcher 201)."""
    flags = np.zeros((1, len(definition("TPMT").all_positions)), np.uint16)
    flags[0, 3] = int(Flag.OTHER_ALLELE)
    bases = reference("TPMT")
    bases[3, 1] = OTHER
    (found,) = called(calls_of("TPMT", [bases], flags=flags))
    assert found.diplotypes[0].name == "*1/*1"
    assert "no definition lists; its effect is not known" in found.warnings[0]


@pytest.mark.parametrize("gene", sorted(READ_AS_REFERENCE))
def test_what_was_only_read_as_the_reference_is_not_certain(gene: str) -> None:
    """A deletion of the splice site of DPYD*2A is an unlisted base, and no normal gene."""
    bases = np.stack([reference(gene)] * 2)
    bases[1, 0] = OTHER
    plain, strange = called(calls_of(gene, bases), "FF")
    assert plain.certain
    assert {one.phenotype for one in strange.phenotypes} >= {INDETERMINATE}
    assert sum(one.prior or 0 for one in strange.phenotypes) == pytest.approx(1)
    assert sum(one.prior for one in strange.diplotypes) == pytest.approx(1)
    assert [one.prior for one in strange.phenotypes] == sorted(
        (one.prior for one in strange.phenotypes), reverse=True
    )


@pytest.mark.parametrize("flag", [Flag.DOUBTED, Flag.SYMBOLIC, Flag.DUPLICATE, Flag.FILTERED])
def test_a_change_that_does_not_count_may_be_real(flag: Flag) -> None:
    """rs4244285 filtered out, all else as the reference: the tables exclude *2, the file does not.

    A filtered reference call (the last flag alone) is a position that was not seen, no more.
    """
    bases = reference("CYP2C19")
    place = column("CYP2C19", "rs4244285")
    bases[place] = MISSING
    flags = np.zeros((1, len(bases)), np.uint16)
    flags[0, place] = int(flag)
    (found,) = called(calls_of("CYP2C19", [bases], flags=flags))
    assert found.certain == (flag is Flag.FILTERED)
    assert (INDETERMINATE in {one.phenotype for one in found.phenotypes}) != found.certain
    assert found.diplotypes[0].name == "*38/*38"
    assert sum(one.prior for one in found.diplotypes) == pytest.approx(1)


def test_a_position_of_its_own() -> None:
    """rs12777823 lies beside CYP2C9 and names no allele, but the warfarin guideline asks for it."""
    bases = np.stack([reference("CYP2C9")] * 4)
    bases[:, -1] = [(0, 0), (0, 1), (MISSING, 0), (MISSING, MISSING)]
    tables: dict[str, GeneTable] = {
        table.gene: table for table in call_genes(("a", "b", "c", "d"), [calls_of("CYP2C9", bases)])
    }
    alone = tables["rs12777823"]
    assert [alone.of(number).outcome for number in range(4)] == [
        Outcome.CALLED,
        Outcome.CALLED,
        Outcome.NOT_CALLED,
        Outcome.NOT_CALLED,
    ]
    assert [alone.of(n).phenotypes[0].phenotype for n in (0, 1)] == ["A negative", "A positive"]


def test_nothing_seen_is_no_call() -> None:
    (found,) = called(calls_of("NUDT15", [np.full_like(reference("NUDT15"), MISSING)]))
    assert found.outcome is Outcome.NOT_CALLED
    assert len(found.missing) == len(definition("NUDT15").positions)
    assert found.reason
