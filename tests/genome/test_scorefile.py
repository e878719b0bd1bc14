"""Reading scoring files: formats, damage, and what each row comes to."""

import gzip

import polars as pl
import pytest

from nof1.core.errors import InputError, UsageError
from nof1.genome.scorefile import CONTRADICTORY, REPEATED, read_scorefiles
from shared_data import needs

HEAD = "#pgs_id=PGS9\n#pgs_name=small\n#trait_reported=Height\n#genome_build=GRCh37\n"
COLUMNS = "rsID\tchr_name\tchr_position\teffect_allele\tother_allele\teffect_weight"
ROWS = "rs1\t1\t100\tA\tG\t0.5\nrs2\t22\t200\tc\tT\t-1.25e-1\n"


def write(tmp_path, text, name="score.txt"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def read(tmp_path, text, name="score.txt"):
    return read_scorefiles([write(tmp_path, text, name)])


def reasons(files):
    return files.set_aside.select("row", "reason").rows()


def test_the_authors_format(tmp_path):
    text = HEAD + "#weight_type=beta\n#variants_number=1,234\n#citation=Doe J (2020)\n"
    files = read(tmp_path, f"{text}{COLUMNS}\n{ROWS}")
    header = files.headers[0]
    assert (header.id, header.name, header.trait, header.build) == (
        "PGS9",
        "small",
        "Height",
        "GRCh37",
    )
    assert (header.weight_type, header.variants_number) == ("beta", 1234)
    assert (header.citation, header.file) == ("Doe J (2020)", "score.txt")
    assert header.developed_in is None
    assert not header.harmonised
    assert files.totals == (2,)
    assert files.rows.rows() == [
        (0, 9, "rs1", "chr1", 100, "A", "G", 0.0, 0.5, 1.0, "additive", None),
        (0, 10, "rs2", "chr22", 200, "C", "T", 0.0, -0.125, -0.25, "additive", None),
    ]


def test_the_first_format_wrote_words(tmp_path):
    head = "# PGS ID = PGS1\n# Reported Trait = Asthma\n# Original Genome Build = hg19\n"
    columns = COLUMNS.replace("other_allele", "reference_allele")
    header = read(tmp_path, f"{head}{columns}\n{ROWS}").headers[0]
    assert (header.id, header.trait, header.build) == ("PGS1", "Asthma", "GRCh37")


def test_the_population_is_told_when_the_file_says_it(tmp_path):
    header = read(tmp_path, f"{HEAD}#ancestry=European\n{COLUMNS}\n{ROWS}").headers[0]
    assert header.developed_in == "European"


@pytest.mark.parametrize(
    ("written", "build"),
    [("hg38", "GRCh38"), ("GRCh38", "GRCh38"), ("NR", None), ("hg18", "NCBI36"), ("T2T", "T2T")],
)
def test_builds(tmp_path, written, build):
    head = HEAD.replace("GRCh37", written)
    assert read(tmp_path, f"{head}{COLUMNS}\n{ROWS}").headers[0].build == build


def test_harmonised_positions_count(tmp_path):
    text = (
        HEAD + "##HARMONIZATION DETAILS\n#HmPOS_build=GRCh38\n"
        "rsID\tchr_name\tchr_position\teffect_allele\teffect_weight\t"
        "hm_source\thm_rsID\thm_chr\thm_pos\thm_inferOtherAllele\n"
        "rs1\t1\t100\tA\t0.5\tENSEMBL\trs11\t1\t150\tG\n"
        "rs2\t1\t101\tA\t0.5\tENSEMBL\trs2\t1\t151\tC/G\n"
        "rs3\t1\t102\tA\t0.5\tUnknown\t\t\t\t\n"
        "\t1\t103\tA\t0.5\tUnknown\t\t\t\t\n"
    )
    files = read(tmp_path, text)
    assert files.headers[0].build == "GRCh38"
    assert files.headers[0].harmonised
    assert files.rows.select("id", "chromosome", "position", "other").rows() == [
        ("rs11", "chr1", 150, "G"),
        ("rs2", "chr1", 151, None),  # two alleles are possible: not known
        ("rs3", None, None, None),  # still to be found by its name
    ]
    assert reasons(files) == [(11, "neither position nor rsID")]


def test_dominant_recessive_and_weights_by_dosage(tmp_path):
    text = (
        f"{COLUMNS}\tis_dominant\tis_recessive\tdosage_0_weight\tdosage_1_weight\tdosage_2_weight\n"
        "rs1\t1\t1\tA\tG\t2\tTRUE\tFALSE\t\t\t\n"
        "rs2\t1\t2\tA\tG\t2\tFalse\tTrue\t\t\t\n"
        "rs3\t1\t3\tA\tG\t\t\t\t0.1\t0.5\t0.2\n"
        "rs4\t1\t4\tA\tG\t2\tTRUE\tTRUE\t\t\t\n"
        "rs5\t1\t5\tA\tG\t2\tperhaps\tTRUE\t\t\t\n"
        "rs6\t1\t6\tA\tG\t\t\t\t0.1\t0.5\t\n"
    )
    files = read(tmp_path, text)
    assert files.rows.select("w0", "w1", "w2", "mode").rows() == [
        (0.0, 2.0, 2.0, "dominant"),
        (0.0, 0.0, 2.0, "recessive"),
        (0.1, 0.5, 0.2, "by dosage"),
    ]
    assert reasons(files) == [
        (5, "both dominant and recessive"),
        (6, "is_dominant is neither TRUE nor FALSE"),
        (7, "only some of the weights by dosage are numbers"),
    ]
    assert files.totals == (6,)


def test_weights_by_dosage_alone(tmp_path):
    columns = COLUMNS.replace("effect_weight", "dosage_0_weight\tdosage_1_weight\tdosage_2_weight")
    files = read(tmp_path, f"{columns}\nrs1\t1\t1\tA\tG\t0\t1\t0\n")
    assert files.rows.select("w0", "w1", "w2").rows() == [(0.0, 1.0, 0.0)]


def test_what_single_variants_cannot_score_is_counted_by_name(tmp_path):
    text = (
        f"{COLUMNS}\tis_haplotype\tis_diplotype\tis_interaction\n"
        "rs1\t1\t1\tA\tG\t2\tTRUE\t\t\n"
        "rs2\t1\t2\tA\tG\t2\t\tTRUE\t\n"
        "rs3\t1\t3\tA\tG\t2\t\t\tTRUE\n"
        "rs4_x_rs5\t1\t4\tA\tG\t2\t\t\t\n"
        "HLA-B\t6\t5\tP\tN\t2\t\t\t\n"
    )
    files = read(tmp_path, text)
    haplotype = "a haplotype or diplotype: not scored from single variants"
    interaction = "an interaction: not scored"
    bases = "the effect allele is not written in bases (A, C, G, T)"
    assert reasons(files) == [
        (2, haplotype),
        (3, haplotype),
        (4, interaction),
        (5, interaction),
        (6, bases),
    ]
    assert files.totals == (5,)
    assert files.rows.is_empty()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("rs1\t1\t100\t\tG\t0.5", "no effect allele"),
        ("rs1\t1\t100\tA\tA\t0.5", "effect and other allele are the same"),
        ("rs1\t1\t1e5\tA\tG\t0.5", "the position is no whole number above 0"),
        ("rs1\t1\t0\tA\tG\t0.5", "the position is no whole number above 0"),
        ("\t\t100\tA\tG\t0.5", "neither position nor rsID"),
        ("rs1\t1\t100\tA\tG\t0,5", "the weight is no finite number"),
        ("rs1\t1\t100\tA\tG\tinf", "the weight is no finite number"),
        ("rs1\t1\t100\tA\tG\t", "no weight"),
        ("rs1\t1\t100\tA\tG", "no weight"),
        ("rs1\t1\t100\tA\tG\t0.5\t7", "more cells than column names"),
    ],
)
def test_a_bad_row_is_set_aside_with_its_line(tmp_path, row, reason):
    files = read(tmp_path, f"{COLUMNS}\n{ROWS}{row}\n")
    assert files.set_aside.rows() == [(0, "score.txt", 4, reason)]
    assert len(files.rows) == 2
    assert files.totals == (3,)


def test_repeated_rows_count_once_and_contradictory_ones_not_at_all(tmp_path):
    text = (
        f"{COLUMNS}\trest\n"
        "rs1\t1\t1\tA\tG\t2\t-\nrs1\t1\t1\tA\tG\t2.0\tx\n"
        "rs2\t1\t2\tA\tG\t2\t\nrs2\t1\t2\tA\tG\t3\t\n"
        "rs3\t1\t3\tA\tG\t2\t\nrs3\t1\t3\tG\tA\t2\t\n"
    )
    files = read(tmp_path, text)
    assert reasons(files) == [(3, REPEATED), (4, CONTRADICTORY), (5, CONTRADICTORY)]
    assert files.rows["line"].to_list() == [2, 6, 7]
    assert files.totals == (5,)


def test_marks_line_ends_blanks_comments_and_gzip_change_nothing(tmp_path):
    plain = f"{HEAD}{COLUMNS}\n{ROWS}"
    expected = read(tmp_path, plain).rows
    variants = {
        "bom": b"\xef\xbb\xbf" + plain.encode(),
        "crlf": plain.replace("\n", "\r\n").encode(),
        "mac": plain.replace("\n", "\r").encode(),
        "no end": plain.encode().rstrip(b"\n"),
        "gzip": gzip.compress(plain.encode()),
        "blanks": plain.replace("\t0.5", "\t 0.5 ").replace("\tA\t", "\t a\t").encode(),
    }
    for name, content in variants.items():
        files = read(tmp_path, content)
        assert files.rows.equals(expected), name
    middle = f"{HEAD}{COLUMNS}\n# a remark\n\n{ROWS}".replace("rs2", "\n#x\nrs2")
    assert read(tmp_path, middle).rows["line"].to_list() == [8, 11]


def test_plinks_table_gives_one_score_a_column(tmp_path):
    text = (
        "ID effect_allele  First second\n"
        "22:100:G:A G 0.5 0\n"
        "chr1:200:AT:A A 1e-2 2\n"
        "rs7 C 3 -1\n"
        "22:300:G:A T 1 1\n"
    )
    files = read(tmp_path, text, "two.scorefile")
    assert [header.id for header in files.headers] == ["First", "second"]
    assert files.totals == (4, 3)  # a weight of 0 is no row of that score
    first = files.rows.filter(pl.col("score") == 0)
    assert first.select("chromosome", "position", "effect", "other", "w1").rows() == [
        ("chr22", 100, "G", "A", 0.5),
        ("chr1", 200, "A", "AT", 0.01),
        (None, None, "C", None, 3.0),
        ("chr22", 300, "T", None, 1.0),
    ]


def test_plink_2_writes_a_mark_before_the_columns(tmp_path):
    files = read(tmp_path, "#ID\tA1\tS\nrs1\tA\t2\n")
    assert files.headers[0].id == "S"
    assert files.rows.select("line", "id", "w1").rows() == [(2, "rs1", 2.0)]


def test_two_files_with_one_id_are_told_apart(tmp_path):
    paths = [write(tmp_path, f"{HEAD}{COLUMNS}\n{ROWS}", name) for name in ("a.txt", "b.txt")]
    assert [h.id for h in read_scorefiles(paths).headers] == ["PGS9:a", "PGS9:b"]
    assert [h.id for h in read_scorefiles([paths[0]] * 2).headers] == ["PGS9:a", "PGS9:a:2"]


def test_many_files_at_once_are_the_files_one_by_one(tmp_path):
    texts = [f"{COLUMNS}\n{ROWS}", f"{COLUMNS}\nrs9\tX\t9\tA\t\t1\n", "ID\tA1\tS\nrs1\tA\t2\n"]
    paths = [write(tmp_path, text, f"{n}.txt") for n, text in enumerate([*texts, texts[0]])]
    together = read_scorefiles(paths)
    for number, path in enumerate(paths):
        alone = read_scorefiles([path]).rows.drop("score")
        part = together.rows.filter(pl.col("score") == number).drop("score")
        assert part.equals(alone)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "no line with column names"),
        (HEAD, "no line with column names"),
        ("a,b\n1,2\n", "no line with column names"),
        (f"{COLUMNS}\n", "no rows"),
        ("chr_name\tchr_position\teffect_allele\nx\t1\tA\n", "no column with weights"),
        ("ID\teffect_allele\nrs1\tA\n", "no column with weights"),
        (f"{COLUMNS}\teffect_weight\n{ROWS}", "stand twice"),
        (f"{COLUMNS}\n{ROWS}".encode("utf-16"), "no UTF-8 text"),
        (gzip.compress(b"x" * 9999, mtime=0)[:20], "damaged"),
    ],
)
def test_what_is_no_scoring_file_is_refused(tmp_path, content, words):
    with pytest.raises(InputError, match=words) as caught:
        read(tmp_path, content)
    assert "score.txt" in caught.value.where


def test_no_file_at_all():
    with pytest.raises(UsageError, match="No scoring file"):
        read_scorefiles([])


def test_the_files_of_the_pgs_catalog_calculator():
    folder = needs("genome/pgs-cineca")
    names = "PGS001229_22.txt customgrch38.txt multiscore.txt scorefile_dominant_and_recessive.txt"
    files = read_scorefiles([folder / name for name in names.split()])
    assert files.totals == (835, 2, 829, 829, 835)
    assert files.set_aside.is_empty()
    header = files.headers[0]
    assert (header.id, header.trait, header.build) == ("PGS001229", "Standing height", "GRCh37")
    assert header.variants_number == 51209  # only chromosome 22 is in the file
    mixed = files.rows.filter(pl.col("score") == 4).group_by("mode").len().sort("mode").rows()
    assert mixed == [("additive", 833), ("dominant", 1), ("recessive", 1)]
