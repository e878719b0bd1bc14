"""One patient from a Bundle gets bit for bit what the imported record gives; refusals are open."""

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from nof1.advice.advise import Adviser
from nof1.core.artefacts import load, save
from nof1.core.finding import Status, Subject
from nof1.core.workspace import create
from nof1.predict import features
from nof1.predict.score import Scorer
from nof1.record.bundle import read_bundle
from nof1.record.ingest import ingest
from nof1.record.store import Record

SITE = "site-a"
ASKED = 25


@pytest.fixture(scope="module")
def adviser(trained, tmp_path_factory):
    """The trained model, allowed to speak whatever the gate said of so small a hospital."""
    workspace = create(tmp_path_factory.mktemp("score") / "ws", synthetic=True)
    model = replace(trained.model, withheld=(), silent_groups={}, domain=None)
    save(workspace.models, model.name, model.files())
    return Adviser(workspace)


@pytest.fixture(scope="module")
def people(small_hospital, trained):
    """(patient, prediction time, Bundle) of some rows of the cohort at one site."""
    names = dict(
        Record(small_hospital.workspace.record)
        .subjects()
        .select("subject_id", "patient")
        .iter_rows()
    )
    rows = trained.cohort.frame.filter(pl.col("site") == SITE).head(ASKED)
    moments = {names[s]: t for s, t in rows.select("subject_id", "prediction_time").iter_rows()}
    found = {patient: [] for patient in moments}
    for path in sorted((small_hospital.written.sites[SITE] / "fhir").glob("*.ndjson")):
        for text in path.read_text(encoding="utf-8").splitlines():
            resource = json.loads(text)
            subject = resource.get("subject") or resource.get("patient") or {}
            patient = subject.get("reference", "").removeprefix("Patient/") or resource["id"]
            if patient in found:
                found[patient].append({"resource": resource})
    return [
        (
            patient,
            moments[patient],
            json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode(),
        )
        for patient, entries in found.items()
    ]


@pytest.fixture(scope="module")
def imported(people, tmp_path_factory):
    """A record of nothing but these Bundles, imported as files."""
    folder = tmp_path_factory.mktemp("bundles")
    for patient, _, data in people:
        (folder / f"{patient}.json").write_bytes(data)
    ingest(folder / "record", [folder], site=SITE, settings={"shards": 1})
    return Record(folder / "record")


def test_a_bundle_gives_the_findings_of_the_imported_record(people, imported, adviser):
    answered = 0
    for patient, moment, data in people:
        subject, at = Subject(id=patient, site=SITE), moment + timedelta(days=2)
        read = read_bundle(data, site=SITE, name=f"{patient}.json")
        stored = imported.patient_events(imported.subject(patient, SITE))
        found = adviser.advise(subject, read.events, at)
        assert found == adviser.advise(subject, stored, at)
        answered += sum(one.status == Status.FOUND and bool(one.evidence) for one in found)
    assert answered == len(people)


def test_features_of_bundles_are_the_bytes_of_the_batch(people, imported, trained):
    spec = trained.model.spec
    ids = [imported.subject(patient, SITE) for patient, _, _ in people]
    cohort = pl.DataFrame(
        {"subject_id": ids, "prediction_time": [moment for _, moment, _ in people]}
    )
    batch = features.build(imported.shards(), cohort, spec).dense()
    for row, (_, moment, data) in zip(batch, people, strict=True):
        events = read_bundle(data, site=SITE).events
        assert features.row(features.encode(events, spec), moment, spec).tobytes() == row.tobytes()
    assert np.isfinite(batch).any()


def test_risks_of_bundles_are_the_risks_of_the_batch(people, imported, trained, adviser):
    model = trained.model
    ids = [imported.subject(patient, SITE) for patient, _, _ in people]
    cohort = pl.DataFrame(
        {"subject_id": ids, "prediction_time": [moment for _, moment, _ in people]}
    )
    X = features.build(imported.shards(), cohort, model.spec).dense(model.columns)
    for days, voice in model.voices.items():
        risk = voice.interval.risk(model.pair.decisions(X, days).model)
        for place, (_, moment, data) in enumerate(people):
            found = adviser.advise(Subject(id="p"), read_bundle(data, site=SITE).events, moment)
            (one,) = [each for each in found if each.horizon_days == days]
            assert one.value.amount == risk[place]


def test_notes_stand_with_every_finding(people, adviser):
    _, moment, data = people[0]
    events, note = read_bundle(data, site=SITE).events, "2 entries could not be used."
    for at in (moment, moment - timedelta(days=9000)):
        (finding,) = adviser.advise(Subject(id="p"), events, at, notes=(note,))
        assert note in finding.notes


def test_what_is_known_later_is_not_seen(people, adviser):
    _, moment, data = people[1]
    events = read_bundle(data, site=SITE).events
    known = pl.max_horizontal("time", "recorded")
    past = events.filter(known.is_null() | (known <= moment))
    late = past.with_columns(recorded=pl.lit(moment + timedelta(days=1)).cast(pl.Datetime("us")))
    both = pl.concat([past, late]).sort("time", maintain_order=True, nulls_last=False)
    subject = Subject(id="p")
    assert adviser.advise(subject, both, moment) == adviser.advise(subject, past, moment)


def test_a_silent_group_is_refused_by_name(people, trained, tmp_path):
    why = {f"site={SITE}": "calibration slope 0.4"}
    model = replace(trained.model, withheld=(), silent_groups=why, domain=None)
    save(tmp_path, model.name, model.files())
    scorer = Scorer.load(load(tmp_path, model.name))
    _, moment, data = people[0]
    events = read_bundle(data, site=SITE).events
    (finding,) = scorer.findings(Subject(id="p", site=SITE), events, moment)
    assert finding.status == Status.WITHHELD
    assert f"silent about site={SITE}: calibration slope 0.4" in finding.reason
    (finding,) = scorer.findings(Subject(id="p", site="elsewhere"), events, moment)
    assert finding.status == Status.FOUND
