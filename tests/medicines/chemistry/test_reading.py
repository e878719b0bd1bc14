"""Compound files: each format, batches, and rows that do not fit."""

import gzip

import pytest

pytest.importorskip("rdkit", reason="needs the extra drugs (rdkit)")

from rdkit import Chem

from nof1.core.errors import InputError, UsageError
from nof1.medicines.chemistry import reading


def write(folder, name, text):
    path = folder / name
    data = text if isinstance(text, bytes) else text.encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.tsv"])
def test_tables(tmp_path, name):
    text = "id,SMILES,y\n1,CCO,2\n2,CC\n\n3,,4\n"
    path = write(tmp_path, name, text.replace(",", "\t") if "tsv" in name else text)
    batch = reading.read(path)
    assert batch.rows == [1, 2, 3, 4]
    assert batch.smiles == ["CCO", None, None, ""]
    assert batch.problems == [None, reading.RAGGED, "empty line", None]
    assert batch.columns == {"id": ["1", None, None, "3"], "y": ["2", None, None, "4"]}


def test_smiles_lines_have_names(tmp_path):
    batch = reading.read(write(tmp_path, "a.smi.gz", "CCO ethanol\n\nCC\n"))
    assert batch.smiles == ["CCO", None, "CC"]
    assert batch.columns == {"name": ["ethanol", None, None]}


def test_sd_records_with_a_broken_one(tmp_path):
    block = Chem.MolToMolBlock(Chem.MolFromSmiles("CCN")).replace("\n", "amine\n", 1)
    text = f"{block}> <y>\n7\n\n$$$$\nnonsense\n$$$$\n{block}$$$$\n"
    batch = reading.read(write(tmp_path, "a.sdf", text))
    assert batch.smiles == ["CCN", None, "CCN"]
    assert batch.problems == [None, reading.BAD_RECORD, None]
    assert batch.columns == {"name": ["amine", "nonsense", "amine"], "y": ["7", None, None]}


def test_a_huge_record_is_set_aside_not_held(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "LONGEST_RECORD", 1000)
    batch = reading.read(write(tmp_path, "a.sdf", "x" * 100 + "\n" + "y\n" * 900 + "$$$$\n"))
    assert batch.problems == [reading.LONG_RECORD]


def test_batches_go_on_where_the_last_one_ended(tmp_path):
    path = write(tmp_path, "a.smi", "C\n" * 25)
    assert [batch.rows[0] for batch in reading.batches(path, size=10)] == [1, 11, 21]


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("a.csv", "id,y\n1,2\n", InputError),
        ("a.csv", "", InputError),
        ("a.csv", "smiles,y,y\nC,1,2\n", InputError),
        ("a.csv", b"smiles\n\xff\xfe\n", InputError),
        ("a.csv", 'smiles\n"' + "C" * 200_000 + '"\n', InputError),
        ("a.xlsx", "", UsageError),
        ("a.csv.gz", b"", InputError),
    ],
)
def test_a_file_that_is_none_is_refused_by_name(tmp_path, name, text, error):
    with pytest.raises(error) as caught:
        reading.read(write(tmp_path, name, text))
    assert name in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_a_column_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such column"):
        reading.read(write(tmp_path, "a.csv", "smiles\nC\n"), smiles="structure")
    with pytest.raises(InputError):
        reading.read(tmp_path / "missing.csv")
