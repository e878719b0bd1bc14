"""Reading a release of PharmCAT: small made-up files, good and bad."""

import copy
import json

import pytest

from nof1.core.errors import InputError
from nof1.knowledge import pharmcat

DEFINITION = {
    "gene": "GENE1",
    "genomeBuild": "GRCh38.p13",
    "chromosome": "chr1",
    "version": "7",
    "modificationDate": "2025-01-02T03:04:05Z",
    "suballelesMap": {"*3.001": "*3", "*3.002": "*3"},
    "variants": [
        {"chromosome": "chr1", "position": 20, "rsid": "rs2", "chromosomeHgvsName": "g.20C>T",
         "ref": "C", "alts": ["T"]},
        {"chromosome": "chr1", "position": 10, "rsid": None,
         "chromosomeHgvsName": "g.11del; g.10A>G", "ref": "AT", "alts": ["A", "GT"]},
    ],
    "namedAlleles": [
        {"name": "*1", "alleles": ["C", "AT"], "structuralVariant": False},
        {"name": "*2", "alleles": ["Y", None], "structuralVariant": False},
        {"name": "*3.001", "alleles": [None, "A"], "structuralVariant": False},
        {"name": "*3.002", "alleles": ["T", "GT"], "structuralVariant": False},
        {"name": "*4", "alleles": ["T", None], "structuralVariant": True},
        {"name": "*5", "alleles": ["T", None], "structuralVariant": False},
    ],
}  # fmt: skip
EXEMPT = {
    "GENE1": {
        "ignoredAlleles": ["*5"],
        "extraPositions": [
            {"chromosome": "chr1", "position": 5, "rsid": "rs5", "chromosomeHgvsName": "g.5A>C",
             "ref": "A", "alts": ["C"]},
        ],
    }
}  # fmt: skip
PHENOTYPES = {
    "gene": "GENE1",
    "version": "7",
    "haplotypes": {"*1": "Normal function", "*2": "No function", "*9": "No function"},
    "activityValues": {},
    "diplotypes": [
        {"generesult": "Good", "lookupkey": "Good", "diplotypekey": {"*1": 2}},
        {"generesult": "Bad", "lookupkey": "Bad", "diplotypekey": {"*1": 1, "*2": 1}},
        {"generesult": "Bad", "lookupkey": "Bad", "diplotypekey": {"*9": 1, "*1": 1}},
        {"generesult": "One", "lookupkey": "One", "diplotypekey": {"*2": 1}},
    ],
}


def changed(data, **fields):
    return {**copy.deepcopy(data), **fields}


def without(data, field):
    return {name: value for name, value in data.items() if name != field}


def test_a_definition():
    made = pharmcat.definition(DEFINITION, EXEMPT, "somewhere")
    assert (made.gene, made.chromosome, made.source) == ("GENE1", "chr1", "somewhere")
    assert made.version == "7, changed 2025-01-02"
    assert [p.position for p in made.positions] == [10, 20]
    assert made.positions[0].alleles == ("AT", "A", "GT")
    assert [p.position for p in made.extra] == [5]
    # columns are sorted by place, a letter for several bases is a set, sub-alleles have the name
    # of their core allele, structural and ignored alleles are left out
    assert made.alleles == (
        ("*1", (frozenset([0]), frozenset([0]))),
        ("*2", (None, frozenset([0, 1]))),
        ("*3", (frozenset([1]), None)),
        ("*3", (frozenset([2]), frozenset([1]))),
    )


def test_a_definition_without_exemptions():
    made = pharmcat.definition(DEFINITION, {}, "somewhere")
    assert made.extra == ()
    assert made.names == ("*1", "*2", "*3", "*3", "*5")


@pytest.mark.parametrize("field", sorted({*DEFINITION} - {"suballelesMap", "gene"}))
def test_a_definition_with_a_missing_field_is_refused(field):
    with pytest.raises(InputError):
        pharmcat.definition(without(DEFINITION, field), EXEMPT, "somewhere")


@pytest.mark.parametrize("build", ["GRCh37", "", None])
def test_a_definition_for_another_genome_build_is_refused(build):
    with pytest.raises(InputError, match="GRCh38"):
        pharmcat.definition(changed(DEFINITION, genomeBuild=build), EXEMPT, "somewhere")


@pytest.mark.parametrize(
    "row",
    [
        {"name": "*2", "alleles": ["Q", None], "structuralVariant": False},
        {"name": "*2", "alleles": None, "structuralVariant": False},
        {"alleles": ["C", None], "structuralVariant": False},
    ],
    ids=["no base", "no cells", "no name"],
)
def test_a_row_that_cannot_be_read_is_refused(row):
    rows = [DEFINITION["namedAlleles"][0], row]
    with pytest.raises(InputError):
        pharmcat.definition(changed(DEFINITION, namedAlleles=rows), EXEMPT, "somewhere")


def test_phenotypes():
    made = pharmcat.phenotypes(PHENOTYPES, "somewhere")
    assert (made.gene, made.by, made.source) == ("GENE1", "function", "somewhere")
    assert made.result("Normal function", "Normal function").phenotype == "Good"
    assert made.result("No function", "Normal function").phenotype == "Bad"
    assert made.result("No function").phenotype == "One"
    assert made.function("*9") == "No function"


def test_activity_values_decide_where_there_are_any():
    data = changed(
        PHENOTYPES,
        activityValues={"*1": "1.0", "*2": "0.0", "*9": "0.5"},
        diplotypes=[
            {"generesult": "Good", "lookupkey": "2.0", "diplotypekey": {"*1": 2}},
            {"generesult": "Fair", "lookupkey": "1.0", "diplotypekey": {"*1": 1, "*2": 1}},
        ],
    )
    made = pharmcat.phenotypes(data, "somewhere")
    assert made.by == "activity"
    assert made.result("1.0", "1.0")[:3] == ("Good", "2.0", 2.0)
    assert made.result("0.5", "0.5")[:3] == ("Fair", "1.0", 1.0)
    assert not made.result("0.5", "0.5").in_table


def test_two_rows_that_contradict_each_other_are_refused():
    # *2 and *9 have the same function, so beside *1 they must have the same phenotype
    rows = copy.deepcopy(PHENOTYPES["diplotypes"])
    rows[2]["generesult"] = rows[2]["lookupkey"] = "Good"
    with pytest.raises(InputError) as caught:
        pharmcat.phenotypes(changed(PHENOTYPES, diplotypes=rows), "somewhere")
    assert "GENE1" in caught.value.where


def test_rows_of_an_allele_that_is_not_listed_are_refused():
    rows = [{"generesult": "Good", "lookupkey": "Good", "diplotypekey": {"*77": 2}}]
    with pytest.raises(InputError):
        pharmcat.phenotypes(changed(PHENOTYPES, diplotypes=rows), "somewhere")


@pytest.mark.parametrize("field", ["haplotypes", "diplotypes", "version"])
def test_phenotypes_with_a_missing_field_are_refused(field):
    with pytest.raises(InputError):
        pharmcat.phenotypes(without(PHENOTYPES, field), "somewhere")


def test_one_variant_of_g6pd_has_one_name():
    data = changed(PHENOTYPES, gene="G6PD", haplotypes={"Telti/Kobe": "Normal function"})
    rows = [{"generesult": "X", "lookupkey": "X", "diplotypekey": {"Telti/Kobe": 1}}]
    made = pharmcat.phenotypes({**data, "diplotypes": rows}, "somewhere")
    assert set(made.functions) == {"Telti, Kobe"}


@pytest.mark.parametrize("content", [b"{", b"[1]", b"\xff\xfe", b"", b"null"])
def test_a_file_that_holds_no_object_is_refused_by_name(tmp_path, content):
    path = tmp_path / "X_translation.json"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        pharmcat.load(path)
    assert caught.value.where == path.name
    with pytest.raises(InputError):
        pharmcat.load(tmp_path / "absent.json")


def test_a_good_file(tmp_path):
    path = tmp_path / "X_translation.json"
    path.write_text(json.dumps(DEFINITION), encoding="utf-8")
    assert pharmcat.load(path) == DEFINITION
