"""Small random records that are rich in ties, edges, zeros, late entries and odd numbers."""

from datetime import datetime, timedelta

import polars as pl

from nof1.predict.spec import AGGREGATES, FeatureSpec

CODES = ("LAB//a", "LAB//b", "DX//c", "never")
START = datetime(2020, 1, 1)
SPEC = FeatureSpec(
    codes=CODES,
    static_codes=("GENDER//F", "LAB//a"),
    static_values=("PGS//1",),
    windows=("12h", "1d", "7d", "365d", "full"),
    aggregates=AGGREGATES,
)
NUMBERS = (None, 0.0, -0.0, 1.0, -1.0, 2.5, -3.25, 1e30, float("nan"), float("inf"), -7.0)
STEPS = (0, 1, 12, 24, 7 * 24, 365 * 24)


def moment(random):
    """A time that often meets another time, or the edge of a window of another time."""
    hours = random.choice(STEPS) * random.choice((-1, 0, 1, 1, 2))
    return START + timedelta(hours=hours, microseconds=random.choice((-1, 0, 0, 0, 1)))


def event(random):
    """One event: (time, code, number, recorded)."""
    code = random.choice((*CODES[:3], "OTHER", "GENDER//F", "PGS//1", "MEDS_BIRTH"))
    time = None if random.random() < 0.15 else moment(random)
    recorded = moment(random) if random.random() < 0.3 else None
    return time, code, random.choice(NUMBERS), recorded


def record(random, most=12):
    """The events of one patient in the table's order: static facts first, then by time."""
    events = [event(random) for _ in range(random.randrange(most + 1))]
    return sorted(events, key=lambda e: (e[0] is not None, e[0] or START))


def table(records):
    """The event table of some patients: a mapping of subject to events."""
    rows = [
        {
            "subject_id": subject,
            "time": time,
            "code": code,
            "numeric_value": number,
            "recorded": recorded,
        }
        for subject, events in sorted(records.items())
        for time, code, number, recorded in events
    ]
    return pl.DataFrame(
        rows,
        schema={
            "subject_id": pl.Int64,
            "time": pl.Datetime("us"),
            "code": pl.String,
            "numeric_value": pl.Float32,
            "recorded": pl.Datetime("us"),
        },
    )


def as_stored(events):
    """The events with the numbers that a 32-bit column holds."""
    stored = pl.Series([e[2] for e in events], dtype=pl.Float32).to_list()
    return [(e[0], e[1], number, e[3]) for e, number in zip(events, stored, strict=True)]


def cohort(rows):
    """A cohort frame of (subject, prediction time)."""
    return pl.DataFrame(
        rows, schema={"subject_id": pl.Int64, "prediction_time": pl.Datetime("us")}, orient="row"
    )
