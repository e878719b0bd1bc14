import numpy as np
import pytest

from nof1.core.errors import InputError
from nof1.medicines.response.joining import Sources, join
from response_samples import planted, written
from shared_data import needs


def sources(tmp_path, **more):
    paths = written(planted(lines=30), tmp_path)
    return Sources(unit="ln_uM", **paths, **more)


def test_a_screen_comes_back_from_its_files(tmp_path):
    joined = join(sources(tmp_path))
    wanted = planted(lines=30)
    np.testing.assert_array_equal(joined.screen.response, wanted.response)
    np.testing.assert_array_equal(joined.screen.omics, wanted.omics)
    assert joined.screen.tissues == wanted.tissues
    assert joined.counts["lines_without_omics"] == 0
    assert joined.notes == ()


def test_what_has_no_partner_is_counted_and_told(tmp_path):
    asked = sources(tmp_path)
    omics = asked.omics.read_text().splitlines()
    asked.omics.write_text("\n".join([omics[0], *omics[3:], omics[1].replace("line-0", "other")]))
    joined = join(asked)
    assert joined.counts["lines_without_omics"] == 2
    assert joined.counts["lines_without_response"] == 1
    assert "2 cell lines have a response but no omics: left out." in joined.notes


def test_omics_without_a_value_are_left_out_and_told(tmp_path):
    asked = sources(tmp_path)
    head, *rows = [row.split(",") for row in asked.omics.read_text().splitlines()]
    rows[4] = [rows[4][0], *[""] * (len(head) - 1)]
    for number, row in enumerate(rows):
        row[2] = ""  # of all lines
        row[3] = row[3] if number % 2 else "NA"
    asked.omics.write_text("\n".join(map(",".join, [head, *rows])))
    joined = join(asked)
    assert "1 rows of the omics hold no value: left out." in joined.notes
    assert "1 features have no value in any cell line: left out." in joined.notes
    assert joined.counts["lines_without_omics"] == 1
    assert joined.screen.features == (head[1], *head[3:])
    assert np.isfinite(joined.screen.omics).any(axis=0).all()


def test_omics_that_no_measurement_gives_are_refused(tmp_path):
    asked = sources(tmp_path)
    head, *rows = [row.split(",") for row in asked.omics.read_text().splitlines()]
    empty = [[row[0], *[""] * (len(head) - 1)] for row in rows]
    asked.omics.write_text("\n".join(map(",".join, [head, *empty])))
    with pytest.raises(InputError, match="holds no value"):
        join(asked)
    rows[0][1], rows[1][1] = "1e300", "-1e13"
    asked.omics.write_text("\n".join(map(",".join, [head, *rows])))
    with pytest.raises(InputError, match="2 values of the omics are too large") as caught:
        join(asked)
    assert f"data row 1, {head[1]}" in str(caught.value.where)


def test_responses_that_never_differ_are_refused(tmp_path):
    asked = sources(tmp_path)
    head, *rows = [row.split(",") for row in asked.response.read_text().splitlines()]
    same = [[row[0], *["1.5"] * (len(head) - 1)] for row in rows]
    asked.response.write_text("\n".join(map(",".join, [head, *same])))
    with pytest.raises(InputError, match="No drug has two different responses"):
        join(asked)


def test_a_name_of_two_drugs_has_the_id_beside_it(tmp_path):
    drugs = tmp_path / "drugs.csv"
    drugs.write_text("drug_id,Name\ndrug0,JQ1\ndrug1,Olaparib\ndrug2,jq1\n")
    joined = join(sources(tmp_path, drugs=drugs))
    assert joined.screen.titles[:4] == ("JQ1 (drug0)", "Olaparib", "jq1 (drug2)", "drug3")


def test_lines_without_a_tissue_are_told(tmp_path):
    asked = sources(tmp_path)
    rows = asked.annotations.read_text().replace("line-3,blood", "line-3,NA")
    asked.annotations.write_text(rows)
    joined = join(asked)
    assert joined.counts["lines_without_tissue"] == 1
    assert joined.screen.tissues[3] == ""


def test_drugs_find_structures_through_the_ids_of_their_substances(tmp_path):
    pytest.importorskip("rdkit")
    drugs, smiles = tmp_path / "drugs.csv", tmp_path / "smiles.tsv"
    drugs.write_text(
        "drug_id,Name,Target pathway,PubCHEM\n"
        "drug0,Aspirin,COX,2244\ndrug1,Aspirin again,COX,2244\ndrug2,Mix,COX,several\n"
    )
    smiles.write_text("2244\tCC(=O)Oc1ccccc1C(=O)O\n")
    joined = join(sources(tmp_path, drugs=drugs, compounds=smiles))
    assert joined.screen.titles[:3] == ("Aspirin", "Aspirin again", "Mix")
    assert joined.screen.compounds[0] == joined.screen.compounds[1]
    assert joined.counts["drug_ids_that_share_a_substance"] == 2
    assert joined.counts["drugs_without_structure"] == 10
    assert joined.counts["drugs_not_in_list"] == 9


def test_too_few_common_lines_are_refused(tmp_path):
    asked = sources(tmp_path)
    asked.omics.write_text("\n".join(asked.omics.read_text().splitlines()[:5]))
    with pytest.raises(InputError, match="Only 4 cell lines"):
        join(asked)


def test_a_sample_with_two_rows_is_refused(tmp_path):
    asked = sources(tmp_path)
    rows = asked.omics.read_text().splitlines()
    asked.omics.write_text("\n".join([*rows, rows[1]]))
    with pytest.raises(InputError, match="more than one row"):
        join(asked)


def test_the_public_screen_joins_with_its_books():
    folder = needs("cell-lines")
    joined = join(
        Sources(
            response=folder / "gdsc_ln_ic50.csv",
            omics=folder / "methylation_808_genes.csv",
            annotations=folder / "cell_line_annotations.tsv",
            drugs=next(folder.glob("gdsc_1.Drug_list*.csv")),
            unit="ln_uM",
        )
    )
    # The data's own README: 266 drugs x 780 cell lines, of which 452 have methylation.
    assert joined.counts["lines"] == 452
    assert joined.counts["drugs"] == 266
    assert joined.counts["lines_without_omics"] == 780 - 452
