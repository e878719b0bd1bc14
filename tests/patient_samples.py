"""Patients for the tests of their pages."""

import shutil
from dataclasses import replace

import polars as pl

from nof1.core.artefacts import save
from nof1.core.workspace import open_workspace
from nof1.record.store import Record

HOSTILE = '<script>alert("1")</script>'


def speaking(workspace, trained, folder):
    """A copy of a workspace whose model speaks whatever the gate said of so small a hospital."""
    shutil.copytree(workspace.root, folder)
    made = open_workspace(folder)
    model = replace(trained.model, withheld=(), silent_groups={})
    save(made.models, model.name, model.files())
    return made


def cohort(workspace, trained, rows=30):
    """(patient, site, events, prediction time) of some people of the model's cohort."""
    record = Record(workspace.record)
    known = {row[0]: row[1:] for row in record.subjects().iter_rows()}
    found = trained.cohort.frame.select("subject_id", "prediction_time").head(rows)
    return [(*known[one], record.patient_events(one), moment) for one, moment in found.iter_rows()]


def new_after(events, moment):
    """Codes of what happened only after a moment: whatever shows them looked ahead."""
    known = pl.max_horizontal("time", "recorded")
    before = events.filter(known.is_null() | (known <= moment))["code"].unique().to_list()
    later = events.filter(known > moment)["code"].unique().to_list()
    return sorted(set(later) - set(before))
