"""A region is its limits, for one row as for many."""

import numpy as np

from nof1.learn.effect.regions import Region, Side, lonely

OLD = Region((Side(0, "age", low=85.0),), 1, 130.0, 0.03)
BOTH = Region((Side(1, "gene", low=0.5), Side(2, "score", high=3.0)), 0, 33.0, 0.09)
UNKNOWN = Region((Side(2, "score"),), 1, 40.0, 0.08)
X = np.array([
    [85.0, 0.0, 5.0], [84.9, 1.0, 2.9], [84.9, 1.0, 3.0], [np.nan, 0.0, np.nan],
    [90.0, 1.0, np.nan],
])  # fmt: skip


def test_a_limit_holds_from_its_value_on_and_below_its_value():
    assert OLD.inside(X).tolist() == [True, False, False, False, True]
    assert BOTH.inside(X).tolist() == [False, True, False, False, False]


def test_a_missing_value_is_only_where_missing_is_asked_for():
    assert UNKNOWN.inside(X).tolist() == [False, False, False, True, True]
    assert Side(0, "age", high=200.0).inside(X[:, 0]).tolist() == [True, True, True, False, True]


def test_lonely_is_who_lies_in_any_region():
    assert lonely((OLD, BOTH), X).tolist() == [True, True, False, False, True]
    assert not lonely((), X).any()


def test_it_is_read_back():
    for one in (OLD, BOTH, UNKNOWN):
        assert Region.from_dict(one.to_dict()) == one
