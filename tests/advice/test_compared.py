"""A stored effect that compares two medicines of a ranking has a line of its own there."""

from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from governance_samples import decide
from nof1.advice.compared import ALONE, with_effects
from nof1.advice.governance.state import Governance
from nof1.cli.rank_models import compared
from nof1.cli.rank_text import _compared, _row, listed
from nof1.core.finding import (
    Basis,
    Coding,
    Finding,
    Interval,
    Kind,
    Status,
    Subject,
    Value,
)
from nof1.core.workspace import create
from nof1.knowledge.base import SHIPPED
from nof1.pictures.views import medicines
from page_samples import medicines as page_data

AT = datetime(2024, 5, 1)
CLOPIDOGREL, TICAGRELOR, WARFARIN = "RxNorm//32968", "RxNorm//1116632", "RxNorm//11289"
NOTE = "Of people like this, 12 of 100 with clopidogrel and 8 of 100 with ticagrelor have it."


def finding(speaks=True):
    value = Value(amount=-0.04, unit="1", interval=Interval(low=-0.07, high=-0.01, level=0.95))
    basis = Basis(kind="model", id="a-or-b", version="3", content_hash="sha256:0",
                  knowledge_date="2024-01-01", validated_in="here")  # fmt: skip
    more = {"status": Status.FOUND, "value": value, "notes": (NOTE,)}
    if not speaks:
        more = {"status": Status.WITHHELD, "reason": "Either option could be better.",
                "resolve": "More people."}  # fmt: skip
    return Finding(subject=Subject(id="p"), as_of=AT.replace(tzinfo=UTC), kind=Kind.EFFECT,
                   what=Coding(code="TASK//a-or-b", display="Bleeding"), horizon_days=365.0,
                   basis=basis, **more)  # fmt: skip


@dataclass
class Scorer:
    """Says what it is told to say about two options."""

    arms: tuple = ((CLOPIDOGREL,), (TICAGRELOR,))
    speaks: bool = True
    asked: tuple = ((), ())

    @property
    def stored(self):
        return SimpleNamespace(arms=self.arms)

    @property
    def question(self):
        comparator, strategy = (
            SimpleNamespace(codes=SimpleNamespace(codes=(), descendants_of=codes))
            for codes in self.asked
        )
        labels = ("clopidogrel", "ticagrelor")
        treatment = SimpleNamespace(labels=labels, comparator=comparator, strategy=strategy)
        return SimpleNamespace(treatment=treatment)

    def finding(self, subject, events, at, names):
        return finding(self.speaks)


@pytest.fixture
def workspace(tmp_path):
    return create(tmp_path / "ws", synthetic=True)


def joined(workspace, scorer, names=("clopidogrel", "ticagrelor", "aspirin")):
    data = {"rows": [{"medicine": {"name": name}, "place": k} for k, name in enumerate(names)]}
    state = Governance(workspace).state()
    return with_effects(data, [scorer], state, Subject(id="p"), None, AT, {}, SHIPPED)


def test_both_medicines_get_a_line_that_names_model_interval_and_the_other(workspace):
    made = joined(workspace, Scorer())
    lines = {row["medicine"]["name"]: row["effect_models"] for row in made["rows"]}
    assert lines["aspirin"] == []
    (one,), (other,) = lines["ticagrelor"], lines["clopidogrel"]
    assert (one["against"], other["against"]) == ("clopidogrel", "ticagrelor")
    assert one["text"].startswith("Against clopidogrel: Bleeding: ticagrelor minus clopidogrel")
    assert "-7.0 to -1.0 points (95% interval; middle -4.0), effect model a-or-b/3" in one["text"]
    assert NOTE in one["text"]
    assert one["text"].endswith(ALONE)
    assert [row["place"] for row in made["rows"]] == [0, 1, 2], "no part of the order"


def test_an_effect_that_does_not_speak_is_on_no_row_and_says_why_in_the_list(workspace):
    made = joined(workspace, Scorer(speaks=False))
    assert not any(row["effect_models"] for row in made["rows"])
    assert made["effects"][0]["text"] == "Bleeding: not known: Either option could be better."
    assert not made["effects"][0]["speaks"]


def test_an_effect_of_another_medicine_is_left_out(workspace):
    assert joined(workspace, Scorer(((CLOPIDOGREL,), (WARFARIN,))))["effects"] == []
    assert joined(workspace, Scorer(), ("clopidogrel", "aspirin"))["effects"] == []
    both = ((CLOPIDOGREL, TICAGRELOR), (TICAGRELOR,))
    assert joined(workspace, Scorer(both))["effects"] == []


def test_medicines_that_the_file_names_are_known_when_the_record_has_products_alone(workspace):
    products = (("RxNorm//309362",), ("RxNorm//1116635",))
    assert joined(workspace, Scorer(products))["effects"] == []
    made = joined(workspace, Scorer(products, asked=((CLOPIDOGREL,), (TICAGRELOR,))))
    assert made["effects"][0]["treatment"] == ["ticagrelor"]


@pytest.mark.parametrize("value", ["off", "shadow"])
def test_an_effect_that_is_switched_off_or_in_shadow_is_not_heard(workspace, value):
    decide(workspace, "switch", "models/a-or-b", value)
    made = joined(workspace, Scorer())
    assert not any(row["effect_models"] for row in made["rows"])
    assert "not known" in made["effects"][0]["text"]


def test_a_workspace_without_effects_has_empty_lines(workspace):
    data = {"rows": [{"medicine": {"name": "clopidogrel"}}]}
    made = compared(data, workspace, Subject(id="p"), None, AT, {}, SHIPPED)
    assert (made["effects"], made["rows"][0]["effect_models"]) == ([], [])


def test_text_table_and_page_show_the_line_under_its_own_name():
    data = page_data()
    data["rows"][0]["effect_models"] = [{"against": "x", "model": "a/1", "text": "Against x: y."}]
    entry = {"treatment": ["a"], "comparator": ["b"], "text": "not known: too few."}
    assert "= Effect model, a against b: not known: too few." in list(_compared([entry]))
    assert list(_compared([])) == []
    said = "\n".join(_row(data["rows"][0]))
    assert "= effect model" in said
    assert "Against x: y." in said
    head, rows = listed(data)
    assert rows[0][head.index("effect_models")] == "Against x: y."
    first = medicines.context(data)["groups"][0]["rows"][0]
    assert {"label": "Effect model", "text": "Against x: y."}.items() <= first["details"][
        -1
    ].items()
