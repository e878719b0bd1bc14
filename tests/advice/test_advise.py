"""One patient alone gets bit for bit what the batch gets; refusals are open."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

import nof1
from nof1.advice.advise import Adviser
from nof1.core.artefacts import save
from nof1.core.finding import Kind, Status, Subject
from nof1.core.workspace import create
from nof1.predict import features
from nof1.predict.model import Model
from nof1.record.store import Record


def stored(model: Model, folder):
    """A workspace that holds nothing but this model."""
    workspace = create(folder / "ws", synthetic=True)
    save(workspace.models, model.name, model.files())
    return workspace


@pytest.fixture
def speaking(trained, tmp_path):
    """The trained model, allowed to speak whatever the gate said of so small a hospital."""
    model = replace(trained.model, withheld=(), silent_groups={}, domain=None)
    return Adviser(stored(model, tmp_path))


def risk_of(findings):
    """The one risk among the findings; genes and medicines stand beside it."""
    (finding,) = [one for one in findings if one.kind is Kind.RISK]
    return finding


def test_single_equals_batch_bit_for_bit(small_hospital, trained, speaking):
    record = Record(small_hospital.workspace.record)
    rows = trained.cohort.frame.head(40)
    model, days = trained.model, 365.0
    matrix = features.build(record.shards(), rows, model.spec)
    found = model.pair.decisions(matrix.dense(model.columns), days)
    voice = model.voices[days]
    risk = voice.interval.risk(found.model)
    low, high = voice.interval.interval(found.model, found.bags, model.level)
    for place, (subject_id, moment) in enumerate(
        rows.select("subject_id", "prediction_time").iter_rows()
    ):
        events = record.patient_events(subject_id)
        finding = risk_of(speaking.advise(Subject(id="p"), events, moment + timedelta(days=3)))
        assert finding.status == Status.FOUND
        assert finding.value.amount == risk[place]
        assert (finding.value.interval.low, finding.value.interval.high) == (
            low[place],
            high[place],
        )
        assert finding.counted_from.replace(tzinfo=None) == moment


def test_nothing_later_changes_the_answer(small_hospital, trained, speaking):
    record = Record(small_hospital.workspace.record)
    subject_id, moment = trained.cohort.frame.select("subject_id", "prediction_time").row(5)
    events = record.patient_events(subject_id)
    before = speaking.advise(Subject(id="p"), events, moment)
    past = events.filter(pl.col("time").is_null() | (pl.col("time") <= moment))
    late = past.with_columns(time=pl.lit(moment + timedelta(days=1)).cast(pl.Datetime("us")))
    with_future = pl.concat([past, late]).sort("time", maintain_order=True, nulls_last=False)
    assert speaking.advise(Subject(id="p"), with_future, moment) == before


def test_reasons_lead_to_source_rows(small_hospital, trained, speaking):
    record = Record(small_hospital.workspace.record)
    subject_id, moment = trained.cohort.frame.select("subject_id", "prediction_time").row(8)
    events = record.patient_events(subject_id)
    finding = risk_of(speaking.advise(Subject(id="p"), events, moment))
    assert 1 <= len(finding.evidence) <= 5
    sizes = [abs(reason.contribution) for reason in finding.evidence]
    assert sizes == sorted(sizes, reverse=True)
    rows = set(events.select("code", "source_file", "source_row").iter_rows())
    for reason in finding.evidence:
        for ref in reason.events:
            assert (ref.code, ref.source_file, ref.source_row) in rows
            assert ref.time is None or ref.time.replace(tzinfo=None) <= moment


def test_a_withheld_model_gives_the_reason_and_no_number(small_hospital, trained, tmp_path):
    model = replace(trained.model, withheld=("calibration slope at 365 days: 0.6",))
    adviser = Adviser(stored(model, tmp_path))
    subject_id, moment = trained.cohort.frame.select("subject_id", "prediction_time").row(0)
    events = Record(small_hospital.workspace.record).patient_events(subject_id)
    finding = risk_of(adviser.advise(Subject(id="p"), events, moment))
    assert finding.status == Status.WITHHELD
    assert "calibration slope" in finding.reason
    assert finding.value is None


def test_a_stranger_is_refused_by_name(small_hospital, trained, tmp_path):
    assert trained.model.domain is not None
    model = replace(trained.model, withheld=(), silent_groups={})
    adviser = Adviser(stored(model, tmp_path))
    subject_id, moment = trained.cohort.frame.select("subject_id", "prediction_time").row(0)
    events = Record(small_hospital.workspace.record).patient_events(subject_id)
    numbers = pl.when(pl.col("numeric_value").is_not_null()).then(pl.lit(9e6, pl.Float32))
    strange = events.with_columns(numeric_value=numbers)
    finding = risk_of(adviser.advise(Subject(id="p"), strange, moment))
    assert finding.status == Status.WITHHELD
    assert "Outside what the model has seen" in finding.reason


def test_the_python_face(small_hospital, trained):
    hospital = nof1.open(small_hospital.workspace.root)
    subject_id, moment, site = trained.cohort.frame.select(
        "subject_id", "prediction_time", "site"
    ).row(0)
    people = hospital.record.subjects()
    patient = people.filter(pl.col("subject_id") == subject_id)["patient"][0]
    bedside = hospital.patient(patient, site)
    assert np.isfinite(bedside.view(moment).age_years)
    assert all(finding.subject.id == patient for finding in bedside.advise(moment))


def test_genes_scores_and_medicines_join_the_risks(small_hospital, trained, speaking):
    """Whoever was sequenced gets genes, a score and the medicines taken; others only the risk."""
    record = Record(small_hospital.workspace.record)
    kinds: dict[bool, set[Kind]] = {True: set(), False: set()}
    for subject_id, moment in (
        trained.cohort.frame.select("subject_id", "prediction_time").head(60).iter_rows()
    ):
        events = record.patient_events(subject_id)
        sequenced = events["code"].str.starts_with("GENE//").any()
        found = speaking.advise(Subject(id="p"), events, moment + timedelta(days=3))
        kinds[sequenced] |= {one.kind for one in found}
        order = [one.kind is Kind.GENOTYPE for one in found]
        assert order == sorted(order)  # what genes are comes last
        if sequenced:
            codes = {one.what.code for one in found}
            assert {"GENE//CYP2C19", "GENE//VKORC1", "PGS//SYNTH1"} <= codes
            # everybody here has just started clopidogrel or ticagrelor
            drugs = {one.what.code for one in found if one.kind is Kind.MEDICATION}
            starts = events.filter(pl.col("code") == "RxNorm//32968", pl.col("time") == moment)
            assert starts.is_empty() or "RxNorm//32968" in drugs
    assert kinds[True] == {Kind.RISK, Kind.GENOTYPE, Kind.MEDICATION}
    assert kinds[False] == {Kind.RISK}
