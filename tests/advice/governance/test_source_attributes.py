"""Attributes by name, or of all."""

import pytest

from nof1.advice.governance.source_attributes import of
from nof1.advice.orders.tiers import rules
from nof1.core import artefacts
from nof1.core.errors import UsageError
from nof1.core.workspace import create


def test_all_rules_and_models(small_hospital, trained):
    made = of(small_hospital.workspace)
    models = [f"models/{name}" for name in artefacts.names(small_hospital.workspace.models)]
    assert f"models/{trained.artefact.name}" in models
    assert [one.subject for one in made[len(rules()) :]] == models
    assert not any(one.blank for one in made)


def test_one_by_name(tmp_path):
    (made,) = of(create(tmp_path / "ws"), "renal/avoid")
    assert made.subject == "renal/avoid"


def test_an_unknown_name(tmp_path):
    with pytest.raises(UsageError):
        of(create(tmp_path / "ws"), "renal/never")
