"""Polygenic scores: against other programs, against plain loops, by hand, and every refusal."""

import math
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genome import polygenic_oracle as oracle
from nof1.core.errors import UsageError
from nof1.genome import polygenic, scoreinterval, scorematch, scoreresult
from nof1.genome.dosages import read_dosages
from nof1.genome.polygenic import score, score_files, wanted
from nof1.genome.scorefile import read_scorefiles
from nof1.genome.scorereference import read_frequencies, read_reference
from shared_data import needs

COLUMNS = "rsID\tchr_name\tchr_position\teffect_allele\tother_allele\teffect_weight"
HEAD = "#pgs_id=PGS9\n#genome_build=GRCh37\n"


def vcf_text(sites, people, build_length=51304566):
    """A VCF of the oracle's sites; a genotype is a pair of bases or None."""
    names = "\t".join(f"p{number}" for number in range(people))
    lines = [
        "##fileformat=VCFv4.2",
        f"##contig=<ID=22,length={build_length}>",
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{names}",
    ]
    for site in sites:
        number = {base: str(index) for index, base in enumerate((site.ref, *site.alts))}
        calls = [
            "./." if genotype is None else "/".join(number[base] for base in genotype)
            for genotype in site.genotypes
        ]
        fixed = ["22", site.position, ".", site.ref, ",".join(site.alts), ".", ".", ".", "GT"]
        lines.append("\t".join(str(cell) for cell in [*fixed, *calls]))
    return "\n".join(lines) + "\n"


def rows_text(rows):
    """The oracle's rows as a scoring file."""
    columns = f"{COLUMNS}\tallelefrequency_effect\tis_dominant\tis_recessive"
    lines = [HEAD + columns + "\tdosage_0_weight\tdosage_1_weight\tdosage_2_weight"]
    for row in rows:
        plain = row.weights[1] if row.mode in ("additive", "dominant") else row.weights[2]
        dosage = row.mode == "by dosage"
        cells = [
            *("", "22", row.position, row.effect, row.other or ""),
            "" if dosage else repr(plain),
            "" if row.frequency is None else repr(row.frequency),
            *(row.mode == "dominant", row.mode == "recessive"),
            *(map(repr, row.weights) if dosage else ("", "", "")),
        ]
        lines.append("\t".join(str(cell) for cell in cells))
    return "\n".join(lines) + "\n"


def scored(folder, sites, rows, **options):
    people = len(sites[0].genotypes)
    Path(folder, "a.vcf").write_text(vcf_text(sites, people))
    Path(folder, "s.txt").write_text(rows_text(rows) if isinstance(rows, list) else rows)
    return score_files([Path(folder, "s.txt")], Path(folder, "a.vcf"), **options)


def additive(position, effect, other, weight, frequency=None):
    return oracle.Row(position, effect, other, "additive", (0.0, weight, 2 * weight), frequency)


def site(position, ref, alts, *genotypes):
    calls = [None if text == "." else tuple(text) for text in genotypes]
    return oracle.Site(position, ref, tuple(alts), calls)


# --- other programs ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cineca():
    folder = needs("genome/pgs-cineca")
    pytest.importorskip("bed_reader")
    pytest.importorskip("pgenlib")
    return folder


def test_sums_are_those_of_plink_2(cineca):
    names = ["PGS001229_22.txt", "scorefile_dominant_and_recessive.txt"]
    paths = [cineca / name for name in names]
    bed = cineca / "cineca_synthetic_subset.bed"
    kept, dropped = (score_files(paths, bed, ambiguous=how) for how in ("keep", "drop"))
    table = pl.read_csv(Path(__file__).with_name("plink2_sums.tsv"), separator="\t")
    people = table["person"].to_numpy()
    # PLINK v2.00a3.5 AVX2 (9 Aug 2022), --bfile cineca_synthetic_subset --score FILE 1 2 3 header
    # [dominant | recessive] cols=+scoresums, with the files that pgscatalog-match 0.4.0 made of the
    # two scoring files (--min_overlap 0.75, with and without --keep_ambiguous); every 26th person,
    # six digits as PLINK prints them.
    for column, ours in (
        ("additive", kept.sums[0]),
        ("additive_without_ambiguous", dropped.sums[0]),
        ("dominant_and_recessive", kept.sums[1]),
    ):
        theirs = table[column].to_numpy()
        assert np.corrcoef(theirs, ours[people])[0, 1] > 0.99999
        assert np.allclose(theirs, ours[people], rtol=1e-5, atol=2e-6)
    # the same calls: mean and standard deviation over all 2,504 people
    assert kept.sums[0].mean() == pytest.approx(0.4403508567, abs=1e-6)
    assert kept.sums[0].std() == pytest.approx(0.3974686064, abs=1e-6)
    assert dropped.sums[0].mean() == pytest.approx(0.6990127621, abs=1e-6)


def test_matches_are_those_of_the_pgs_catalogs_matcher(cineca):
    scores = score_files(
        [cineca / "PGS001229_22.txt"], cineca / "cineca_synthetic_subset.pgen", ambiguous="drop"
    )
    match = scores.matches[0]
    # pgscatalog-match 0.4.0, -t cineca_synthetic_subset.pvar --min_overlap 0.75: 782 matched, 47
    # excluded as ambiguous, 6 unmatched
    assert (match.matched, match.total) == (782, 835)
    assert match.counts[scorematch.AMBIGUOUS] == 47
    assert match.counts[scorematch.ABSENT] == 6


def test_three_formats_give_identical_sums(cineca):
    names = (
        "PGS001229_22.txt PGS001229_22_duplicate.txt multiscore.txt scorefile.txt test.scorefile "
        "scorefile_dominant_and_recessive.txt"
    )
    files = read_scorefiles([cineca / name for name in names.split()])
    sums = [
        score(files, read_dosages(cineca / f"cineca_synthetic_subset.{suffix}", wanted(files)))
        for suffix in ("bed", "pgen", "vcf.gz")
    ]
    assert not np.isnan(sums[0].sums).any()
    for other in sums[1:]:
        assert np.array_equal(sums[0].sums, other.sums)
        assert np.array_equal(sums[0].low, other.low)
    # one score in five spellings
    same = [0, 2, 3, 4, 5]
    assert np.allclose(sums[0].sums[same], sums[0].sums[0], rtol=0, atol=1e-12)


def test_which_of_the_expected_sums_can_be_reproduced(cineca):
    """None: they are of 7 genome-wide scores, and no file of them is here.

    ``expected_PGS_SUM.txt.gz`` is pgsc_calc's correlation test: sums over the whole genomes of the
    1000 Genomes samples. The genotypes here are 829 synthetic variants of chromosome 22.
    """
    expected = pl.read_csv(cineca / "expected_PGS_SUM.txt.gz", separator="\t")
    theirs = {name.split("_")[0] for name in expected["PGS"].unique()}
    ours = set()
    for path in [*cineca.glob("*.txt"), *cineca.glob("*.scorefile")]:
        for header in read_scorefiles([path]).headers:
            ours |= {header.id, header.fields.get("pgs_id", header.id)}
    assert len(theirs) == 7
    assert not theirs & ours


# --- plain loops ------------------------------------------------------------------------------

BASES = "ACGT"


@st.composite
def cases(draw):
    """Sites, people and rows that hit, miss, swap, flip and repeat."""
    positions = draw(st.lists(st.integers(1, 6), min_size=1, max_size=5, unique=True))
    many = draw(st.booleans())
    people = 60 if many else draw(st.integers(1, 4))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    sites = []
    for position in sorted(positions):
        alleles = draw(st.permutations(BASES))[: draw(st.integers(2, 3))]
        calls = [
            None if random.random() < 0.1 else tuple(random.choice(list(alleles), 2).tolist())
            for _ in range(people)
        ]
        sites.append(oracle.Site(position, alleles[0], tuple(alleles[1:]), calls))
    rows = draw(st.lists(rows_of(), min_size=1, max_size=8, unique_by=_key))
    return sites, rows, draw(st.sampled_from(["keep", "drop"]))


@st.composite
def rows_of(draw):
    weight = draw(st.floats(-2, 2, allow_nan=False).map(lambda value: round(value, 3)))
    mode = draw(st.sampled_from(["additive", "additive", "dominant", "recessive", "by dosage"]))
    weights = {
        "additive": (0.0, weight, 2 * weight),
        "dominant": (0.0, weight, weight),
        "recessive": (0.0, 0.0, weight),
        "by dosage": (draw(st.floats(-1, 1)), weight, draw(st.floats(-1, 1))),
    }[mode]
    effect = draw(st.sampled_from(BASES))
    other = draw(st.sampled_from([None, *(base for base in BASES if base != effect)]))
    frequency = draw(st.one_of(st.none(), st.floats(0, 1)))
    return oracle.Row(draw(st.integers(1, 7)), effect, other, mode, weights, frequency)


def _key(row):
    return row.position, row.effect, row.other, row.mode


@settings(max_examples=300, deadline=None)
@given(cases())
def test_the_plain_loops_agree(case):
    sites, rows, ambiguous = case
    expected, found = oracle.score(rows, sites, len(sites[0].genotypes), ambiguous)
    with tempfile.TemporaryDirectory() as folder:
        scores = scored(folder, sites, rows, ambiguous=ambiguous, min_overlap=0)
    assert scores.matches[0].matched == found
    assert scores.matches[0].total == len(rows)
    if not found:
        assert "Only 0 of" in scores.matches[0].refused
        return
    got = zip(scores.sums[0], scores.low[0], scores.high[0], scores.used[0], strict=True)
    for ours, theirs in zip(got, expected, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-9)


# --- by hand ----------------------------------------------------------------------------------

TWO_SITES = [site(100, "A", "G", "AA", "AG", "GG"), site(200, "C", "T", "CC", "CT", ".")]


def test_a_sum_by_hand(tmp_path):
    rows = [additive(100, "G", "A", 0.5), additive(200, "C", "T", 0.25, 0.3)]
    scores = scored(tmp_path, TWO_SITES, rows)
    assert scores.samples == ("p0", "p1", "p2")
    # p0: no G, two C. p1: one of each. p2: two G, and C is missing: expected 2 x 0.3 copies
    assert scores.sums[0].tolist() == pytest.approx([0.5, 0.75, 1.0 + 0.25 * 0.6])
    assert scores.averages[0].tolist() == pytest.approx([0.125, 0.1875, 1.15 / 4])
    assert scores.used.tolist() == [[2, 2, 1]]
    assert scores.weight_share[0].tolist() == pytest.approx([1, 1, 2 / 3])
    half = 1.6448536 * 0.25 * math.sqrt(2 * 0.3 * 0.7)
    assert scores.low[0].tolist() == pytest.approx([0.5, 0.75, 1.15 - half])
    assert scores.high[0].tolist() == pytest.approx([0.5, 0.75, 1.15 + half])


def test_a_missing_genotype_of_unknown_frequency_has_hard_bounds(tmp_path):
    scores = scored(tmp_path, TWO_SITES, [additive(100, "G", "A", 1), additive(200, "C", "T", -2)])
    assert scores.sums[0].tolist() == [-4, -1, 2]  # nothing is added for what is missing
    assert (scores.low[0, 2], scores.high[0, 2]) == (2 - 4, 2)
    assert scores.used[0, 2] == 1


def test_a_missing_genotype_takes_the_mean_of_enough_people(tmp_path):
    calls = ["CC"] * 40 + ["CT"] * 10 + ["."]
    sites = [site(200, "C", "T", *calls)]
    row = [oracle.Row(200, "T", "C", "dominant", (0, 1, 1), 0.9)]
    scores = scored(tmp_path, sites, row)
    assert scores.sums[0, -1] == pytest.approx(10 / 50)  # not what 0.9 would give
    fewer = [site(200, "C", "T", *calls[1:])]
    assert scored(tmp_path, fewer, row).sums[0, -1] == pytest.approx(1 - 0.1**2)


def test_a_panel_gives_frequencies(tmp_path):
    panel = tmp_path / "panel.tsv"
    panel.write_text("chromosome\tposition\tref\talt\talt_frequency\n22\t200\tC\tT\t0.75\n")
    rows = [additive(100, "G", "A", 0.5), additive(200, "C", "T", 1, 0.9)]
    scores = scored(tmp_path, TWO_SITES, rows, frequencies=read_frequencies(panel))
    assert scores.sums[0, 2] == pytest.approx(1.0 + 2 * 0.25)


def test_rows_not_found_widen_the_interval(tmp_path):
    rows = [additive(100, "G", "A", 1), additive(200, "C", "T", 1, 0.5)]
    rows += [additive(900, "C", "T", 0.1, 0.5), additive(901, "C", "T", -0.2)]
    scores = scored(tmp_path, TWO_SITES[:2], rows, min_overlap=0.5)
    half = 1.6448536 * 0.1 * math.sqrt(0.5)
    assert scores.sums[0, 0] == 2
    assert scores.low[0, 0] == pytest.approx(2 + 0.1 - 0.4 - half)
    assert scores.high[0, 0] == pytest.approx(2 + 0.1 + half)
    assert scores.weight_share[0, 0] == pytest.approx(2 / 2.3)
    assert scores.matches[0].counts[scorematch.ABSENT] == 2


def test_strands_and_palindromes(tmp_path):
    sites = [
        site(1, "A", "G", "AG"),
        site(2, "A", "T", "AT"),
        site(3, "C", "G", "GG"),
        site(4, "A", "C", "CC"),
    ]
    forward = [additive(1, "G", "A", 1), additive(2, "T", "A", 1), additive(3, "C", "G", 1)]
    scores = scored(tmp_path, sites, forward)
    assert scores.sums[0, 0] == 1 + 1 + 0
    assert scores.matches[0].counts[polygenic.KEPT] == 2
    # one row of the other strand, and the palindromes of this score are no longer trusted
    flipped = [*forward, additive(4, "G", "T", 1)]
    scores = scored(tmp_path, sites, flipped, min_overlap=0.5)
    assert scores.sums[0, 0] == 1 + 2
    assert scores.matches[0].counts[scorematch.STRAND] == 2
    assert scores.matches[0].counts[polygenic.KINDS[scorematch.FLIPPED]] == 1


def test_a_site_with_several_alternatives(tmp_path):
    sites = [site(1, "A", "CG", "AC", "CG", "GG", "AA")]
    reference = scored(tmp_path, sites, [additive(1, "A", "C", 1)])
    assert reference.sums[0].tolist() == [1, 0, 0, 2]
    assert reference.matches[0].counts[polygenic.SEVERAL] == 1
    assert scored(tmp_path, sites, [additive(1, "G", "A", 1)]).sums[0].tolist() == [0, 1, 2, 0]


def test_a_site_that_shows_the_reference_only(tmp_path):
    sites = [site(1, "A", ".", "AA"), site(2, "C", ".", "CC")]
    rows = [additive(1, "G", "A", 1), additive(2, "C", "T", 1)]
    scores = scored(tmp_path, sites, rows)
    assert scores.sums[0, 0] == 2
    assert scores.matches[0].counts[polygenic.REFERENCE_ALONE] == 2
    other = scored(tmp_path, sites, [additive(1, "G", "C", 1), additive(2, "C", "T", 1)])
    assert other.matches[0].counts[scorematch.OTHER_ALLELES] == 1


def test_rows_of_one_variant_count_once(tmp_path):
    rows = [additive(100, "C", "T", 5), additive(100, "G", "A", 1), additive(100, "A", "G", 10)]
    scores = scored(tmp_path, [TWO_SITES[0]], rows, min_overlap=0.5)
    assert scores.sums[0].tolist() == [20, 11, 2]
    assert scores.matches[0].counts[scorematch.SAME_VARIANT] == 1
    assert scores.unmatched["line"].to_list() == [4]


def test_names_serve_where_there_is_no_position(tmp_path):
    pytest.importorskip("bed_reader")
    (tmp_path / "s.bed").write_bytes(bytes([0x6C, 0x1B, 0x01, 0b10_00]))
    (tmp_path / "s.bim").write_text("1 rs5 0 77 A G\n")
    (tmp_path / "s.fam").write_text("a a 0 0 0 0\nb b 0 0 0 0\n")
    text = "#genome_build=GRCh38\nrsID\teffect_allele\teffect_weight\nrs5\tA\t3\n"
    (tmp_path / "s.txt").write_text(text)
    scores = score_files([tmp_path / "s.txt"], tmp_path / "s.bed", build="GRCh37")
    assert scores.sums.tolist() == [[6, 3]]  # without positions, builds do not matter
    assert scores.matches[0].counts[polygenic.EFFECT_ALONE] == 1
    (tmp_path / "s.txt").write_text(text.replace("rs5", "rs6"))
    other = score_files([tmp_path / "s.txt"], tmp_path / "s.bed")
    assert other.matches[0].counts[scorematch.NO_NAME] == 1


# --- refusals ---------------------------------------------------------------------------------


def test_below_three_quarters_a_score_is_refused_with_its_numbers(tmp_path):
    rows = [additive(100, "G", "A", 1), *(additive(900 + n, "C", "T", 1) for n in range(2))]
    scores = scored(tmp_path, TWO_SITES, [*rows, additive(200, "C", "T", 1)])
    result = scores.of("p0")[0]
    assert result.refused.startswith("Only 2 of 4 rows (50.0%) were found")
    assert "at least 75% are needed" in result.refused
    assert (result.sum, result.low, result.z, result.percentile) == (None,) * 4
    assert np.isnan(scores.sums).all()
    assert result.not_normalised == "There is no sum to compare."
    three = scored(tmp_path, TWO_SITES, [*rows[:2], *rows[:0], additive(200, "C", "T", 1)])
    assert three.matches[0].refused  # 2 of 3
    four = [*rows[:2], additive(200, "C", "T", 1), additive(200, "T", "C", 1)]
    assert scored(tmp_path, TWO_SITES, four).matches[0].refused is None  # 3 of 4


def test_rows_set_aside_count_against_a_score(tmp_path):
    text = f"{HEAD}{COLUMNS}\n\t22\t100\tG\tA\t1\n\t22\t200\tC\tT\tx\n"
    scores = scored(tmp_path, TWO_SITES, text)
    assert scores.matches[0].refused.startswith("Only 1 of 2 rows")
    assert scores.matches[0].counts["the weight is no finite number"] == 1


def test_another_build_is_refused_by_score(tmp_path):
    other = rows_text([additive(100, "G", "A", 1)]).replace("GRCh37", "GRCh38")
    scores = scored(tmp_path, TWO_SITES, other)
    assert "those of GRCh38, the genotypes' of GRCh37" in scores.matches[0].refused
    unsaid = other.replace("#genome_build=GRCh38\n", "")
    scores = scored(tmp_path, TWO_SITES, unsaid)
    assert scores.matches[0].refused is None
    assert "does not say its genome build" in " ".join(scores.of("p0")[0].notes)


def test_a_build_that_the_genotypes_contradict_is_refused(tmp_path):
    with pytest.raises(UsageError, match="speaks of GRCh37, and GRCh38 was given"):
        scored(tmp_path, TWO_SITES, [additive(100, "G", "A", 1)], build="hg38")


@pytest.mark.parametrize("setting", [{"level": 1}, {"min_overlap": 2}, {"ambiguous": "perhaps"}])
def test_settings_out_of_range_are_refused(tmp_path, setting):
    with pytest.raises(UsageError, match="out of range"):
        scored(tmp_path, TWO_SITES, [additive(100, "G", "A", 1)], **setting)


def test_a_sample_that_is_not_there(tmp_path):
    scores = scored(tmp_path, TWO_SITES, [additive(100, "G", "A", 1)])
    with pytest.raises(UsageError, match="no sample of this name"):
        scores.of("p9")


# --- what a number means ----------------------------------------------------------------------


def reference_file(tmp_path, rows):
    lines = [f"  - {{score: PGS9, {row}}}" for row in rows]
    text = "schema: nof1/pgs-reference/1\nsource: a panel\ndistributions:\n"
    (tmp_path / "r.yaml").write_text(text + "\n".join(lines) + "\n")
    return read_reference(tmp_path / "r.yaml")


ROW = [additive(100, "G", "A", 1), additive(200, "C", "T", 1, 0.5)]


def test_a_raw_sum_says_that_it_means_nothing_alone(tmp_path):
    result = scored(tmp_path, TWO_SITES, ROW).of("p1")[0]
    assert result.not_normalised == "No reference distribution was supplied."
    assert scoreresult.ALONE in result.notes
    assert scoreresult.UNSAID_POPULATION in result.notes
    assert any("PMID 30926966" in note for note in result.notes)
    text = rows_text(ROW).replace(HEAD, HEAD + "#ancestry=East Asian\n#variants_number=99\n")
    result = scored(tmp_path, TWO_SITES, text).of("p1")[0]
    assert result.developed_in == "East Asian"
    assert "The score was developed in: East Asian." in result.notes
    assert any("promises 99 variants and holds 2 rows" in note for note in result.notes)


def test_z_and_percentile_against_a_supplied_reference(tmp_path):
    reference = reference_file(tmp_path, ["mean: 1, sd: 2", "group: EUR, mean: 0, sd: 1"])
    scores = scored(tmp_path, TWO_SITES, ROW, reference=reference)
    whole = scores.of("p1")[0]
    assert (whole.sum, whole.z, whole.z_low, whole.z_high) == (2, 0.5, 0.5, 0.5)
    assert whole.percentile == pytest.approx(69.1462, abs=1e-4)  # standard normal at 0.5
    assert (whole.reference, whole.group, whole.not_normalised) == ("a panel", None, None)
    assert scoreresult.ALONE not in whole.notes
    partly = scores.of("p2")[0]  # a genotype is missing
    assert partly.z == pytest.approx((2 + 1 - 1) / 2)
    assert partly.z_high - partly.z == pytest.approx(1.6448536 * math.sqrt(0.5) / 2)
    assert partly.percentile_low < partly.percentile < partly.percentile_high
    named = scored(tmp_path, TWO_SITES, ROW, reference=reference, group={"p1": "EUR"})
    assert [r.z for r in (named.of("p0")[0], named.of("p1")[0])] == [0.5, 2.0]


def test_no_group_is_guessed(tmp_path):
    reference = reference_file(tmp_path, ["group: EUR, mean: 0, sd: 1"])
    result = scored(tmp_path, TWO_SITES, ROW, reference=reference).of("p0")[0]
    assert result.z is None
    assert result.not_normalised.endswith("no group was named; it has: EUR.")
    result = scored(tmp_path, TWO_SITES, ROW, reference=reference, group="AFR").of("p0")[0]
    assert "for this group; it has: EUR." in result.not_normalised
    other = reference_file(tmp_path, ["mean: 0, sd: 1"])
    text = rows_text(ROW).replace("PGS9", "PGS8")
    result = scored(tmp_path, TWO_SITES, text, reference=other).of("p0")[0]
    assert result.not_normalised == "The reference has no distribution of this score."


def test_sums_of_other_variants_are_not_compared(tmp_path):
    rows = [*ROW, *(additive(100, *pair, 1) for pair in ("AG",)), additive(900, "C", "T", 9)]
    same = reference_file(tmp_path, ["mean: 1, sd: 1, variants: 3"])
    result = scored(tmp_path, TWO_SITES, rows, reference=same).of("p1")[0]
    assert result.z == 2  # the reference left the same variant out
    assert result.high == 3 + 18  # which the interval of the whole sum does not forget
    for said in ("mean: 1, sd: 1", "mean: 1, sd: 1, variants: 4"):
        whole = reference_file(tmp_path, [said])
        result = scored(tmp_path, TWO_SITES, rows, reference=whole).of("p1")[0]
        assert result.z is None
        assert result.not_normalised == scoreinterval.TOO_WIDE
    other = reference_file(tmp_path, ["mean: 1, sd: 1, variants: 77"])
    result = scored(tmp_path, TWO_SITES, rows, reference=other).of("p1")[0]
    assert result.not_normalised.startswith("The reference's sums rest on 77 variants")


def test_a_part_of_a_score_is_not_compared_with_the_whole(tmp_path):
    reference = reference_file(tmp_path, ["mean: 1, sd: 1"])
    text = rows_text(ROW).replace(HEAD, HEAD + "#variants_number=99\n")
    result = scored(tmp_path, TWO_SITES, text, reference=reference).of("p0")[0]
    assert result.not_normalised == "The scoring file holds 2 of the 99 variants it promises."
    text = rows_text([*ROW, ROW[0]]).rstrip("\n") + "\t7\n"  # one row too long
    result = scored(tmp_path, TWO_SITES, text, reference=reference, min_overlap=0.5).of("p0")[0]
    assert result.not_normalised == "1 rows of the score cannot be scored here."
