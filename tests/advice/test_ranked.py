"""Which models of a workspace speak about a condition, and the ranking that they stand beside."""

from datetime import timedelta

import pytest

from nof1.advice.hospital import Hospital
from nof1.advice.ranked import outcome_of, ranked, risks_of
from nof1.cli.medicines import ranked as of_command
from nof1.core.errors import UsageError
from nof1.core.finding import Subject

INFARCTION = "SNOMED//22298006"


@pytest.fixture(scope="module")
def bedside(small_hospital, trained):
    """A patient of the model's cohort, on the day after its index date."""
    hospital = Hospital(small_hospital.workspace)
    row = trained.cohort.frame.row(0, named=True)
    people = dict(hospital.record.subjects().select("subject_id", "patient").iter_rows())
    found = hospital.patient(people[row["subject_id"]], row["site"])
    return hospital, found, row["site"], row["prediction_time"] + timedelta(days=1)


def test_a_model_speaks_about_the_outcome_of_its_task_only(bedside, trained):
    hospital, found, site, at = bedside
    subject = Subject(id=found.patient, site=site)
    name = trained.artefact.name  # other tests may have trained more in this workspace
    (scorer,) = [one for one in hospital.adviser.scorers if one.basis.id == name]
    assert outcome_of(scorer.task, hospital.adviser.base) == {"myocardial infarction"}

    def asked(condition):
        told = risks_of(hospital.adviser, condition, subject, found.events, at, {})
        return [one for one in told if one.finding.basis.id == name]

    (risk,) = asked(INFARCTION)
    assert risk.outcome == {"myocardial infarction"}
    assert asked("epilepsy") == []
    with pytest.raises(UsageError):
        asked("no such disease")


def test_it_is_the_ranking_of_the_command(bedside):
    hospital, found, site, at = bedside
    ours = ranked(hospital.adviser, Subject(id=found.patient, site=site), found.events, at,
                  INFARCTION, hospital.names)  # fmt: skip
    command = of_command(hospital.workspace, found.patient, INFARCTION, site, at)
    assert ours == command
