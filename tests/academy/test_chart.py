"""What a reader sees first is what the record says."""

from dataclasses import replace
from datetime import timedelta

import polars as pl

from nof1.academy.chart import LABS, vignette
from nof1.academy.situation import DEFAULTS, sound
from nof1.record.patient import Patient


def test_labs_are_the_newest_of_the_record(ward):
    codes = {test.name: test.code for test in LABS.values()}
    shown = 0
    for person in ward.people[:30]:
        behind = sound(ward, person)
        patient = Patient(behind.events, person.at)
        for lab in vignette(behind).labs:
            assert abs(lab.value - patient.value(codes[lab.name])) <= 0.005 * abs(lab.value) + 1e-6
            assert lab.day <= f"{person.at:%Y-%m-%d}"
            shown += 1
    assert shown > 150


def test_age_sex_and_medicines(ward):
    for person in ward.people[:30]:
        behind = sound(ward, person)
        chart = vignette(behind)
        assert chart.age == int(Patient(behind.events, person.at).age_years)
        assert chart.sex in ("man", "woman")
        assert person.medicine in chart.medicines
        assert person.medicine in chart.note
        assert "stent on" in chart.note


def test_what_nobody_measured_stands_in_no_chart(ward):
    behind = sound(ward, ward.people[0])
    code = LABS["ldl"].code
    source = pl.when(pl.col("code") == code).then(pl.lit(DEFAULTS)).otherwise("source_file")
    filled = replace(behind, events=behind.events.with_columns(source_file=source))
    assert "LDL cholesterol" in {lab.name for lab in vignette(behind).labs}
    assert "LDL cholesterol" not in {lab.name for lab in vignette(filled).labs}


def test_nothing_later_is_told(ward):
    for person in ward.people[:10]:
        behind = sound(ward, person)
        until = behind.events.filter(
            pl.col("time").is_null() | (pl.col("time") <= person.at + timedelta(seconds=1))
        )
        assert vignette(replace(behind, events=until)) == vignette(behind)
