"""Phenoconversion: the published rule, and what must hold whatever the medicines are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof1.genome.phenoconversion import (
    CLASSES,
    CONVERTED,
    DIRECTION,
    INDETERMINATE,
    POOR,
    UNCHANGED,
    UNPREDICTABLE,
    convert,
    phenotype_of_score,
)
from nof1.knowledge.modulators import modulators
from nof1.knowledge.phenotypes import number, phenotypes

IM, NM = "Intermediate Metabolizer", "Normal Metabolizer"
RM, UM = "Rapid Metabolizer", "Ultrarapid Metabolizer"
DRUGS = sorted({row.drug for row in modulators()})
SCORED = ("CYP2D6", "CYP2C9", "DPYD")
SCORES = {"CYP2D6": st.integers(0, 12).map(lambda quarter: quarter / 4)}
UNSURE = (INDETERMINATE, "Unknown", "")


def rank(gene, phenotype):
    plain = phenotype.removeprefix("Likely ").removeprefix("Possible ")
    return CLASSES[gene].index(plain)


@st.composite
def genotypes(draw):
    """A gene that is converted, its phenotype and its score, which fit each other."""
    gene = draw(st.sampled_from(sorted(CLASSES)))
    if gene in SCORED and draw(st.booleans()):
        halves = st.integers(0, 4).map(lambda half: half / 2)
        score = draw(SCORES.get(gene, halves))
        return gene, phenotype_of_score(gene, score), score
    prefix = draw(st.sampled_from(["", "Likely ", "Possible "]))
    return gene, prefix + draw(st.sampled_from(CLASSES[gene])), None


MEDICINES = st.lists(st.sampled_from([*DRUGS, "water"]), max_size=6)


# CYP2D6: activity score times 0 and times 0.5 (Borges 2010; Cicali 2021), classes of Caudle 2020.
@pytest.mark.parametrize(
    ("score", "medicine", "effective", "new"),
    [
        (2.0, "paroxetine", POOR, 0),
        (3.0, "bupropion", POOR, 0),
        (2.0, "duloxetine", IM, 1.0),
        (2.5, "duloxetine", NM, 1.25),
        (4.0, "duloxetine", NM, 2.0),
        (5.0, "duloxetine", UM, 2.5),
        (1.0, "mirabegron", IM, 0.5),
        (0.25, "mirabegron", IM, 0.125),
        (0.0, "mirabegron", POOR, 0),
    ],
)
def test_the_cyp2d6_rule(score, medicine, effective, new):
    found = convert("CYP2D6", phenotype_of_score("CYP2D6", score), score, [medicine])
    assert (found.effective, found.effective_score) == (effective, new)
    assert found.status == (UNCHANGED if new == score else CONVERTED)
    assert found.direction == -1
    assert [row.drug for row in found.because] == [medicine]
    assert "PMID 20081063" in found.citations[0]


@pytest.mark.parametrize(
    ("gene", "phenotype", "score", "medicine", "effective"),
    [
        ("CYP2C19", NM, None, "fluconazole", POOR),
        ("CYP2C19", UM, None, "fluvoxamine", POOR),
        ("CYP2C19", NM, None, "voriconazole", IM),
        ("CYP2C19", RM, None, "voriconazole", NM),
        ("CYP2C19", "Likely " + IM, None, "voriconazole", "Likely " + POOR),
        ("CYP3A4", "Possible " + IM, None, "diltiazem", POOR),
        ("CYP2C9", NM, 2.0, "amiodarone", IM),
        ("CYP2C9", IM, 1.5, "amiodarone", POOR),
        ("CYP2C9", IM, 1.0, "amiodarone", POOR),
        ("CYP2C9", NM, None, "amiodarone", IM),
        ("CYP2D6", UM, None, "duloxetine", NM),
        ("DPYD", NM, 2.0, "brivudine", POOR),
    ],
)
def test_other_genes_follow_by_class_or_score(gene, phenotype, score, medicine, effective):
    found = convert(gene, phenotype, score, [medicine])
    assert found.effective == effective
    assert found.phenotype == phenotype
    assert found.status == CONVERTED


@pytest.mark.parametrize("gene", SCORED)
def test_scores_translate_as_in_the_table_of_the_source(gene):
    listed = {text: name for name, text in phenotypes(gene).results.values()}
    scores = {number(text): name for text, name in listed.items() if number(text) is not None}
    assert len(scores) > 3
    for score, name in scores.items():
        assert phenotype_of_score(gene, score) == name


def test_the_strongest_inhibitor_counts_and_the_others_are_named():
    found = convert("CYP2D6", NM, 2.0, ["duloxetine", "sertraline", "paroxetine"])
    assert found.effective == POOR
    assert [row.drug for row in found.because] == ["paroxetine"]
    assert [row.drug for row in found.named] == ["duloxetine", "sertraline"]
    assert any("joint effect" in text for text in found.not_known)


def test_weak_ones_are_named_and_convert_nothing():
    found = convert("CYP2D6", IM, 1.0, ["sertraline", "celecoxib"])
    assert (found.effective, found.effective_score, found.status) == (IM, 1.0, UNCHANGED)
    assert [row.drug for row in found.named] == ["celecoxib", "sertraline"]
    assert found.not_known


@pytest.mark.parametrize("phenotype", [POOR, IM, NM, RM])
@pytest.mark.parametrize("medicine", ["rifampin", "efavirenz"])
def test_an_inducer_gives_a_direction_and_never_a_better_class(phenotype, medicine):
    found = convert("CYP2C19", phenotype, None, [medicine])
    assert (found.effective, found.status, found.direction) == (phenotype, DIRECTION, 1)
    assert "by how much is not known" in found.not_known[0]


@pytest.mark.parametrize(
    ("gene", "medicine"),
    [("SLCO1B1", "cyclosporine"), ("UGT1A1", "atazanavir"), ("CYP3A5", "itraconazole")],
)
def test_where_the_size_is_not_established_only_the_direction_is_said(gene, medicine):
    found = convert(gene, "Normal Function", None, [medicine])
    assert (found.effective, found.status, found.direction) == ("Normal Function", DIRECTION, -1)


@pytest.mark.parametrize("inhibitor", ["fluconazole", "voriconazole", "esomeprazole"])
def test_inhibitor_and_inducer_together_cannot_be_predicted(inhibitor):
    found = convert("CYP2C19", NM, None, [inhibitor, "rifampin"])
    assert (found.effective, found.status, found.direction) == (INDETERMINATE, UNPREDICTABLE, 0)
    assert {row.drug for row in found.because} == {inhibitor, "rifampin"}
    assert "cannot be predicted" in found.not_known[0]


def test_a_weak_inducer_does_not_hide_a_strong_inhibitor():
    found = convert("CYP2C19", NM, None, ["ritonavir", "fluconazole"])
    assert found.effective == POOR
    assert [row.drug for row in found.named] == ["ritonavir"]


@pytest.mark.parametrize("phenotype", UNSURE)
def test_an_unknown_genotype_is_poor_under_a_strong_inhibitor_only(phenotype):
    assert convert("CYP2D6", phenotype, None, ["paroxetine"]).effective == POOR
    moderate = convert("CYP2D6", phenotype, None, ["duloxetine"])
    assert (moderate.effective, moderate.status) == (phenotype, UNCHANGED)
    assert any("moves nothing" in text for text in moderate.not_known)


def test_another_translation_of_scores_may_be_given():
    found = convert("CYP2D6", NM, 2.0, ["duloxetine"], translate=lambda gene, score: POOR)
    assert (found.effective, found.effective_score) == (POOR, 1.0)


def test_a_translation_never_lifts_the_class():
    found = convert("CYP2D6", POOR, 2.0, ["duloxetine"])
    assert found.effective == POOR


@given(genotypes(), MEDICINES)
def test_under_inhibitors_it_is_never_better_than_the_genotype(genotype, medicines):
    gene, phenotype, score = genotype
    found = convert(gene, phenotype, score, medicines)
    if found.status == UNPREDICTABLE:
        assert {row.kind for row in found.because} == {"inhibitor", "inducer"}
    else:
        assert rank(gene, found.effective) <= rank(gene, phenotype)
        if score is not None:
            assert found.effective_score <= score
    if any(row.kind == "inhibitor" and row.strength == "strong" for row in found.because):
        assert found.effective in (POOR, INDETERMINATE)


@given(genotypes(), MEDICINES, st.randoms())
def test_the_order_of_the_medicines_does_not_matter(genotype, medicines, random):
    shuffled = [*medicines, *medicines[:1]]
    random.shuffle(shuffled)
    assert convert(*genotype, medicines) == convert(*genotype, shuffled)


@given(
    st.one_of(
        genotypes(), st.tuples(st.sampled_from(sorted(CLASSES)), st.sampled_from(UNSURE), st.none())
    )
)
def test_no_medicines_no_change(genotype):
    gene, phenotype, score = genotype
    for medicines in ([], ["water"], ["metformin"]):
        found = convert(gene, phenotype, score, medicines)
        assert (found.effective, found.effective_score) == (phenotype, score)
        assert (found.status, found.direction) == (UNCHANGED, 0)
        assert found[7:] == ((), (), (), ())


@given(genotypes(), MEDICINES)
def test_every_medicine_that_acts_is_named_once_with_its_citation(genotype, medicines):
    found = convert(*genotype, medicines)
    acting = {row for row in modulators() if row.gene == found.gene and row.drug in medicines}
    assert sorted((*found.because, *found.named)) == sorted(acting)
    assert {row.citation for row in acting} <= set(found.citations)
    assert bool(found.not_known) == bool(acting)
