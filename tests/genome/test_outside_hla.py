"""HLA: names, and what a type says about the alleles that guidelines ask about."""

import json

import pytest

from nof1.genome.outside_calls import OutsideCall, Refused
from nof1.genome.outside_hla import HLA_ASKED, carries, hla_allele, hla_result, hla_statuses
from nof1.genome.outside_names import diplotypes
from shared_data import needs

NAMES = [
    ("*57:01", "*57:01"),
    ("57:01", "*57:01"),
    ("B*57:01", "*57:01"),
    ("HLA-B*57:01:01:01", "*57:01:01:01"),
    ("HLA-B5701", "*57:01"),
    ("*5701", "*57:01"),
    ("B*57:01:01G", "*57:01:01G"),
    ("*15:137", "*15:137"),
    ("*57", "*57"),
    ("B*57:XX", "*57:XX"),
]


@pytest.mark.parametrize(("text", "expected"), NAMES)
def test_names(text, expected):
    assert hla_allele("HLA-B", text) == expected


@pytest.mark.parametrize("text", ["A*31:01", "5", "57:", "57:01:01:01:01", "*570", "x", "", "*1/"])
def test_what_is_no_allele_of_this_gene_is_refused(text):
    with pytest.raises(Refused):
        hla_allele("HLA-B", text)


@pytest.mark.parametrize(
    ("diplotype", "expected"),
    [
        ("*57:01/*07:02", True),
        ("*07:02:01/*57:01:01:01", True),
        ("*57:01/*57", True),
        ("*57:01", True),
        ("*57:01:01G/*07:02", True),
        ("*57:01N/*07:02", True),
        ("*57:02/*07:02", False),
        ("*57:10/*07:02", False),
        ("*157:01/*07:02", False),
        ("*57/*07:02", None),
        ("*07/*08", None),  # two fields of both are asked for, even where one would do
        ("*57:XX/*07:02", None),
        ("*57:AB/*07:02", None),
        ("*07:02", None),
    ],
)
def test_carriers(diplotype, expected):
    assert carries(diplotype, "*57:01") is expected


def of(gene, *names, status="", row=1):
    return OutsideCall("p", gene, names, status=status, program="x", file="f", row=row)


def statuses(*calls):
    return {one.phenotype: one.prior for one in hla_result(*calls).phenotypes}


def test_one_status_for_each_allele_that_guidelines_ask_about():
    assert statuses(of("HLA-B", "*07:02/*57:01")) == {
        "*15:02 negative": 1,
        "*57:01 positive": 1,
        "*58:01 negative": 1,
    }
    assert statuses(of("HLA-A", "*01:01:01:01/*26:01:01:01")) == {"*31:01 negative": 1}


def test_what_is_open_has_both_statuses_and_says_so():
    call = of("HLA-B", *diplotypes("HLA-B", "*57:01/-"))
    assert statuses(call) == {
        "*15:02 positive": None,
        "*15:02 negative": None,
        "*57:01 positive": 1,
        "*58:01 positive": None,
        "*58:01 negative": None,
    }
    assert hla_result(call).warnings == ("The calls leave open whether *15:02, *58:01 is carried.",)


def test_solutions_share_the_prior():
    found = statuses(of("HLA-B", "*07:02/*57:01", "*07:02/*57:02"))
    assert found["*57:01 positive"] == found["*57:01 negative"] == 0.5


@pytest.mark.parametrize(
    ("typed_as", "status"),
    [("*07:02/*57:02", "*57:01 positive"), ("*07:02/*57:01", "*57:01 negative")],
)
def test_where_status_and_type_contradict_both_stay_possible(typed_as, status):
    """A laboratory's "negative" beside a type with *57:01 must not clear abacavir."""
    call = of("HLA-B", typed_as, status=status)
    found = statuses(call)
    assert (found["*57:01 positive"], found["*57:01 negative"]) == (0.5, 0.5)
    assert hla_result(call).warnings == (
        "A type contradicts the status of *57:01; both stay possible.",
    )


def test_rows_of_one_gene_complete_each_other():
    two = [of("HLA-B", status="*57:01 negative"), of("HLA-B", status="*15:02 positive", row=2)]
    found = statuses(*two, of("HLA-B", status="*58:01 negative", row=3))
    assert found == {"*15:02 positive": 1, "*57:01 negative": 1, "*58:01 negative": 1}
    against = statuses(two[0], of("HLA-B", status="*57:01 positive", row=2))
    assert against["*57:01 positive"] == against["*57:01 negative"] == 0.5


def test_groups_and_null_alleles_are_explained():
    first, second = hla_result(of("HLA-A", "*31:01:02G/*02:01N")).warnings
    assert "group" in first
    assert "not expressed" in second


@pytest.mark.parametrize(
    "text", ["*57:01 positive", "HLA-B*57:01 POS", "57:01 present", "B*5701 Positive"]
)
def test_statuses(text):
    assert hla_statuses("HLA-B", text) == ["*57:01 positive"]


def test_several_statuses_in_one_cell():
    found = hla_statuses("HLA-B", "*57:01 negative, *15:02 positive")
    assert found == ["*57:01 negative", "*15:02 positive"]


def test_the_words_are_those_that_cpic_looks_up():
    folder = needs("genome/pharmcat/guidelines-2023-08/cpic")
    words: dict[str, set[str]] = {gene: set() for gene in HLA_ASKED}
    for name in ("abacavir", "allopurinol", "carbamazepine", "oxcarbazepine", "phenytoin"):
        keep(json.loads((folder / f"{name}.json").read_text()), words)
    ours = {
        g: {f"{a} {w}" for a in asked for w in ("positive", "negative")}
        for g, asked in HLA_ASKED.items()
    }
    assert {gene: found - {"No Result"} for gene, found in words.items()} == ours


def keep(data, words):
    """Collect what lookup keys say about HLA."""
    for name, value in data.items() if isinstance(data, dict) else enumerate(data):
        if isinstance(name, str) and name.casefold() == "lookupkey" and isinstance(value, dict):
            for gene in set(value) & set(words):
                words[gene].add(value[gene])
        elif isinstance(value, dict | list):
            keep(value, words)
