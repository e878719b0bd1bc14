"""Molecules out of every kind of file, with the row that each stood in."""

import gzip

import pytest
from rdkit import Chem

from nof1.core.errors import InputError, UsageError
from nof1.medicines.library.preparing import Prepare
from nof1.medicines.library.reading import Columns, Molecule, chunks, clean_id, kind_of, molecules


def read(tmp_path, name, text, **columns):
    path = tmp_path / name
    data = text.encode() if isinstance(text, str) else text
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return [(one.row, one.id, one.text) for one in molecules(path, Columns(**columns))]


@pytest.mark.parametrize("name", ["a.smi", "a.smiles.gz", "A.TXT"])
def test_smiles_with_and_without_names(tmp_path, name):
    text = "SMILES name\nCCO ethanol\n\nCC\tethane  of  mine\nC\n"
    assert read(tmp_path, name, text) == [
        (2, "ethanol", "CCO"),
        (4, "ethane of mine", "CC"),
        (5, "", "C"),
    ]


@pytest.mark.parametrize(("name", "gap"), [("a.csv", ","), ("a.tsv.gz", "\t")])
def test_tables_find_their_columns(tmp_path, name, gap):
    rows = [["Compound_ID", "x", "Canonical_SMILES"], ["c1", "1", "CCO"], ["c2", "2", " CC "]]
    text = "\r\n".join(gap.join(row) for row in rows)
    assert read(tmp_path, name, "\ufeff" + text) == [(2, "c1", "CCO"), (3, "c2", "CC")]


def test_columns_by_name_and_by_number(tmp_path):
    assert read(tmp_path, "a.csv", "n,mol\n7,CC\n", smiles="MOL", id="n") == [(2, "7", "CC")]
    assert read(tmp_path, "b.tsv", "7\tCC\n", smiles="2", id="1") == [(1, "7", "CC")]
    assert read(tmp_path, "c.tsv", "7\tCC\n", smiles="2") == [(1, "", "CC")]


def test_the_label_column_comes_along(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("smiles,active\nCC,1\nCCO,\nC\n", encoding="utf-8")
    found = list(molecules(path, Columns(label="active")))
    assert found == [Molecule(2, "", "CC", label="1"), Molecule(3, "", "CCO"), Molecule(4, "", "C")]


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        ("a,b\n1,CC\n", {}, "No column is called like one with SMILES"),
        ("smiles\nCC\n", {"id": "nope"}, "no column 'nope' for the id"),
        ("smiles\nCC\n", {"smiles": "mol"}, "no column 'mol' for the SMILES"),
        ("", {}, "No column is called"),
    ],
)
def test_a_table_without_the_column_is_refused(tmp_path, text, columns, message):
    with pytest.raises(InputError, match=message):
        read(tmp_path, "a.csv", text, **columns)


@pytest.mark.parametrize("columns", [{"smiles": "0"}, {"smiles": "1", "id": "name"}])
def test_numbers_and_names_do_not_mix(tmp_path, columns):
    with pytest.raises(UsageError, match="told by number"):
        read(tmp_path, "a.csv", "CC,1\n", **columns)


def test_a_row_that_is_no_row_is_named(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("smiles\nCC\n" + "C" * 200_000 + "\nCCO\n", encoding="utf-8")
    found = list(molecules(path))
    assert [one.problem for one in found] == [None, "the row is not readable as a table", None]
    assert [one.row for one in found] == [2, 3, 4]


def test_records_of_an_sdf(tmp_path):
    blocks = []
    for name, smiles in (("one", "CCO"), ("two", "c1ccccc1")):
        molecule = Chem.MolFromSmiles(smiles)
        molecule.SetProp("_Name", name)
        blocks.append(Chem.MolToMolBlock(molecule) + "> <x>\nM  END\n\n$$$$\n")
    path = tmp_path / "a.sdf"
    path.write_text(blocks[0] + "broken\n\n\nnothing\nM  END\n$$$$\n" + blocks[1], encoding="utf-8")
    [chunk] = chunks([path], 10)
    assert [(one.row, one.id) for one in chunk.molecules] == [(1, "one"), (2, "broken"), (3, "two")]
    part = Prepare(("a.sdf",))(chunk)
    assert part.texts == ("one\tCCO", "two\tc1ccccc1")
    assert [(one.row, one.reason) for one in part.set_aside] == [(2, "cannot be parsed")]


def test_an_sdf_record_without_end_is_not_held(tmp_path, monkeypatch):
    monkeypatch.setattr("nof1.medicines.library.reading.LONGEST_RECORD", 50)
    path = tmp_path / "a.sdf"
    path.write_text("bomb\n" + "x\n" * 500 + "$$$$\n", encoding="utf-8")
    [one] = molecules(path)
    assert one.problem is not None
    assert "more than 50 lines" in one.problem


def test_chunks_keep_to_their_file_and_size(tmp_path):
    for name, count in (("a.smi", 5), ("b.smi", 2)):
        (tmp_path / name).write_text("C\n" * count, encoding="utf-8")
    found = list(chunks([tmp_path / "a.smi", tmp_path / "b.smi"], 3))
    assert [(one.number, one.file, len(one.molecules)) for one in found] == [
        (0, 0, 3),
        (1, 0, 2),
        (2, 1, 2),
    ]


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(UsageError, match="ending does not say"):
        kind_of(tmp_path / "a.mol2")


def test_bytes_that_are_no_text_do_not_stop_the_reading(tmp_path):
    found = read(tmp_path, "a.smi", b"CC\xff one\nCCO two\n")
    assert [row for row, _, _ in found] == [1, 2]


def test_ids_stay_on_one_line():
    assert clean_id("a\tb\u2028c\x00 d") == "a b c d"
    assert len(clean_id("x" * 500)) == 120
