"""Which pairs of named alleles explain a person: tables by hand, and an obvious slow oracle."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genome.oracle import ABSENT, MISSING, OTHER, Table, allowed, pairs_word_by_word
from genome.simulate import (
    PHASES,
    Person,
    chromosome,
    drawn_rows,
    drawn_variants,
    person,
    typed,
)
from nof1.genome import genotypes
from nof1.genome.matcher import Matcher, Pattern
from nof1.knowledge.alleles import GeneDefinition, NamedAllele, Position, definition, genes
from shared_data import needs

MATCHERS = {gene: Matcher.of(definition(gene)) for gene in genes()}


def matched(matcher, someone):
    """The pairs that the fast code finds, as a set of row numbers."""
    found = matcher.match(Pattern(*someone.arrays()))
    pairs = [(int(a), int(b)) for a, b in zip(found.first, found.second, strict=True)]
    assert len(set(pairs)) == len(pairs)
    return set(pairs)


def named(gene, pairs):
    """Pairs of rows as diplotypes, ``*1/*2``; in each the row that is higher in the table first."""
    names = definition(gene).names
    return {names[a] if b == -1 else f"{names[min(a, b)]}/{names[max(a, b)]}" for a, b in pairs}


def called(gene, **calls):
    return named(gene, matched(MATCHERS[gene], typed(definition(gene), **calls)))


def made_up(*rows, gene="MADE-UP"):
    """A definition from rows like ``"CCTGA"``, ``"T..A."``; a dot is a blank cell."""
    columns = [sorted({row[i] for row in rows} - {".", rows[0][i]}) for i in range(len(rows[0]))]
    positions = tuple(
        Position("chr1", 10 + i, f"rs{i + 1}", (rows[0][i], *columns[i]), "")
        for i in range(len(columns))
    )
    alleles = tuple(
        NamedAllele(
            f"*{number}",
            tuple(
                None if base == "." else frozenset([positions[i].alleles.index(base)])
                for i, base in enumerate(row)
            ),
        )
        for number, row in enumerate(rows, 1)
    )
    return GeneDefinition(gene, "chr1", "made-up", "1", positions, (), alleles)


# The made-up table of NamedAlleleMatcher-101, "Examples".
LESSON = made_up("CCTGA", "T..A.", "...A.", ".T...", "T....")


def lesson(**calls):
    pairs = matched(Matcher.of(LESSON), typed(LESSON, **calls))
    return {f"*{min(a, b) + 1}/*{max(a, b) + 1}" for a, b in pairs}


def test_the_worked_example_of_the_documentation():
    assert lesson(p10="C/T", p13="G/A") == {"*1/*2", "*3/*5"}


def test_the_worked_example_with_an_unseen_position_that_no_allele_needs():
    assert lesson(p10="C/T", p13="G/A", p14=".") == {"*1/*2", "*3/*5"}


def test_the_worked_example_with_an_unseen_position_that_widens_the_answer():
    # The documentation lists *1/*2 and *1/*3 and drops *5, whose only position was not seen. Here
    # nothing is dropped that the data do not exclude: *5 may be there.
    assert lesson(p10=".", p13="G/A") == {"*1/*2", "*1/*3", "*2/*5", "*3/*5"}


def test_the_worked_example_phased():
    assert lesson(p10="C|T", p13="G|A") == {"*1/*2"}
    assert lesson(p10="C|T", p13="A|G") == {"*3/*5"}
    assert lesson(p10="C|T", p13="A|G:2") == {"*1/*2", "*3/*5"}


def test_a_written_reference_base_is_the_same_as_a_blank_cell():
    # The two equal tables of NamedAlleleMatcher-201, "Scoring".
    blank, written = made_up("CCTGA", "TT.A."), made_up("CCTGA", "TTTAA")
    for calls in ({"p10": "C/T", "p11": "C/T", "p13": "A/G"}, {"p10": "T/T"}, {"p12": "."}):
        assert matched(Matcher.of(blank), typed(blank, **calls)) == matched(
            Matcher.of(written), typed(written, **calls)
        )


@pytest.mark.parametrize("gene", genes())
def test_nothing_but_the_reference_sequence_is_the_reference_pair(gene):
    assert named(gene, matched(MATCHERS[gene], typed(definition(gene)))) == {
        f"{definition(gene).names[0]}/{definition(gene).names[0]}"
    }


def identical(made, bases):
    """Rows that allow exactly this chromosome, cell by cell."""
    rows = range(len(made.alleles))
    return {r for r in rows if all(b in allowed(made, r, i) for i, b in enumerate(bases))}


@pytest.mark.parametrize("gene", genes())
def test_every_named_allele_homozygous_and_with_the_reference(gene):
    made, rng = definition(gene), np.random.default_rng(1)
    for row in range(len(made.alleles)):
        same = identical(made, chromosome(made, [row], rng))
        assert row in same
        bases = chromosome(made, [row], rng)
        same = identical(made, bases)
        twice = Person(
            [(b, b) for b in bases] + [(0, 0)] * len(made.extra),
            [0] * len(made.all_positions),
            ((row,), (row,)),
        )
        expected = {(min(a, b), max(a, b)) for a in same for b in same}
        assert matched(MATCHERS[gene], twice) == expected, made.names[row]
        once = [(b, 0) for b in bases] + [(0, 0)] * len(made.extra)
        phased = Person(once, [1] * len(once), ((row,), (0,)))
        assert matched(MATCHERS[gene], phased) == {(0, r) for r in same}, made.names[row]
        unphased = Person(once, [0] * len(once), ((row,), (0,)))
        assert {(0, r) for r in same} <= matched(MATCHERS[gene], unphased), made.names[row]
        alone = Person([(b, ABSENT) for b, _ in once], [0] * len(once), ((row,), ()))
        assert matched(MATCHERS[gene], alone) == {(r, -1) for r in same}, made.names[row]


# Diplotypes worked out by hand from the definition tables (and cross-checked, where a number is
# given, with what users of PharmCAT report in its issues).
BY_HAND = [
    ("ABCG2", {"p88131171": "G/T"},
     {"rs2231142 reference (G)/rs2231142 variant (T)"}),
    ("ABCG2", {"p88131171": "T/T"}, {"rs2231142 variant (T)/rs2231142 variant (T)"}),
    ("CACNA1S", {"p201091993": "G/A"}, {"Reference/c.520C>T"}),
    ("CACNA1S", {"p201091993": "G/A", "p201060815": "C/T"}, {"c.520C>T/c.3257G>A"}),
    ("CFTR", {"p117587806": "G/A"}, {"ivacaftor non-responsive CFTR sequence/G551D"}),
    ("CFTR", {"p117559594": "T/C", "p117642472": "G/A"},
     {"ivacaftor non-responsive CFTR sequence/F508C,S1251N", "F508C/S1251N"}),
    ("CYP2B6", {"p41006936": "G/T", "p41009358": "A/G"}, {"*1/*6", "*4/*9"}),
    ("CYP2B6", {"p41006936": "G|T", "p41009358": "A|G"}, {"*1/*6"}),
    ("CYP2B6", {"p41006936": "T/T", "p41009358": "A/G"}, {"*6/*9"}),
    ("CYP2C19", {}, {"*38/*38"}),
    ("CYP2C19", {"p94842866": "G/G"}, {"*1/*1"}),
    ("CYP2C19",
     {"p94842866": "G/G", "p94775367": "A/G", "p94781859": "G/A", "p94761900": "C/T"},
     {"*2/*17"}),
    ("CYP2C19", {"p94842866": "G/G", "p94761900": "C/T", "p94762706": "A/G"},
     {"*1/*4", "*4/*17"}),
    ("CYP2C19", {"p94842866": "G/G", "p94761900": "C|T", "p94762706": "A|G"}, {"*1/*4"}),
    ("CYP2C19", {"p94842866": "G/G", "p94761900": "C|T", "p94762706": "G|A"}, {"*4/*17"}),
    ("CYP2C19", {"p94842866": "G/G", "p94761900": "T/T"}, {"*17/*17"}),
    # PharmCAT #152, second example: there *1/*2 alone is picked by its score.
    ("CYP2C19",
     {"p94842866": "G/G", "p94775367": "A/G", "p94775507": "G/A", "p94781859": "G/A"},
     {"*1/*2", "*2/*11"}),
    ("CYP2C9", {"p94942290": "C/T", "p94981296": "A/C"}, {"*2/*3"}),
    ("CYP2C9", {"p94942290": "C/T", "p94645745": "G/A"}, {"*1/*2"}),
    ("CYP2D6", {"p42128173": "CCTT/C"}, {"*1/*9"}),
    ("CYP3A4", {"p99768693": "G/A"}, {"*1/*22"}),
    ("CYP3A4", {"p99768693": "G/A", "p99760901": "A/G"}, {"*1/*37", "*3/*22"}),
    ("CYP3A5", {"p99672916": "T/C", "p99665212": "C/T"}, {"*3/*6"}),
    ("CYP4F2", {"p15879621": "C/T", "p15897578": "A/C"}, {"*1/*4", "*2/*3"}),
    ("DPYD", {"p97450058": "C/T"}, {"Reference/c.1905+1G>A (*2A)"}),
    ("DPYD", {"p97450058": "C/T", "p97082391": "T/A"}, {"c.1905+1G>A (*2A)/c.2846A>T"}),
    ("DPYD", {"p97450058": "C|T", "p97082391": "T|A"}, set()),
    ("DPYD", {"p97573863": "C/T", "p97579893": "G/C"},
     {"Reference/c.1129-5923C>G, c.1236G>A (HapB3)"}),
    ("G6PD", {"p154535277": "T/C", "p154536002": "C/T"},
     {"B (reference)/A- 202A_376G", "A/Asahi"}),
    ("G6PD", {"p154535277": "T/C", "p154536002": "C|T"},
     {"B (reference)/A- 202A_376G", "A/Asahi"}),
    ("IFNL3", {"p39248147": "C/T"}, {"rs12979860 reference (C)/rs12979860 variant (T)"}),
    ("NAT2", {"p18400344": "T/C", "p18400593": "G/A", "p18400806": "G/A"},
     {"*1/*30", "*16/*34", "*5/*6"}),
    ("NAT2", {"p18400593": "A/A", "p18400806": "A/A"}, {"*6/*6"}),
    ("NUDT15", {"p48037782": "AGGAGTC/AGGAGTCGGAGTC", "p48045719": "C/T"}, {"*1/*2", "*3/*6"}),
    ("NUDT15", {"p48037782": "A/AGGAGTCGGAGTC"}, {"*6/*9"}),
    ("RYR1", {"p38448712": "G/A"}, {"Reference/c.1021G>A"}),
    ("RYR1", {"p38448712": "G/A", "p38499993": "G/A"}, {"c.1021G>A/c.7300G>A"}),
    ("SLCO1B1", {"p21176804": "A/G", "p21178615": "T/C"}, {"*1/*15", "*5/*37"}),
    ("SLCO1B1", {"p21176804": "A|G", "p21178615": "C|T"}, {"*5/*37"}),
    # PharmCAT #152, first example: the same two (PharmCAT 2.4.0).
    ("SLCO1B1",
     {"p21176804": "G/G", "p21176879": "C/A", "p21196951": "A/G", "p21206031": "A/G"},
     {"*37/*43", "*14/*44"}),
    # two rows are both named *45, the one with and the one without the variants of *15
    ("SLCO1B1", {"p21222355": "C/T"}, {"*1/*45"}),
    ("SLCO1B1", {"p21176804": "A/G", "p21178615": "T/C", "p21222355": "C/T"},
     {"*1/*45", "*15/*45"}),
    ("TPMT", {"p18130687": "T/C", "p18138997": "C/T"}, {"*1/*3A", "*3B/*3C"}),
    ("TPMT", {"p18130687": "T|C", "p18138997": "C|T"}, {"*1/*3A"}),
    ("TPMT", {"p18130687": "T|C", "p18138997": "T|C"}, {"*3B/*3C"}),
    ("TPMT", {"p18130687": "C/C", "p18138997": "C/T"}, {"*3A/*3C"}),
    ("UGT1A1", {"p233759924": "C/T", "p233760233": "CATAT/CATAT"}, {"*28/*80+*28"}),
    ("UGT1A1", {"p233760233": "C/CATATAT"}, {"*36/*37"}),
    ("VKORC1", {"p31096368": "C/T"}, {"rs9923231 reference (C)/rs9923231 variant (T)"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("gene", "calls", "expected"),
    BY_HAND,
    ids=[f"{gene} {' '.join(calls.values()) or 'reference'}" for gene, calls, _ in BY_HAND],
)
def test_well_known_cases(gene, calls, expected):
    assert called(gene, **calls) == expected


def test_one_copy_of_g6pd():
    made = definition("G6PD")
    bases = {f"p{p.position}": p.alleles[0] for p in made.positions}
    assert called("G6PD", **bases) == {"B (reference)"}
    assert called("G6PD", **bases | {"p154535277": "C", "p154536002": "T"}) == {"A- 202A_376G"}
    assert called("G6PD", **bases | {"p154535277": "C", "p154536002": "."}) == {
        "A", "A- 202A_376G",
    }  # fmt: skip


def test_unphased_nat2_has_all_the_diplotypes_that_pharmcat_must_choose_from():
    # PharmCAT's exemptions.json (of 2025-11-05) names under unphasedDiplotypePriorities the
    # diplotypes of NAT2 that unphased data cannot tell apart.
    path = needs("genome/pharmcat/alleles/exemptions.json")
    groups = json.loads(path.read_text())["NAT2"]["unphasedDiplotypePriorities"]
    made, rng = definition("NAT2"), np.random.default_rng(2)
    assert len(groups) == 29
    for group in groups:
        for diplotype in group["list"]:
            one, two = (made.names.index(name) for name in diplotype.split("/"))
            someone = person(made, ([one], [two]), rng, phasing="unphased")
            assert named("NAT2", matched(MATCHERS["NAT2"], someone)) == set(group["list"])


def test_an_unknown_base_fits_nothing_or_is_read_as_the_reference():
    assert called("CYP2C19", p94781859="?/G", p94842866="G/G") == set()
    assert called("UGT1A1", p233760233="?/?") == set()
    for gene in ("CACNA1S", "DPYD", "G6PD", "NUDT15", "RYR1", "TPMT"):
        made = definition(gene)
        unknown = {f"p{p.position}": "?/?" for p in made.positions}
        assert called(gene, **unknown) == {f"{made.names[0]}/{made.names[0]}"}


def test_nothing_seen_excludes_nothing():
    for gene in ("CYP3A5", "NUDT15", "UGT1A1"):
        made = definition(gene)
        unseen = {f"p{p.position}": "./." for p in made.positions}
        rows = len(made.alleles)
        assert len(matched(MATCHERS[gene], typed(made, **unseen))) == rows * (rows + 1) // 2


def test_only_the_unseen_copy_of_a_half_call_is_open():
    assert called("CYP3A5", p99672916="C/.") == {"*1/*3", "*3/*3"}
    assert called("CYP3A5", p99672916="C|.", p99665212="C|T") == {"*3/*6"}


def test_pharmcat_175_phase_sets_are_not_in_phase_with_each_other():
    # PharmCAT 2.7.1 said Unknown/Unknown for these two calls of CYP2C9 (issue #175).
    assert called("CYP2C9", p94949217="A|G:1", p94981224="C|T:2") == {"*9/*11"}
    assert called("CYP2C9", p94949217="A|G:1", p94981224="T|C:2") == {"*9/*11"}
    assert called("CYP2C9", p94949217="A|G:1", p94981224="T|C:1") == {"*9/*11"}
    assert called("CYP2C9", p94949217="A|G:1", p94981224="C|T:1") == set()


def test_pharmcat_219_unphased_reference_calls_do_not_break_phased_data():
    # UGT1A1 of issue #219: both variants 1|0 in one set, all other positions 0/0.
    cis = {"p233759924": "T|C", "p233760233": "CATAT|CAT"}
    assert called("UGT1A1", **cis) == {"*1/*80+*28"}
    written = cis | {"p233760498": "G|G", "p233760973": "C|C"}
    assert called("UGT1A1", **written) == {"*1/*80+*28"}
    assert called("UGT1A1", p233759924="T/C", p233760233="CATAT/CAT") == {
        "*1/*80+*28", "*28/*80",
    }  # fmt: skip


def test_pharmcat_102_and_120_added_reference_calls_do_not_make_data_phased():
    # Positions that a preprocessor set to 0|0 must leave the order of the others unknown.
    for made in (definition("TPMT"), definition("SLCO1B1")):
        filled = {f"p{p.position}": f"{p.alleles[0]}|{p.alleles[0]}" for p in made.positions}
        two = {
            "TPMT": {"p18130687": "T/C", "p18138997": "C/T"},
            "SLCO1B1": {"p21176804": "A/G", "p21178615": "T/C"},
        }[made.gene]
        assert called(made.gene, **filled | two) == called(made.gene, **two)
        assert len(called(made.gene, **filled | two)) == 2


# How many simulated people each gene gets, by what one costs the oracle.
PEOPLE = {
    "ABCG2": 500, "CACNA1S": 600, "CFTR": 300, "CYP2B6": 700, "CYP2C19": 800, "CYP2C9": 300,
    "CYP2D6": 200, "CYP3A4": 700, "CYP3A5": 1000, "CYP4F2": 800, "DPYD": 350, "G6PD": 120,
    "IFNL3": 500, "NAT2": 600, "NUDT15": 800, "RYR1": 40, "SLCO1B1": 700, "TPMT": 500,
    "UGT1A1": 1000, "VKORC1": 500,
}  # fmt: skip


def test_enough_people_are_simulated():
    assert set(PEOPLE) == set(genes())
    assert sum(PEOPLE.values()) >= 10_000


def simulated(made, count, rng):
    """People of all kinds: named alleles or any variants, 0 to 50 % of the positions unseen."""
    for number in range(count):
        named_alleles = rng.random() < 0.8
        draw = drawn_rows if named_alleles or len(made.alleles) < 6 else drawn_variants
        yield person(
            made,
            draw(len(made.alleles), rng),
            rng,
            phasing=PHASES[number % 3],
            hidden=float(rng.choice([0, 0.1, 0.3, 0.5])),
            half=float(rng.choice([0, 0, 0.05])),
            other=float(rng.choice([0, 0, 0, 0.02])),
            haploid=rng.random() < (0.5 if made.chromosome == "chrX" else 0.03),
        )


@pytest.mark.parametrize("gene", genes())
def test_the_fast_matcher_agrees_with_the_oracle(gene):
    made, rng = definition(gene), np.random.default_rng(3)
    table, some = Table(made), 0
    for someone in simulated(made, PEOPLE[gene], rng):
        expected = table.pairs(someone.bases, someone.phase)
        assert matched(MATCHERS[gene], someone) == expected
        some += bool(expected)
    assert some > PEOPLE[gene] / 2


@pytest.mark.parametrize("gene", ["CYP3A5", "NUDT15", "TPMT", "UGT1A1"])
def test_the_shortcuts_of_the_oracle_are_exact(gene):
    made, rng = definition(gene), np.random.default_rng(4)
    table = Table(made)
    for someone in simulated(made, 20, rng):
        word_by_word = pairs_word_by_word(made, someone.bases, someone.phase)
        assert table.pairs(someone.bases, someone.phase) == word_by_word


@st.composite
def small_genes(draw):
    """A definition with up to 4 positions and 5 alleles, with cells of several bases."""
    width = draw(st.integers(1, 4))
    sizes = [draw(st.integers(2, 4)) for _ in range(width)]
    positions = tuple(
        Position("chr1", 10 + i, None, tuple("ACGT"[:size]), "") for i, size in enumerate(sizes)
    )
    rows = [NamedAllele("*1", tuple(frozenset([0]) for _ in sizes))]
    for number in range(draw(st.integers(0, 4))):
        cells = tuple(
            draw(st.none() | st.frozensets(st.integers(0, size - 1), min_size=1)) for size in sizes
        )
        rows.append(NamedAllele(f"*{number + 2}", cells))
    gene = draw(st.sampled_from(["MADE-UP", "TPMT"]))
    return GeneDefinition(gene, "chr1", "made-up", "1", positions, (), tuple(rows))


@st.composite
def small_people(draw, made):
    """Any calls at all, also those that no laboratory would give."""
    bases = []
    for position in made.positions:
        code = st.sampled_from([*range(len(position.alleles)), MISSING, OTHER])
        bases.append((draw(code), draw(code | st.just(ABSENT))))
    phase = [draw(st.integers(0, 2)) for _ in bases]
    return Person(bases, phase)


def test_a_half_call_means_two_copies_even_beside_a_haploid_call():
    # One copy only is: the second is absent wherever anything was seen. A half call (0/. or ./0)
    # says that there are two copies, one of which nobody saw.
    made = made_up("AA", "C.", ".C")
    for half in ("A/.", "./A"):
        someone = typed(made, p10=half, p11="A")
        found = matched(Matcher.of(made), someone)
        assert found == {(0, 0), (0, 1), (0, 2), (1, 2)}
        assert found == pairs_word_by_word(made, someone.bases, someone.phase)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_calls_on_any_definition(data):
    made = data.draw(small_genes())
    someone = data.draw(small_people(made))
    expected = pairs_word_by_word(made, someone.bases, someone.phase)
    assert matched(Matcher.of(made), someone) == expected


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_seeing_less_never_excludes_more(data):
    made = data.draw(small_genes())
    someone = data.draw(small_people(made))
    at = data.draw(st.integers(0, len(someone.bases) - 1))
    two = ABSENT if someone.bases[at][1] == ABSENT else MISSING
    bases = [(MISSING, two) if i == at else pair for i, pair in enumerate(someone.bases)]
    if any(two >= 0 for _, two in bases) or all(b[1] != ABSENT for b in someone.bases):
        less = matched(Matcher.of(made), someone._replace(bases=bases))
        assert matched(Matcher.of(made), someone) <= less


def test_the_codes_are_those_of_the_genotypes():
    assert (MISSING, OTHER, ABSENT) == (genotypes.MISSING, genotypes.OTHER, genotypes.ABSENT)
