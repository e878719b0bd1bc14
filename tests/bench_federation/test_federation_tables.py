import pytest
from bench import federation_tables as tables

ALL = ("pooled", "federated", "largest site alone")


def cell(seed=0, learner="glass box", data="support2-income", failed="", shift=0.0, **small):
    """One cell; ``small`` has [order, Brier] of ways at the one site ``s``."""
    made = {
        "data": data, "learner": learner, "seed": seed, "independent": data == "cohort",
        "sites": {"s": [200, 40, 100]}, "failed": failed,
        "scores": {one: {"all": [0.7 + shift * k, 0.2]} for k, one in enumerate(ALL)},
        "small": {"s": small or {"alone": [0.7, 0.2], "joint": [0.7, 0.2]}},
    }  # fmt: skip
    equal = {"curves": 1e-9, "planes": 2e-9, "risk": 3e-9, "rest": 0, "terms": 5, "terms_apart": 1}
    return made if failed else made | {"equal": equal, "rounds": 700, "megabytes": 1.5}


def row(text, *words):
    rows = [one for one in text.splitlines() if one.startswith("|")]
    found = [one for one in rows if all(word in one for word in words)]
    assert len(found) == 1, text
    return [part.strip() for part in found[0].strip("|").split("|")]


def test_equality_shows_the_largest_difference_of_all_seeds():
    worst = cell(1)
    worst["equal"] = worst["equal"] | {"curves": 4e-7}
    found = row(tables.part("equality", [cell(0), worst]), "glass box", "4e-07")
    assert found[2:] == ["2 of 2", "4e-07", "2e-09", "3e-09", "2 of 10", "0", "0", "700", "1.5"]


def test_jobs_that_stopped_are_counted():
    text = tables.part("equality", [cell(0), cell(1, failed="a sum is too large")])
    assert row(text, "1 of 2")[3] == "1e-09"
    text = tables.part("equality", [cell(0, failed="a sum is too large")])
    assert row(text, "0 of 1")[3] == "failed"


def test_differences_are_paired_by_seed():
    cells = [cell(k, data="cohort", shift=0.01) for k in range(3)]
    found = row(tables.part("equality", cells), "AUROC", "0.7100")
    assert found[4] == "-0.0100 (-0.0100 to -0.0100)"
    assert found[7] == "+0.0100 (+0.0100 to +0.0100)"


def test_a_lower_brier_score_is_a_gain():
    one = cell(
        0, alone=[0.70, 0.20], joint=[0.72, 0.19], recalibrated=[0.72, 0.21], mixed=[0.7, 0.2]
    )
    found = row(tables.part("small-sites", [one]), "200 (40)")
    assert found[4:] == ["0.700", "+0.0200", "+0.0000", "+0.0100", "-0.0100", "+0.0000"]


@pytest.mark.parametrize(
    ("orders", "expected"),
    [
        ([0.700, 0.702], "0 (0) of 1"),
        ([0.690, 0.720], "0 (0) of 1"),
        ([0.680, 0.700], "1 (0) of 1"),
        ([0.6800, 0.6801], "1 (1) of 1"),
    ],
)
def test_sites_that_are_worse_are_counted_by_mean_and_by_interval(orders, expected):
    cells = [
        cell(k, data="cohort", alone=[0.7, 0.2], joint=[one, 0.2]) for k, one in enumerate(orders)
    ]
    found = row(tables.part("small-sites", cells), "glass box", "as it is")
    assert found[5] == expected


def test_the_page_has_all_parts_and_the_engine():
    run = {
        "engine": "TLS", "sites": 5, "entries": 20_000, "rounds": 100, "start_s": 2.0,
        "in_sums_s": 1.5, "submit_to_finished_s": 3.0, "site_cpu_s": 0.5, "coordinator_cpu_s": 0.7,
        "all_cpu_s": 3.2, "site_peak_mb": 80.0, "coordinator_peak_mb": 70.0, "worst_error": 9e-8,
    }  # fmt: skip
    text = tables.page([{"cells": [cell(0)]}, {"rows": [run]}])
    heads = [line for line in text.splitlines() if line.startswith("#")]
    assert len(heads) == 6
    assert "Not done: 1 seed of 10" in text
    assert "Not done" not in tables.page([{"cells": [cell(k) for k in range(10)]}])
    assert row(text, "mutual TLS")[4:7] == ["2.0 s", "1.5 s", "3.0 s"]
