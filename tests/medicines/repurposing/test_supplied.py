"""Tables of users: columns, names in any case, and everything that cannot be used is counted."""

import pytest

from nof1.core.errors import InputError
from nof1.medicines.repurposing.supplied import EMPTY, TWICE, UNKNOWN, read_structures, read_targets

KNOWN = ("aspirin", "metformin", "erlotinib")


def test_targets_are_joined_and_the_rest_is_counted(tmp_path):
    path = tmp_path / "targets.tsv"
    path.write_text(
        "Drug\tTargets\nErlotinib\tEGFR; HER2\nerlotinib\tegfr\nMystery\tX\nAspirin\t\n"
    )
    done = read_targets(path, KNOWN)
    assert done.targets == {"erlotinib": {"EGFR", "HER2"}}
    assert done.set_aside == {UNKNOWN: 1, EMPTY: 1}


def test_structures_are_standardised_and_bad_ones_are_named(tmp_path):
    pytest.importorskip("rdkit")
    path = tmp_path / "structures.csv"
    path.write_text(
        "name,smiles\nAcetylsalicylic acid,CC(=O)Oc1ccccc1C(=O)[O-].[Na+]\n"
        "metformin,CN(C\nmetformin,CN(C)C(=N)NC(=N)N\naspirin,CCO\nx\n"
    )
    done = read_structures(path, KNOWN)
    assert done.smiles["aspirin"] == "CC(=O)Oc1ccccc1C(=O)O"
    assert set(done.smiles) == {"aspirin", "metformin"}
    assert done.set_aside == {"structure: cannot be parsed": 1, TWICE: 1, EMPTY: 1}


@pytest.mark.parametrize("content", [b"name,formula\naspirin,C9H8O4\n", b"", b"\xff\xfe\x00", None])
def test_what_is_no_such_table_is_refused(tmp_path, content):
    path = tmp_path / "bad.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError):
        read_targets(path, KNOWN)
