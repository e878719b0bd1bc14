"""Definitions of the named alleles: whole, true to the source, and known by hand."""

import json
import re
from collections import Counter

import pytest

from nof1.core.errors import InputError, UsageError
from nof1.knowledge.alleles import Position, definition, from_dict, genes, to_dict
from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.pharmcat import IUPAC
from shared_data import needs

TWENTY = [
    "ABCG2",
    "CACNA1S",
    "CFTR",
    "CYP2B6",
    "CYP2C19",
    "CYP2C9",
    "CYP2D6",
    "CYP3A4",
    "CYP3A5",
    "CYP4F2",
    "DPYD",
    "G6PD",
    "IFNL3",
    "NAT2",
    "NUDT15",
    "RYR1",
    "SLCO1B1",
    "TPMT",
    "UGT1A1",
    "VKORC1",
]


def filled(gene, name):
    """The written cells of an allele: place -> bases."""
    made = definition(gene)
    (row,) = (allele for allele in made.alleles if allele.name == name)
    return {
        p.position: {p.alleles[i] for i in cell}
        for p, cell in zip(made.positions, row.cells, strict=True)
        if cell is not None
    }


def test_the_twenty_genes():
    assert list(genes()) == TWENTY


@pytest.mark.parametrize("gene", TWENTY)
def test_a_definition_is_whole(gene):
    made = definition(gene)
    assert made.gene == gene
    assert made.source == "pharmcat-2025-11"
    assert all(p.chromosome == made.chromosome for p in made.all_positions)
    assert re.fullmatch(r"chr(\d+|X)", made.chromosome)
    places = [p.position for p in made.positions]
    assert places == sorted(places)
    for position in made.all_positions:
        assert len(set(position.alleles)) == len(position.alleles) >= 2
        assert all(re.fullmatch("[ACGT]+", allele) for allele in position.alleles)
    for allele in made.alleles:
        assert len(allele.cells) == len(made.positions)
        for position, cell in zip(made.positions, allele.cells, strict=True):
            assert cell is None or (cell and cell <= set(range(len(position.alleles))))


@pytest.mark.parametrize("gene", TWENTY)
def test_the_reference_row_is_full_and_allows_the_reference_sequence(gene):
    reference = definition(gene).alleles[0]
    assert all(cell is not None and 0 in cell for cell in reference.cells)


@pytest.mark.parametrize("gene", TWENTY)
def test_every_position_is_used_and_no_two_rows_are_the_same(gene):
    made = definition(gene)
    reference = made.alleles[0].cells
    rows = [
        tuple(cell if cell is not None else reference[i] for i, cell in enumerate(allele.cells))
        for allele in made.alleles
    ]
    assert len(set(rows)) == len(rows)
    for column in range(len(made.positions)):
        assert len({row[column] for row in rows}) > 1


def test_rows_that_share_a_name_are_sub_alleles():
    shared = {
        (gene, name)
        for gene in genes()
        for name, count in Counter(definition(gene).names).items()
        if count > 1
    }
    assert shared == {("SLCO1B1", "*45")}


def test_well_known_alleles():
    assert filled("CYP2C19", "*17") == {94761900: {"T"}, 94842866: {"G"}}
    assert filled("CYP2C19", "*2")[94781859] == {"A"}
    assert filled("CYP2C19", "*2")[94775507] == {"G", "A"}
    assert filled("TPMT", "*3A") == {18130687: {"C"}, 18138997: {"T"}}
    assert filled("CYP2C9", "*3") == {94981296: {"C"}}
    assert filled("DPYD", "c.1905+1G>A (*2A)") == {97450058: {"T"}}
    assert filled("UGT1A1", "*28") == {233760233: {"CATAT"}}
    assert filled("SLCO1B1", "*5") == {21178615: {"C"}}
    assert filled("VKORC1", "rs9923231 variant (T)") == {31096368: {"T"}}


def test_cyp2c9_looks_at_one_more_position():
    (extra,) = definition("CYP2C9").extra
    assert extra.rsid == "rs12777823"
    assert definition("CYP2C9").all_positions[-1] == extra
    assert sum(len(definition(gene).extra) for gene in genes()) == 1


def test_the_label_of_a_position():
    one = Position("chr10", 94781859, "rs4244285", ("G", "A"), "g.94781859G>A")
    assert one.label == "rs4244285 (chr10:94781859)"
    assert one._replace(rsid=None).label == "chr10:94781859"


@pytest.mark.parametrize("gene", TWENTY)
def test_the_compact_form_holds_everything(gene):
    made = definition(gene)
    assert from_dict(json.loads(json.dumps(to_dict(made)))) == made


@pytest.mark.parametrize("gene", TWENTY)
def test_every_cell_is_that_of_the_source(gene):
    """Cell by cell, by the source's own map from its bases to those of a VCF."""
    path = needs(f"genome/pharmcat/alleles/{gene}_translation.json")
    source, made = json.loads(path.read_text(encoding="utf-8")), definition(gene)
    columns = {(p.position, p.hgvs): i for i, p in enumerate(made.positions)}
    core = source.get("suballelesMap", {})
    expected = []
    for row in source["namedAlleles"]:
        cells = {}
        for variant, written in zip(source["variants"], row["cpicAlleles"], strict=True):
            if written is not None:
                at = columns[variant["position"], variant["chromosomeHgvsName"]]
                to_vcf = variant["cpicToVcfAlleleMap"]
                one = to_vcf.get(written)
                cells[at] = {one} if one else {to_vcf[b] for b in IUPAC[written] if b in to_vcf}
        if not row["structuralVariant"]:
            # a blank cell is the base of the reference row (which some rows repeat)
            first = expected[0][1] if expected else {}
            expected.append((core.get(row["name"], row["name"]), first | cells))
    reference = made.alleles[0].cells
    said = [
        (
            allele.name,
            {
                i: {made.positions[i].alleles[code] for code in cell or reference[i]}
                for i, cell in enumerate(allele.cells)
            },
        )
        for allele in made.alleles
    ]
    exempt = json.loads(path.with_name("exemptions.json").read_text(encoding="utf-8"))
    ignored = exempt.get(gene, {}).get("ignoredAlleles", ())
    assert said == [row for row in expected if row[0] not in ignored]
    assert len(made.positions) == len(source["variants"])


def test_an_unknown_gene_is_refused_with_those_that_are_known():
    with pytest.raises(UsageError) as caught:
        definition("CYP9Z9")
    assert caught.value.allowed == TWENTY


def test_a_workspaces_own_definition_wins(tmp_path):
    (tmp_path / "alleles").mkdir()
    data = to_dict(definition("ABCG2")) | {"version": "ours", "source": "own"}
    (tmp_path / "alleles" / "ABCG2.json").write_text(json.dumps(data), encoding="utf-8")
    own = Base(tmp_path)
    assert definition("ABCG2", own).version == "ours"
    assert definition("ABCG2", own).alleles == definition("ABCG2").alleles
    assert definition("TPMT", own) == definition("TPMT", SHIPPED)
    assert definition("ABCG2").version != "ours"


def test_another_file_in_the_folder_is_no_gene(tmp_path):
    (tmp_path / "alleles").mkdir()
    (tmp_path / "alleles" / "notes.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "alleles" / "TPMT.json~").write_text("a copy of an editor", encoding="utf-8")
    assert list(genes(Base(tmp_path))) == TWENTY


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "{}", '{"gene": "ABCG2", "chromosome": "chr4", "source": "x", "version": "1", '
     '"positions": [[1, null]], "extra": [], "alleles": []}'],
    ids=["cut off", "a list", "nothing in it", "half a position"],
)  # fmt: skip
def test_a_broken_definition_is_refused_by_name(tmp_path, text):
    (tmp_path / "alleles").mkdir()
    (tmp_path / "alleles" / "ABCG2.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        definition("ABCG2", Base(tmp_path))
    assert "ABCG2" in caught.value.where
