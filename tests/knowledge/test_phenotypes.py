"""From two alleles to a phenotype: every row of the sources, and the rule where there is none."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof1.core.errors import InputError, UsageError
from nof1.knowledge.alleles import genes as defined
from nof1.knowledge.base import Base
from nof1.knowledge.phenotypes import (
    INDETERMINATE,
    NO_SCORE,
    UNKNOWN,
    from_dict,
    genes,
    number,
    phenotypes,
    to_dict,
)
from shared_data import needs

OLDER = ("CYP2D6", "G6PD", "RYR1")  # no table of theirs comes with the newer release
SAME = {"Telti/Kobe": "Telti, Kobe"}  # one variant of G6PD, written in two ways


def source(gene):
    """The phenotype file of a gene as it came."""
    folder = "phenotype-2023-08" if gene in OLDER else "phenotype"
    path = needs(f"genome/pharmcat/{folder}/{gene.replace('-', '_')}.json")
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_genes_with_a_table():
    assert set(genes()) == set(defined()) - {"CYP4F2"} | {"MT-RNR1"}


@pytest.mark.parametrize("gene", genes())
def test_every_row_of_the_source_gives_its_phenotype(gene):
    table, data = phenotypes(gene), source(gene)
    for row in data["diplotypes"]:
        names = [SAME.get(name, name) for name, n in row["diplotypekey"].items() for _ in range(n)]
        values = [table.value(name) for name in names]
        for order in (values, values[::-1]):
            result = table.result(*order)
            assert result[:2] == (row["generesult"], row["lookupkey"]), row["diplotype"]
            assert result.in_table
            if table.by == "activity":
                assert result.score == number(row["lookupkey"])
            else:
                assert result.score is None


def test_there_are_fifty_thousand_rows():
    # so that the test above is known to ask about all of them
    assert sum(len(source(gene)["diplotypes"]) for gene in genes()) == 50_934


@pytest.mark.parametrize("gene", genes())
def test_every_allele_of_the_source_has_its_function(gene):
    table, data = phenotypes(gene), source(gene)
    assert table.by == ("activity" if data["activityValues"] else "function")
    words = {a["name"]: a["functionValue"] for a in data.get("namedAlleles", ())}
    for name, function in data["haplotypes"].items():
        own = SAME.get(name, name)
        assert table.function(own) == words.get(name, function)
        expected = data["activityValues"].get(name) if data["activityValues"] else function
        assert table.value(own) == expected
    assert set(table.functions) == {SAME.get(name, name) for name in data["haplotypes"]}


def test_ifnl3_has_two_groups():
    # CPIC (PMID 24096968): CC favorable, CT and TT unfavorable; the source lists no rows
    table = phenotypes("IFNL3")
    good, bad = (table.value(f"rs12979860 {x}") for x in ("reference (C)", "variant (T)"))
    assert table.result(good, good).phenotype == "Favorable response genotype"
    assert table.result(good, bad).phenotype == "Unfavorable response genotype"
    assert table.result(bad, bad).phenotype == "Unfavorable response genotype"


def test_one_copy():
    table = phenotypes("G6PD")
    assert table.result(table.value("B (reference)")).phenotype == "Normal"
    assert table.result(table.value("A- 202A_376G")).phenotype == "Deficient"
    assert phenotypes("MT-RNR1").result(
        phenotypes("MT-RNR1").value("m.1555A>G")
    ).phenotype == "increased risk of aminoglycoside-induced hearing loss"  # fmt: skip


@pytest.mark.parametrize("gene", [g for g in genes() if phenotypes(g).by == "activity"])
def test_two_activity_values_that_no_row_has_are_added(gene):
    """Over all pairs of values: the sum is the score, and a row with this score has its words."""
    table = phenotypes(gene)
    known = sorted({v for v in table.values.values() if number(v) is not None})
    listed = {number(lookup): words for words, lookup in table.results.values()}
    for one in known:
        for two in known:
            result = table.result(one, two)
            total = number(one) + number(two)
            assert result.score == pytest.approx(min(total, 6.0) if "≥" in one + two else total)
            if total in listed:
                assert result.phenotype == listed[total]


def test_what_is_not_known_is_indeterminate_and_never_guessed():
    for gene in genes():
        table = phenotypes(gene)
        assert table.function("*9999") == UNKNOWN
        missing = NO_SCORE if table.by == "activity" else UNKNOWN
        assert table.value("*9999") == missing
        result = table.result("no such function", "no such function")
        assert result.phenotype == INDETERMINATE
        assert result.score is None
        assert not result.in_table


def test_an_allele_without_a_value_makes_cyp2c9_indeterminate():
    table = phenotypes("CYP2C9")
    assert table.value("*88") == NO_SCORE
    assert table.activity("*88") is None
    assert table.activity("*2") == 0.5
    assert table.result("1.0", NO_SCORE)[:3] == (INDETERMINATE, NO_SCORE, None)


def test_a_gene_without_scores_has_no_activity():
    assert phenotypes("CYP2C19").activity("*2") is None


@given(st.text(max_size=6))
def test_a_number_or_none(text):
    found = number(text)
    assert found is None or isinstance(found, float)


def test_numbers():
    assert number("≥3.0") == 3.0
    assert number("0.25") == 0.25
    assert number("n/a") is None
    assert number("") is None


@pytest.mark.parametrize("gene", genes())
def test_the_compact_form_holds_everything(gene):
    made = phenotypes(gene)
    assert from_dict(json.loads(json.dumps(to_dict(made)))) == made


def test_an_unknown_gene_is_refused():
    with pytest.raises(UsageError) as caught:
        phenotypes("CYP4F2")
    assert "CYP2C19" in caught.value.allowed


def test_a_workspaces_own_table_wins(tmp_path):
    (tmp_path / "phenotypes").mkdir()
    data = to_dict(phenotypes("ABCG2"))
    data["results"] = [[pair, "Ours", "Ours"] for pair, _, _ in data["results"]]
    (tmp_path / "phenotypes" / "ABCG2.json").write_text(json.dumps(data), encoding="utf-8")
    normal = "Normal function"
    assert phenotypes("ABCG2", Base(tmp_path)).result(normal, normal).phenotype == "Ours"
    assert phenotypes("ABCG2").result(normal, normal).phenotype == "Normal Function"


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "{}", '{"gene": "ABCG2", "source": "x", "version": "1", "by": "function", '
     '"alleles": [["a"]], "results": []}'],
    ids=["cut off", "a list", "nothing in it", "half an allele"],
)  # fmt: skip
def test_a_broken_table_is_refused_by_name(tmp_path, text):
    (tmp_path / "phenotypes").mkdir()
    (tmp_path / "phenotypes" / "ABCG2.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        phenotypes("ABCG2", Base(tmp_path))
    assert "ABCG2" in caught.value.where
