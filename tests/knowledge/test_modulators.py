"""Medicines that change an enzyme: the table is whole, and holds well-known facts."""

import re

import pytest

from nof1.core.errors import InputError
from nof1.knowledge.alleles import genes
from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.modulators import OTHER_NAMES, Modulator, modulators, of

HEADER = "\t".join(Modulator._fields)


def effect(drug, gene):
    return [(row.kind, row.strength) for row in of(drug) if row.gene == gene]


def test_every_row_is_complete_and_says_where_it_comes_from():
    for row in modulators():
        assert row.drug == row.drug.lower().strip() != ""
        assert row.gene in genes()
        assert re.fullmatch(r"\d*", row.rxnorm)
        assert row.source
        assert row.citation


def test_one_medicine_has_one_row_and_one_id_for_each_gene():
    assert len({(row.drug, row.gene) for row in modulators()}) == len(modulators())
    assert len({(row.drug, row.rxnorm) for row in modulators()}) == len(
        {row.drug for row in modulators()}
    )
    ids = {row.rxnorm: row.drug for row in modulators() if row.rxnorm}
    assert all(ids.get(row.rxnorm, row.drug) == row.drug for row in modulators())


def test_rows_are_sorted_so_that_the_answer_is_always_the_same():
    assert list(modulators()) == sorted(modulators())


# FDA, "Examples of drugs that interact with CYP enzymes and transporter systems", Table 1.
@pytest.mark.parametrize(
    ("drug", "gene", "kind", "strength"),
    [
        ("paroxetine", "CYP2D6", "inhibitor", "strong"),
        ("bupropion", "CYP2D6", "inhibitor", "strong"),
        ("duloxetine", "CYP2D6", "inhibitor", "moderate"),
        ("sertraline", "CYP2D6", "inhibitor", "weak"),
        ("fluconazole", "CYP2C19", "inhibitor", "strong"),
        ("fluconazole", "CYP2C9", "inhibitor", "moderate"),
        ("omeprazole", "CYP2C19", "inhibitor", "weak"),
        ("rifampin", "CYP2C19", "inducer", "strong"),
        ("efavirenz", "CYP2B6", "inducer", "moderate"),
        ("clarithromycin", "CYP3A4", "inhibitor", "strong"),
        ("clarithromycin", "CYP3A5", "inhibitor", "strong"),
        ("cyclosporine", "SLCO1B1", "inhibitor", ""),
        ("gemfibrozil", "SLCO1B1", "inhibitor", ""),
        ("brivudine", "DPYD", "inhibitor", "strong"),
    ],
)
def test_well_known_facts(drug, gene, kind, strength):
    assert effect(drug, gene) == [(kind, strength)]


def test_nothing_induces_cyp2d6():
    assert not [row for row in modulators() if row.gene == "CYP2D6" and row.kind == "inducer"]


def test_names_are_read_in_any_case_and_by_their_other_name():
    assert of("  Paroxetine ") == of("paroxetine") != ()
    assert of("Ciclosporin") == of("cyclosporine") != ()
    assert of("St John\u2019s  Wort") == of("st. john's wort") != ()
    assert {of(name) for name in OTHER_NAMES} == {of(name) for name in OTHER_NAMES.values()}


def test_a_medicine_that_is_not_listed_has_no_row():
    assert of("water") == of("") == ()


@pytest.mark.parametrize("word", ["blocker\tstrong", "inhibitor\thuge", "\t"])
def test_an_own_table_with_unknown_words_is_refused(tmp_path, word):
    line = f"aspirin\t1191\tCYP2D6\t{word}\tmine\tnone"
    (tmp_path / "modulators.tsv").write_text(f"{HEADER}\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError, match="do not know"):
        modulators(Base(tmp_path))


def test_an_own_table_replaces_the_shipped_one(tmp_path):
    line = "aspirin\t1191\tCYP2D6|CYP2C9\tinhibitor\tweak\tmine\tnone"
    (tmp_path / "modulators.tsv").write_text(f"{HEADER}\n{line}\n", encoding="utf-8")
    base = Base(tmp_path)
    assert [row.gene for row in of("aspirin", base)] == ["CYP2C9", "CYP2D6"]
    assert of("paroxetine", base) == ()
    assert of("aspirin", SHIPPED) == ()
