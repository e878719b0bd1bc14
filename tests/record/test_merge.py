"""Histories of imports against an obvious oracle: a dictionary of records."""

import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nof1.record import generation
from nof1.record import ingest as module
from nof1.record.events import RAW_SCHEMA, SCHEMA
from nof1.record.importers import Batch
from nof1.record.merge import in_order
from nof1.record.store import Record
from record_samples import NOW

record = st.tuples(
    st.sampled_from("abcd"),  # record
    st.sampled_from(["p", "q", "r"]),  # patient: a record may move to another one
    st.lists(st.integers(0, 3), min_size=1, max_size=2),  # values, one event each
)
one_import = st.tuples(
    st.sampled_from(["fhir", "tabular"]),
    st.sampled_from(["f", "g"]),  # source file
    st.lists(record, max_size=5),
    st.lists(st.sampled_from("abcd"), max_size=1),  # withdrawn
    st.integers(1, 3),  # records per batch
)


class Given:
    """An importer that hands over given batches."""

    def __init__(self, batches: list[Batch]) -> None:
        self.batches = batches

    def read(self, path, settings):
        yield from self.batches


def batches(file: str, records: list, withdrawn: list[str], size: int) -> list[Batch]:
    found = [Batch(pl.DataFrame(schema=RAW_SCHEMA), retracted=withdrawn, files=[file])]
    for start in range(0, len(records), size):
        rows = [
            {
                **dict.fromkeys(RAW_SCHEMA),
                "patient": patient,
                "code": "X",
                "numeric_value": float(value),
                "record": name,
                "source_file": file,
                "source_row": start + place,
            }
            for place, (name, patient, values) in enumerate(records[start : start + size])
            for value in values
        ]
        found.append(Batch(pl.DataFrame(rows, schema=RAW_SCHEMA), files=[file]))
    return found


def remember(memory: dict, kind: str, file: str, records: list, withdrawn: list[str]) -> None:
    """The oracle: what the record should hold after this import."""
    if kind == "tabular":
        for name in [n for n, (_, _, origin) in memory.items() if origin == file]:
            del memory[name]
    for name, patient, values in records:
        memory[name] = (patient, sorted(values), file)
    for name in withdrawn:
        memory.pop(name, None)


@pytest.fixture(scope="module", autouse=True)
def _no_waiting_for_the_disk() -> Iterator[None]:
    """Hundreds of imports: what they force to the disk is tested elsewhere (test_ingest)."""
    before, generation._sync = generation._sync, lambda path: None
    yield
    generation._sync = before


@settings(deadline=None, max_examples=30)
@given(history=st.lists(one_import, min_size=1, max_size=4))
def test_any_history_of_imports_ends_in_what_the_oracle_says(history) -> None:
    memory: dict = {}
    size_before = 0
    before = module.sources_at, module.importer
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        for kind, file, records, withdrawn, size in history:
            module.sources_at = lambda path, settings, kind=kind: [(kind, path)]
            handed = batches(file, records, withdrawn, size)
            module.importer = lambda name, handed=handed: Given(handed)
            try:
                done = module.ingest(root, ["x"], site="s", settings={"shards": 2}, now=NOW)
            finally:
                module.sources_at, module.importer = before
            remember(memory, kind, file, records, withdrawn)
            assert done.events == sum(len(values) for _, values, _ in memory.values())
            assert done.events == size_before + done.added - done.removed
            size_before = done.events
            check(root, memory)


def check(root: Path, memory: dict) -> None:
    got = Record(root).scan().collect().join(Record(root).subjects(), on="subject_id")
    found = sorted(got.select("patient", "numeric_value", "source_file").rows())
    want = [(p, float(v), file) for p, values, file in memory.values() for v in values]
    assert found == sorted(want)
    assert set(Record(root).subjects()["patient"]) == {p for p, _, _ in memory.values()}


def test_order_is_total_and_static_facts_come_first() -> None:
    rows = [
        {"subject_id": s, "time": t, "code": c, "source_file": f, "source_row": r}
        for s in (2, 1)
        for t in (datetime(2020, 1, 1), None)
        for c in ("B", "A")
        for f, r in (("y", 1), ("x", 10), ("x", 9))
    ]
    frame = pl.DataFrame([{**dict.fromkeys(SCHEMA), **row} for row in rows], schema=SCHEMA)
    first = in_order(frame)
    assert first.equals(in_order(frame.sample(fraction=1, shuffle=True, seed=3)))
    assert first["subject_id"].is_sorted()
    assert (
        first.filter(pl.col("subject_id") == 1)["time"].is_null().to_list()
        == [True] * 6 + [False] * 6
    )
    assert first["source_row"].to_list()[:6] == [9, 9, 10, 10, 1, 1]
