"""What a task may name, and who takes part."""

from dataclasses import replace

import numpy as np
import pytest

from nof1.core.errors import InputError
from nof1.federation.averaging.films import folder_of, prepare, read, values_of
from nof1.federation.policy import of_workspace
from nof1.federation.refusal import Refused


def test_the_task_is_an_imaging_task_with_a_frozen_network(clinics):
    made = read(clinics.task)
    assert made.backbone == "frozen"
    assert made.task.classes == ("square",)
    assert made.task.training == {"inner": 0.5}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("backbone: frozen", "", "does not say which frozen network"),
        ("backbone: frozen", "backbone: ../other", "cannot be a name"),
        ("npz: films.npz", "npz: ../../identity.key", "below the site's data folder"),
        ("npz: films.npz", "npz: /etc/passwd", "below the site's data folder"),
        ("npz: films.npz", "npz: 'a\\b.npz'", "below the site's data folder"),
        ("test_share: 0.3", "folds: 5", "not by folds"),
        ("inner: 0.5", "epochs: 4", "'epochs' is not known"),
        ("name: bright-square", "name: bright-square\nnetwork: {widths: [8]}", "no use for `netw"),
        ("findings: ", "foundings: ", "'foundings' is not known"),
    ],
)
def test_what_a_head_has_no_use_for_is_refused_by_line(clinics, old, new, words):
    assert old in clinics.task
    with pytest.raises(InputError) as told:
        read(clinics.task.replace(old, new))
    assert words in told.value.message or words in str(told.value)
    assert "line" in (told.value.where or "")


@pytest.mark.parametrize("cohort", ["", "..", "../x", ".hidden", "a/b"])
def test_a_cohort_names_a_plain_folder(clinics, cohort):
    with pytest.raises(InputError, match="cannot name a folder"):
        folder_of(clinics.sites["north"], cohort)


def test_a_cohort_without_files_is_refused_with_the_place(clinics):
    with pytest.raises(InputError, match="no files for the cohort") as told:
        folder_of(clinics.sites["north"], "stroke")
    assert told.value.where == "federation/data/stroke"


def test_patients_stand_in_one_part_only(films):
    for one in films:
        parts = [set(one.people[rows]) for rows in (one.train, one.inner, one.test)]
        assert not parts[0] & parts[1]
        assert not parts[0] & parts[2]
        assert not parts[1] & parts[2]
        assert sum(len(rows) for rows in (one.train, one.inner, one.test)) == 150
        assert one.features.shape == (2, 150, 16)


@pytest.mark.parametrize("rule", ["least_patients", "least_events"])
def test_a_site_with_too_few_takes_no_part(clinics, rule):
    workspace = clinics.sites["north"]
    policy = replace(of_workspace(workspace.root), **{rule: 74})
    with pytest.raises(Refused) as told:
        prepare(clinics.task, workspace, "all", replace(policy, least_patients=76)
                if rule == "least_patients" else policy)  # fmt: skip
    assert told.value.rule == rule
    assert not any(
        sign.isdigit() for sign in told.value.message.replace("76", "").replace("74", "")
    )


def test_kinds_become_columns(films):
    task = replace(films[0].asked.task, findings=(), kinds=_kinds("a", "b", "c"))
    data = replace(films[0].data, labels=np.array([0, 2, -1, 1]))
    assert values_of(task, data).tolist() == [[1, 0, 0], [0, 0, 1], [-1, -1, -1], [0, 1, 0]]


def _kinds(*values):
    from nof1.imaging.training.task import Column, Kinds

    return Kinds(Column("kind"), values)
