from dataclasses import replace

import numpy as np
import pytest
from bench import federation_models as models
from bench.federation_groups import cohort
from bench.federation_models import ALGORITHMS


@pytest.fixture(scope="module")
def table():
    return cohort(1, (260, 200, 150), 60)


@pytest.mark.parametrize("name", ["glass box", "hazards", "logistic", "Cox"])
def test_under_masks_it_is_the_pooled_model(name, table):
    algorithm = ALGORITHMS[name]
    pooled = models.fit(algorithm, table, table.learn_rows())
    together = models.federated(algorithm, table)
    found = models.apart(algorithm, pooled, together.trained)
    assert max(found["curves"], found["planes"], found["rest"]) < 1e-6
    assert found["terms_apart"] == 0
    assert together.rounds > 5
    assert together.megabytes > 0


def test_a_changed_curve_and_a_missing_one_are_seen(table):
    algorithm = ALGORITHMS["glass box"]
    first = models.fit(algorithm, table, table.learn_rows())
    second = models.fit(algorithm, table, table.learn_rows())
    assert models.apart(algorithm, first, second)["curves"] == 0
    term = first.shapes.terms[0]
    bent = replace(term, scores=term.scores + 0.25)
    second.shapes = replace(second.shapes, terms=(bent, *first.shapes.terms[1:]))
    assert models.apart(algorithm, first, second)["curves"] == pytest.approx(0.25)
    second.shapes = replace(second.shapes, terms=first.shapes.terms[1:])
    found = models.apart(algorithm, first, second)
    assert found["terms_apart"] == 1
    assert found["curves"] == pytest.approx(np.abs(term.scores).max())


def test_other_patients_give_another_model(table):
    algorithm = ALGORITHMS["logistic"]
    first = models.fit(algorithm, table, table.learn_rows())
    second = models.fit(algorithm, table, table.learn_rows(0))
    assert models.apart(algorithm, first, second)["curves"] > 0.01


def test_a_merge_weighs_by_patients():
    risk = models.merged([(lambda X: X[:, 0], 300), (lambda X: -X[:, 0], 100)])
    assert risk(np.array([[2.0]])) == pytest.approx([1.0])


@pytest.mark.parametrize("name", ["logistic", "Cox"])
def test_averaging_copies_of_one_site_gives_that_site(name, table):
    rows = table.learn_rows(0)
    three = np.concatenate([rows, rows, rows])
    copies = replace(
        table,
        **{part: getattr(table, part)[three] for part in ("X", "y", "days", "cause", "keys")},
        site=np.repeat([0, 1, 2], len(rows)),
        test=np.zeros(len(three), dtype=bool),
    )
    algorithm = ALGORITHMS[name]
    alone = models.decision(models.fit(algorithm, table, rows), algorithm, table)(table.X[rows])
    averaged = models.averaged(algorithm, copies)(table.X[rows])
    assert np.corrcoef(alone, averaged)[0, 1] > 0.99  # more rows, finer cuts for the scaling
    assert np.abs(alone - averaged).mean() < 0.1


def test_a_site_without_events_has_no_model_of_its_own(table):
    quiet = replace(table, y=np.zeros_like(table.y))
    assert models.alone(ALGORITHMS["glass box"], quiet, table.learn_rows(0)) is None
