"""Training tables: repeats merged, conflicts removed, everything counted."""

import numpy as np
import pytest

pytest.importorskip("rdkit", reason="needs the extra drugs (rdkit)")

from medicines.properties import samples
from nof1.core.errors import InputError, UsageError
from nof1.medicines.properties import table

FIRST = samples.compounds()[0]


def test_kinds_are_found_and_every_compound_comes_once(table_file):
    data = table.load(table_file, ["solubility", "polar"])
    assert [one.kind for one in data.labels] == ["regression", "classification"]
    assert len(set(data.keys)) == len(data.keys) == 180
    assert data.counts["compounds"] == 180


def test_repeats_conflicts_and_bad_rows_are_counted(tmp_path):
    value = samples.solubility(FIRST)
    path = samples.write(
        tmp_path / "a.csv",
        f"{FIRST}.Cl,{value},0",  # its salt, same labels
        f"{samples.compounds()[40]},9,0",  # far from its first value, other class
        "[Fe],1,1",
        "C1CC,1,1",
        "CCCCCCCCCC,x,",  # no readable label
        "CCCCCCCCC,inf,1",
        "CC,1",
    )
    data = table.load(path, ["solubility", "polar"])
    assert data.counts["rows"] == 187
    assert data.counts["set_aside"] == {
        "metal": 1,
        "cannot be parsed": 1,
        "another number of fields than the header": 1,
    }
    assert [one["row"] for one in data.set_aside] == [183, 184, 187]
    assert data.counts["repeated_rows"] == 2
    assert data.counts["conflicts"] == {"solubility": 1, "polar": 1}
    assert data.counts["unreadable_labels"] == {"solubility": 2, "polar": 0}
    assert data.counts["without_label"] == 2
    assert data.counts["compounds"] == 180  # one gone in conflict, one new with a class only
    place = data.keys.index("CCCCCCCCC")
    assert np.isnan(data.values[place, 0])
    assert data.values[place, 1] == 1


def test_values_that_nearly_agree_become_their_mean(tmp_path):
    value = samples.solubility(FIRST)
    path = samples.write(tmp_path / "a.csv", f"{FIRST},{value + 0.2},0")
    data = table.load(path, ["solubility"])
    assert data.values[data.keys.index("c1ccccc1"), 0] == pytest.approx(value + 0.1)
    assert data.counts["conflicts"] == {"solubility": 0}


def test_an_id_of_two_compounds_is_counted_and_both_stay(tmp_path):
    path = tmp_path / "a.csv"
    lines = [f"c{n},{one},{n}" for n, one in enumerate(samples.compounds())]
    lines += ["c3,CCCCCCCCCC,1", "c4,CCCCCCCCC,1", f"c5,{samples.compounds()[5]},5", ",CC,1"]
    path.write_text("\n".join(["ID,smiles,y", *lines, ",CCC,1"]))
    data = table.load(path, ["y"])
    assert data.counts["shared_ids"] == 2
    assert data.counts["compounds"] == 184
    assert table.load(path, ["y"], smiles="smiles").counts["repeated_rows"] == 1


def test_one_stray_value_does_not_make_numbers_of_classes(tmp_path):
    path = samples.write(tmp_path / "a.csv", "CCCCCCCCCC,1,2", "CCCCCCCCC,1,maybe")
    with pytest.raises(InputError, match="yes or no in 180 rows and something else in 2") as said:
        table.load(path, ["polar"])
    assert "--kind classification" in str(said.value.next_step)
    data = table.load(path, ["polar"], kind="classification")
    assert data.counts["unreadable_labels"] == {"polar": 2}
    assert data.counts["compounds"] == 180
    assert table.load(path, ["polar"], kind="regression").labels[0].kind == "regression"


def test_a_table_without_rows_says_so(tmp_path):
    (tmp_path / "a.csv").write_text("smiles,y\n")
    with pytest.raises(InputError, match="no rows"):
        table.load(tmp_path / "a.csv", ["y"])


@pytest.mark.parametrize(
    ("labels", "kind", "error"),
    [
        ([], None, UsageError),
        (["polar"] * 2, None, UsageError),
        (["none"], None, InputError),
        (["polar"], "ranking", UsageError),
    ],
)
def test_what_cannot_be_learned_is_refused(table_file, labels, kind, error):
    with pytest.raises(error):
        table.load(table_file, labels, kind=kind)


def test_too_few_compounds_or_of_a_class_are_refused(tmp_path):
    few = tmp_path / "few.csv"
    few.write_text("smiles,y\n" + "".join(f"{'C' * n},{n}\n" for n in range(1, 50)))
    with pytest.raises(InputError, match="Too few compounds"):
        table.load(few, ["y"])
    rare = tmp_path / "rare.csv"
    rare.write_text("smiles,y\n" + "".join(f"{'C' * n},{int(n < 9)}\n" for n in range(1, 90)))
    with pytest.raises(InputError, match="8 of them in the smaller class"):
        table.load(rare, ["y"])


def test_a_number_too_large_for_a_measurement_is_unreadable_and_counted(tmp_path):
    path = samples.write(tmp_path / "a.csv", "CCCCCCCCCC,1e308,1", "CCCCCCCCC,-1e308,1")
    data = table.load(path, ["solubility"])
    assert data.counts["unreadable_labels"] == {"solubility": 2}
    assert np.abs(data.values).max() < 100
