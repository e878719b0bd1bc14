"""What a newer release changes: every kind of change is seen, the most dangerous first."""

import shutil

import pytest

from nof1.knowledge import prescribing
from nof1.knowledge.base import DATA, SHIPPED, Base
from nof1.knowledge.diff import KINDS, Change, counts, diff
from nof1.knowledge.prescribing import to_row
from nof1.knowledge.release import write_table
from release_samples import RULE, edit

GENE = RULE._replace(when=(("CYP2C19", ("Intermediate Metabolizer", "Poor Metabolizer")),))


def own(tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(DATA / name, path)
    return path


def rules(folder, *rules):
    folder.mkdir(exist_ok=True)
    write_table(folder / prescribing.FILE, [to_row(rule) for rule in rules])
    return Base(folder)


def between(tmp_path, before, after):
    return diff(rules(tmp_path / "old", *before), rules(tmp_path / "new", *after))


def test_the_same_facts_do_not_differ(tmp_path):
    assert diff(SHIPPED, SHIPPED) == ()
    own(tmp_path, "alleles/CYP2C19.json")
    assert diff(SHIPPED, Base(tmp_path)) == ()


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        (
            "phenotypes/CYP2C19.json",
            '["*2","No function",null]',
            '["*2","Normal function",null]',
            Change("function changed", "CYP2C19 *2", "No function -> Normal function"),
        ),
        (
            "phenotypes/CYP2C9.json",
            '["*2","Decreased function","0.5"]',
            '["*2","Decreased function","1.0"]',
            Change(
                "function changed",
                "CYP2C9 *2",
                "Decreased function (0.5) -> Decreased function (1.0)",
            ),
        ),
        (
            "phenotypes/CYP2C19.json",
            '[["No function","No function"],"Poor Metabolizer","Poor Metabolizer"]',
            '[["No function","No function"],"Normal Metabolizer","Normal Metabolizer"]',
            Change(
                "phenotype changed",
                "CYP2C19",
                "No function + No function: Poor Metabolizer -> Normal Metabolizer",
            ),
        ),
        (
            "phenotypes/CYP2C19.json",
            '["*2","No function",null],',
            "",
            Change("function removed", "CYP2C19 *2", "was: No function; now not known"),
        ),
        (
            "phenotypes/CYP2C19.json",
            '["*2","No function",null],',
            '["*2","No function",null],["*99","No function",null],',
            Change("function added", "CYP2C19 *99", "No function"),
        ),
        (
            "alleles/NUDT15.json",
            '["*3",',
            '["*33",',
            Change("allele renamed", "NUDT15 *3", "now called *33"),
        ),
        (
            "alleles/CYP2C19.json",
            '[94762706,"rs28399504",["A","G"]',
            '[94762706,"rs28399504",["A","C"]',
            Change("position removed", "CYP2C19", "rs28399504 (chr10:94762706), A>G"),
        ),
        (
            "alleles/CYP2C19.json",
            '[94762706,"rs28399504",["A","G"]',
            '[94762706,"rs28399504",["A","C"]',
            Change("position added", "CYP2C19", "rs28399504 (chr10:94762706), A>C"),
        ),
        (
            "sources.tsv",
            "2027-05-05",
            "2028-05-05",
            Change("source", "pharmcat-2025-11", "valid_until 2027-05-05 -> 2028-05-05"),
        ),
        (
            "drugs.tsv",
            "abacavir\t190521",
            "abacavir\t190522",
            Change("table", "drugs.tsv", "1 rows are new, 1 are gone"),
        ),
    ],
)
def test_one_change_of_a_file(tmp_path, file, old, new, expected):
    edit(own(tmp_path, file), old, new)
    assert expected in diff(SHIPPED, Base(tmp_path))


def test_an_allele_that_asks_for_other_bases_is_changed(tmp_path):
    edit(own(tmp_path, "alleles/CYP3A5.json"), '["*6",{"', '["*6",{"0":[1],"')
    found = diff(SHIPPED, Base(tmp_path))
    assert [(one.kind, one.where) for one in found] == [("allele changed", "CYP3A5 *6")]
    assert " -> " in found[0].what


def test_an_allele_that_goes_and_one_that_comes(tmp_path):
    edit(own(tmp_path, "alleles/CYP3A5.json"), '["*6",{"', '["*66",{"0":[1],"')
    kinds = {(one.kind, one.where) for one in diff(SHIPPED, Base(tmp_path))}
    assert kinds == {("allele removed", "CYP3A5 *6"), ("allele added", "CYP3A5 *66")}


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("avoid", "alternative", "less cautious"),
        ("avoid", "standard", "less cautious"),
        ("reduce", "monitor", "less cautious"),
        ("increase", "monitor", "less cautious"),
        ("standard", "monitor", "more cautious"),
        ("monitor", "avoid", "more cautious"),
        ("reduce", "increase", "other action"),
        ("increase", "reduce", "other action"),
        ("standard", "no_advice", "other action"),
        ("avoid", "unread", "other action"),
        ("unread", "standard", "other action"),
    ],
)
def test_the_direction_of_a_new_action(tmp_path, before, after, kind):
    old, new = (GENE._replace(action=action) for action in (before, after))
    (found,) = between(tmp_path, [old], [new])
    words = f"{before.replace('_', ' ')} -> {after.replace('_', ' ')}"
    assert found == Change(
        kind,
        "samplol (cpic)",
        f"CYP2C19 Intermediate Metabolizer | Poor Metabolizer: {words}",
    )


def test_rules_are_compared_result_by_result(tmp_path):
    parts = [
        GENE._replace(when=(("CYP2C19", (result,)),), source="cpic-2026-05")
        for result in GENE.when[0][1]
    ]
    assert between(tmp_path, [GENE], parts) == ()
    worse = [parts[0], parts[1]._replace(action="avoid")]
    (found,) = diff(Base(tmp_path / "old"), rules(tmp_path / "worse", *worse))
    assert (found.kind, found.what) == (
        "more cautious",
        "CYP2C19 Poor Metabolizer: reduce -> avoid",
    )


def test_rules_that_come_and_go_and_details(tmp_path):
    child = GENE._replace(population="children")
    less = GENE._replace(dose_high_pct=-75.0, text="Give a quarter of the dose.")
    long = less._replace(monitor="the level of the medicine in the blood, weekly")
    found = between(tmp_path, [GENE, child], [long, child._replace(drug="aspirin")])
    assert [(one.kind, one.where) for one in found] == [
        ("rule removed", "samplol, children (cpic)"),
        ("rule added", "aspirin, children (cpic)"),
        ("details changed", "samplol (cpic)"),
    ]
    assert found[2].what.endswith(
        "reduce; dose high pct '-50.0' -> '-75.0'; other words in: monitor;"
        " text 'Give half the dose.' -> 'Give a quarter of the dose.'"
    )


def test_another_source_is_another_rule(tmp_path):
    dutch = GENE._replace(source="dpwg-2023-08")
    found = between(tmp_path, [GENE], [dutch])
    assert [one.where for one in found] == ["samplol (cpic)", "samplol (dpwg)"]


def test_the_most_dangerous_comes_first(tmp_path):
    path = own(tmp_path, "phenotypes/CYP2C19.json")
    edit(path, '["*2","No function",null]', '["*2","Normal function",null]')
    edit(own(tmp_path, "sources.tsv"), "2027-05-05", "2028-05-05")
    edit(own(tmp_path, "alleles/NUDT15.json"), '["*3",', '["*33",')
    edit(own(tmp_path, "prescribing.tsv"), "\tavoid\tmust\t", "\tmonitor\tmust\t")
    found = diff(SHIPPED, Base(tmp_path))
    order = [KINDS.index(change.kind) for change in found]
    assert order == sorted(order)
    assert (found[0].kind, found[1].kind) == ("function changed", "less cautious")
    assert found[-1].kind == "source"
    assert list(counts(found)) == sorted(counts(found), key=KINDS.index)
    assert sum(counts(found).values()) == len(found)
