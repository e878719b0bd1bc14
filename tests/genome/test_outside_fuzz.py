"""Anything in a file: calls or a named refusal, never another error."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nof1.core.errors import InputError
from nof1.genome.outside import merge, read
from nof1.genome.results import Diplotype, GeneResult, Outcome

ALDY = "#Sample\tGene\tSolutionID\tMajor\tMinor\n"
COHORT = "#sample\tgene\tdiplotype\tphenotype\tactivity_score\n"
CYRIUS = "Sample\tGenotype\tFilter\n"
OURS = GeneResult("CYP2D6", Outcome.CALLED, (Diplotype("*1/*1", 1.0, "x", "x", None),))

TOKENS = [
    *("CYP2D6", "CYP2C19", "HLA-B", "MT-RNR1", "DPYD", "G6PD", "UGT1A1", "CYP4F2", "a", "1", "2.0"),
    *(
        "*1",
        "*2x2",
        "*1xN",
        "x",
        "≥3",
        "+",
        "/",
        "|",
        ";",
        "_",
        "[",
        "]",
        " ",
        "*57:01",
        "57:",
        "B*",
    ),
    *(
        "positive",
        "PM",
        "Normal Metabolizer",
        "None",
        "wt",
        "1555A>G",
        "*36+*10",
        "rs12",
        "\t",
        "\n",
    ),
    *("c.1905+1G>A (*2A)", "::", "*1_*2", "-", "n/a", "#", '"', "{", "}", "\ufeff", "\r", "(", ")"),
]
HEADERS = ["", COHORT, ALDY, CYRIUS, "#c\n", "CYP2D6\t", "HLA-B\t", "DPYD\t", '{"gene_details":']
TEXTS = st.builds(
    "".join, st.tuples(st.sampled_from(HEADERS), st.lists(st.sampled_from(TOKENS)).map("".join))
)
JSON = st.recursive(
    st.none() | st.integers() | st.text() | st.sampled_from(TOKENS),
    lambda each: (
        st.lists(each)
        | st.dictionaries(
            st.sampled_from(
                ["gene_details", "diplotypes", "hap1", "hap2", "Genotype", "Filter", *TOKENS]
            ),
            each,
        )
    ),
)


@settings(max_examples=400, deadline=None)
@given(content=st.binary() | st.text().map(str.encode) | TEXTS.map(str.encode), name=st.booleans())
@example(content=b"CYP2D6\t!", name=True)  # our own answer has no phenotype
def test_any_file_gives_calls_or_a_named_refusal(content, name):
    check(content, "p" if name else None)


@settings(max_examples=200, deadline=None)
@given(data=JSON)
def test_any_json_gives_calls_or_a_named_refusal(data):
    check(json.dumps(data).encode(), "p")
    check(json.dumps({"gene_details": data}).encode(), "p")
    check(json.dumps({"a": {"Genotype": data, "Filter": data}}).encode(), None)


def check(content, sample):
    with tempfile.NamedTemporaryFile(suffix=".txt") as file:
        file.write(content)
        file.flush()
        try:
            got = read(Path(file.name), sample)
        except InputError:
            return
    for person in {call.sample for call in got.calls}:
        for made in merge([OURS], got.of(person)):
            assert sum(d.prior for d in made.diplotypes) == pytest.approx(1) or not made.diplotypes
            known = [p.prior for p in made.phenotypes if p.prior is not None]
            assert made.gene.startswith("HLA") or not known or sum(known) == pytest.approx(1)
