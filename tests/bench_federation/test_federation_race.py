import json

from bench import federation_race as racing


def test_the_dearest_cells_come_first():
    found = racing.cells(["a", "b"], ["hazards", "logistic"], 2)
    assert found[:4] == [(one, "hazards", seed) for one in ("a", "b") for seed in range(2)]
    assert len(found) == len(set(found)) == 8


def test_cells_of_the_file_are_not_run_again(tmp_path):
    out = tmp_path / "figures.json"
    had = {"data": "cohort", "learner": "logistic", "seed": 0, "cpu_s": 1.0}
    out.write_text(json.dumps({"schema": racing.SCHEMA, "cells": [had]}))
    kept = racing.race([("cohort", "logistic", 0)], tmp_path, 1, out)
    assert kept["cells"] == [had]


def test_each_cell_is_in_the_file_as_soon_as_it_is_done(tmp_path, monkeypatch):
    made = []

    class Pool:
        def __init__(self, workers, mp_context):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *rest):
            pass

        def submit(self, run, cell, folder):
            return Done({"data": cell[0], "learner": cell[1], "seed": cell[2], "cpu_s": 0.0})

    class Done:
        def __init__(self, found):
            self.found = found

        def result(self):
            return self.found

    def one_by_one(jobs):
        for job in jobs:
            yield job
            made.append(len(json.loads((tmp_path / "out.json").read_text())["cells"]))

    monkeypatch.setattr(racing, "ProcessPoolExecutor", Pool)
    monkeypatch.setattr(racing, "as_completed", one_by_one)
    racing.race(racing.cells(["a"], ["Cox"], 3), tmp_path, 1, tmp_path / "out.json")
    assert made == [1, 2, 3]
