"""Definitions that cannot be right are refused with all that is wrong in them."""

import pytest

import release_samples as samples
from nof1.core.errors import InputError
from nof1.knowledge import alleles, pharmcat
from nof1.knowledge.sound import GENE, sound

GENES = alleles.genes()


def judged(tmp_path, data):
    return sound(pharmcat.definition(data, {}, "x"), data, tmp_path / "X_translation.json")


@pytest.mark.parametrize("gene", GENES)
def test_the_shipped_definitions_are_sound(tmp_path, gene):
    data = samples.definition(alleles.definition(gene))
    assert judged(tmp_path, data).names == alleles.definition(gene).names


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"gene": "../CYP3A5"}, "its gene or chromosome"),
        ({"gene": "CYP3A5\n"}, "its gene or chromosome"),
        ({"gene": ""}, "its gene or chromosome"),
        ({"chromosome": "7"}, "its gene or chromosome"),
        ({"position": 0}, "a position"),
        ({"ref": "<DEL>"}, "a base"),
        ({"name": ""}, "an allele's name"),
        ({"name": "a\tb"}, "an allele's name"),
        ({"gap": None}, "the reference row, which has gaps"),
        ({"letter": "M"}, "a letter that stands for none of the bases"),
        ({"cell": "A"}, "the length of a row"),
    ],
)
def test_each_fault_is_told(tmp_path, change, told):
    data = samples.definition(alleles.definition("CYP3A5"))
    ((field, value),) = change.items()
    variant, rows = data["variants"][0], data["namedAlleles"]
    if field in ("gene", "chromosome"):
        data[field] = value
    elif field == "position":
        variant[field] = value
    elif field == "ref":
        rows[0]["alleles"][0] = variant["ref"] = value
    elif field == "name":
        rows[1]["name"] = value
    elif field == "gap":
        rows[0]["alleles"][0] = None
    elif field == "letter":
        variant["ref"], variant["alts"] = "G", ["T"]
        rows[0]["alleles"][0] = "G"
        for row in rows[1:]:
            row["alleles"][0] = value
    else:
        rows[1]["alleles"].append(value)
    with pytest.raises(InputError) as stop:
        judged(tmp_path, data)
    assert stop.value.message == f"This definition cannot be right: {told}."
    assert stop.value.where == "X_translation.json"


def test_names_of_genes():
    assert all(GENE.fullmatch(gene) for gene in (*GENES, "MT-RNR1", "HLA-B", "F5"))
    assert not any(GENE.fullmatch(text) for text in ("", "a", "A/B", "..", "A-", "con", "A" * 99))
