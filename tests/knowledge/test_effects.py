"""Relative effects of trials: whole rows, the arithmetic, and the codes of outcomes."""

import pytest

from nof1.core.errors import InputError
from nof1.knowledge import effects
from nof1.knowledge.base import Base
from nof1.knowledge.effects import DEATH, PLACEBO, Effect, means, of, outcomes
from nof1.knowledge.indications import NOT_INDICATED, candidates

HEART, FLUTTER = "myocardial infarction", "atrial fibrillation"
NAMES = "disease medicine outcome against measure ratio low high level measured people"
FILLED = [HEART, "ramipril", HEART, PLACEBO, "RR", "0.8", "0.7", "0.9", "0.95", "x", "y"]
CELLS = dict(zip(NAMES.split(), FILLED, strict=True)) | {"source": "s", "citation": "c"}


def table(folder, *rows):
    lines = ["\t".join(Effect._fields)]
    lines += ["\t".join(row[name] for name in Effect._fields) for row in rows]
    (folder / effects.TABLE).write_text("\n".join(lines) + "\n")
    return Base(folder)


def test_every_row_is_about_a_medicine_for_its_disease_and_cites_a_paper():
    for one in effects.effects():
        named = {row.medicine for row in candidates(one.disease) if row.kind != NOT_INDICATED}
        assert one.medicine in named, one
        assert one.against == PLACEBO or one.against in named, one
        assert "doi:" in one.citation or "PMID " in one.citation
        assert one.level == 0.95


def test_intervals_are_about_even_on_the_logarithm():
    """A slip of the pen in a ratio or an end shows: both sides within 35 % of each other."""
    from math import log

    for one in effects.effects():
        down, up = log(one.ratio / one.low), log(one.high / one.ratio)
        assert down < 1.35 * up + 0.02, one
        assert up < 1.35 * down + 0.02, one


@pytest.mark.parametrize(
    ("measure", "with_it"), [("RR", 0.08), ("HR", 1 - 0.9**0.8), ("OR", 0.08 / 0.98)]
)
def test_a_ratio_is_applied_as_what_it_is(tmp_path, measure, with_it):
    (one,) = effects.effects(table(tmp_path, CELLS | {"measure": measure}))
    assert one.applied(0.1) == pytest.approx(with_it)
    assert one.applied(0.0) == 0.0
    assert 0 <= one.applied(1.0, 1.5) <= 1.0


def test_seen_from_the_other_side():
    (direct,) = of(HEART, "ticagrelor")
    turned = next(one for one in of(HEART, "clopidogrel") if one.against == "ticagrelor")
    assert turned.applied(direct.applied(0.2)) == pytest.approx(0.2)
    assert turned.low == pytest.approx(1 / direct.high)


@pytest.mark.parametrize(
    "change",
    [
        {"disease": "nothing"},
        {"outcome": "nothing"},
        {"outcome": ""},
        {"outcome": f"{HEART}|{DEATH}"},
        {"measure": "x"},
        {"low": "0.85"},
        {"high": ""},
        {"low": "0"},
        {"ratio": "a"},
        {"level": "95"},
    ],
)
def test_a_row_that_cannot_be_right_is_refused_with_its_line(tmp_path, change):
    with pytest.raises(InputError) as caught:
        effects.effects(table(tmp_path, CELLS | change))
    assert caught.value.where == "knowledge/effects.tsv, line 2"


def test_a_row_twice_is_refused(tmp_path):
    with pytest.raises(InputError, match="two rows"):
        effects.effects(table(tmp_path, CELLS, CELLS))


def test_outcomes_of_a_disease():
    assert outcomes(HEART) == {frozenset({HEART}), frozenset({DEATH})}
    assert frozenset({"ischemic stroke", "intracranial hemorrhage"}) in outcomes(FLUTTER)
    assert outcomes("glaucoma") == {frozenset({"glaucoma"})}


@pytest.mark.parametrize(
    ("code", "meant"),
    [
        ("SNOMED//22298006", True),
        ("ICD10CM//I21.4", True),
        ("ICD10CM//I252", True),
        ("ICD10CM//I25.1", False),
        ("SNOMED//38341003", False),
        ("ICD9CM//410", False),
        ("I21", False),
    ],
)
def test_codes_of_an_outcome(code, meant):
    assert means(code, frozenset({HEART})) is meant
