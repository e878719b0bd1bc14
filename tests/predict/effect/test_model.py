"""A stored effect is read back bit for bit, and holds nothing of any patient."""

import json
from dataclasses import replace

import numpy as np
import pytest

from nof1.core.artefacts import load, save
from nof1.core.errors import ModelError
from nof1.learn.effect.regions import Region, Side
from nof1.predict.effect.model import StoredEffect
from nof1.record.store import Record


def test_what_is_read_is_what_was_written(differing):
    done = differing[2]
    found = StoredEffect.read(load(differing[0].effects, done.artefact.name))
    assert found.files() == done.stored.files()
    assert found.regions == done.stored.regions
    X = np.vstack([done.analysis.nuisance.mean[:5, :1] * 0, [[np.nan]]])
    X = np.repeat(X, len(found.columns), axis=1)
    assert (found.effect.effect(X) == done.stored.effect.effect(X)).all()
    assert (found.effect.bags(X) == done.stored.effect.bags(X)).all()
    assert (found.option.mean(X) == done.stored.option.mean(X)).all()
    assert (found.base.mean(X) == done.stored.base.mean(X)).all()


def test_no_patient_is_in_any_file(differing):
    workspace, charts, done = differing
    subjects = Record(workspace.record).subjects()["subject_id"].to_list()
    files = {**done.artefact.files, **done.card.files()}
    text = b" ".join(files.values()).decode()
    assert len(charts) == len(subjects) == 900
    assert not [name for name in charts if name in text]
    assert not [number for number in subjects if str(number) in text]


def test_the_files_are_strict_json(differing):
    for name, data in differing[2].stored.files().items():
        assert name.endswith(".json")
        json.loads(data, parse_constant=pytest.fail)


def test_an_effect_of_another_version_is_refused(differing, tmp_path):
    files = differing[2].stored.files()
    data = json.loads(files["effect_model.json"]) | {"schema": "nof1/effect/9"}
    save(tmp_path, "other", {**files, "effect_model.json": json.dumps(data).encode()})
    with pytest.raises(ModelError, match="another version"):
        StoredEffect.read(load(tmp_path, "other"))


def test_regions_are_read_back_and_an_effect_without_them_is_still_read(differing, tmp_path):
    region = Region((Side(0, "age_years", low=85.0),), 1, 130.0, 0.03)
    files = replace(differing[2].stored, regions=(region,)).files()
    save(tmp_path, "new", files)
    assert StoredEffect.read(load(tmp_path, "new")).regions == (region,)
    data = json.loads(files["effect_model.json"])
    del data["regions"]
    save(tmp_path, "old", {**files, "effect_model.json": json.dumps(data).encode()})
    assert StoredEffect.read(load(tmp_path, "old")).regions == ()
