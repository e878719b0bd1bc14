"""The drift of all sites together is that of all their patients in one record."""

import json
import stat

import pytest

from nof1.federation.drifting import words
from nof1.federation.refusal import Refused
from nof1.predict.cohort import compile_cohort
from nof1.predict.dataset import on_columns
from nof1.predict.model import Model
from nof1.predict.task import Task
from nof1.record.store import Record


def task(trained, more=""):
    return f"name: drift\nmodel: {next(iter(trained.values())).artefact.name}\n{more}"


def test_the_indices_are_those_of_the_joint_record(asked, fresh, trained, hospitals):
    done = [one.figures for one in asked("drift", fresh, task(trained)).values()]
    assert done[0] == done[1] == done[2]
    model = Model.read(next(iter(trained.values())).artefact)
    asked_about, record = Task.parse(model.task_yaml), Record(hospitals.together.record)
    cohort = compile_cohort(asked_about, record)
    data = on_columns(asked_about, record, cohort, model.spec, model.columns)
    days = max(model.voices)
    risk = model.voices[days].interval.risk(model.pair.trained.decision(data.X, days))
    counts = model.drift.count(data.X, risk)
    counts[(counts > 0) & (counts < 10)] = 5  # as in the baseline, no single person is told
    pooled = {row.name: row for row in model.drift.compare_counts(counts)}
    assert done[0]["patients"] == cohort.frame["subject_id"].n_unique()
    for line in done[0]["features"]:
        assert line["psi"] == pytest.approx(pooled[line["name"]].psi, abs=6e-4)
        assert line["drifted"] == pooled[line["name"]].drifted
    assert max(map(len, words(done[0]))) <= 80


def test_each_site_keeps_its_own_indices(asked, fresh, trained):
    asked("drift", fresh, task(trained))
    for one in fresh.values():
        (path,) = (one.root / "federation" / "own").iterdir()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert json.loads(path.read_text())["features"]


def times(hospitals):
    record = Record(hospitals.together.record)
    return compile_cohort(Task.parse(hospitals.task), record).frame["prediction_time"].sort()


def test_later_patients_alone_can_be_asked_about(asked, fresh, trained, hospitals):
    found = times(hospitals)
    day = found[len(found) // 2]
    whole = next(iter(asked("drift", fresh, task(trained)).values())).figures
    more = f"since: {day:%Y-%m-%d}"
    later = next(iter(asked("drift", fresh, task(trained, more), job="job-2").values())).figures
    assert later["patients"] == (found.dt.date() >= day.date()).sum()
    assert later["patients"] < whole["patients"]


def test_nearly_the_same_patients_are_refused(asked, fresh, trained, hospitals):
    asked("drift", fresh, task(trained))
    with pytest.raises(Refused, match="differs by fewer than"):
        asked("drift", fresh, task(trained, f"since: {times(hospitals)[4]:%Y-%m-%d}"), job="job-2")
