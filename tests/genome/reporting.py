"""Hand-made results and rules for the tests of reports: few enough to follow by hand."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from nof1.genome.results import Diplotype, GeneResult, Outcome, Phenotype, Settling
from nof1.knowledge.alleles import definition
from nof1.knowledge.base import Base
from nof1.knowledge.prescribing import Rule, to_row

TODAY = date(2026, 11, 25)
POOR, INTERMEDIATE, NORMAL = (
    "Poor Metabolizer",
    "Intermediate Metabolizer",
    "Normal Metabolizer",
)
CPIC, DPWG = "cpic-2023-08", "dpwg-2023-08"


def rule(drug: str, action: str, text: str, source: str = CPIC, **changes: object) -> Rule:
    """A rule for CYP2C19 poor metabolisers unless told otherwise."""
    plain = Rule(
        source=source,
        drug=drug,
        when=(("CYP2C19", (POOR,)),),
        population="general",
        action=action,
        degree="",
        strength="strong",
        dose_low_pct=None,
        dose_high_pct=None,
        dose_limit="",
        alternatives=(),
        monitor="",
        if_used="",
        text=text,
        pmids=("1",),
        url="https://example.org",
    )
    return plain._replace(**changes)  # type: ignore[arg-type]


def when(gene: str, *results: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The condition on one gene."""
    return ((gene, results),)


RULES = (
    rule("clopidogrel", "avoid", "Do not give clopidogrel.", alternatives=("prasugrel",)),
    rule("clopidogrel", "standard", "Usual dose.", when=when("CYP2C19", NORMAL)),
    rule("clopidogrel", "monitor", "Watch closely.", source=DPWG),
    rule(
        "citalopram",
        "reduce",
        "Half the dose.",
        dose_low_pct=-25.0,
        dose_high_pct=-50.0,
        if_used="watch the QT time",
    ),
    rule("citalopram", "standard", "Usual dose.", when=when("CYP2C19", NORMAL, INTERMEDIATE)),
    rule("codeine", "avoid", "Do not give codeine.", when=when("CYP2D6", POOR, "0.0")),
    rule("codeine", "standard", "Usual dose.", when=when("CYP2D6", NORMAL, "2.0")),
    rule("abacavir", "avoid", "Do not give abacavir.", when=when("HLA-B", "*57:01 positive")),
    rule(
        "amitriptyline",
        "avoid",
        "Avoid it.",
        when=(("CYP2C19", (NORMAL,)), ("CYP2D6", (POOR,))),
    ),
    rule(
        "amitriptyline",
        "standard",
        "Usual dose.",
        when=(("CYP2C19", (NORMAL,)), ("CYP2D6", (NORMAL,))),
    ),
    rule("amitriptyline", "avoid", "Avoid it.", when=when("CYP2C19", POOR)),
)


def base(folder: Path, rules: tuple[Rule, ...] = RULES) -> Base:
    """The shipped facts with these rules instead of the shipped ones."""
    lines = ["\t".join(Rule._fields)]
    lines += ["\t".join(to_row(one)[name] for name in Rule._fields) for one in rules]
    folder.mkdir(exist_ok=True)
    (folder / "prescribing.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Base(folder)


def called(gene: str, diplotype: str, phenotype: str, **changes: object) -> GeneResult:
    """A gene of which one diplotype fits."""
    result = GeneResult(
        gene,
        Outcome.CALLED,
        (Diplotype(diplotype, 1.0, phenotype, phenotype, None),),
        phenotypes=(Phenotype(phenotype, phenotype, None, 1.0),),
    )
    return result._replace(**changes)  # type: ignore[arg-type]


def unsure(prior: float = 0.003) -> GeneResult:
    """CYP2C19 with an unseen position: normal, and with this prior poor."""
    place = definition("CYP2C19").positions[1]
    return GeneResult(
        "CYP2C19",
        Outcome.CALLED,
        (
            Diplotype("*1/*1", 1 - prior, NORMAL, NORMAL, None),
            Diplotype("*4/*4", prior, POOR, POOR, None),
        ),
        phenotypes=(Phenotype(NORMAL, NORMAL, None, 1 - prior), Phenotype(POOR, POOR, None, prior)),
        missing=(place,),
        settling=Settling(place, prior, 0.0),
    )


def open_cyp2d6() -> GeneResult:
    """CYP2D6 as a VCF leaves it."""
    names = (INTERMEDIATE, NORMAL, POOR)
    return GeneResult(
        "CYP2D6",
        Outcome.NOT_EXCLUDED,
        (Diplotype("*1/*1", 1.0, "not excluded", "not excluded", None),),
        phenotypes=tuple(Phenotype(name, name, None, None) for name in names),
        reason="Copies are not counted.",
    )


def poor() -> GeneResult:
    """CYP2C19 *2/*2."""
    return called("CYP2C19", "*2/*2", POOR)


def absent(gene: str = "VKORC1") -> GeneResult:
    """A gene that the file does not cover."""
    places = definition(gene).positions
    return GeneResult(gene, Outcome.NOT_CALLED, missing=places, reason="Nothing was seen.")
