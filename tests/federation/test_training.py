"""Counts of all sites that cannot be are refused before a model is made of them."""

from types import SimpleNamespace

import numpy as np
import pytest

from nof1.core.errors import ModelError
from nof1.federation.training import _sizes

SITE = SimpleNamespace(
    rows=np.arange(4),
    data=SimpleNamespace(
        patients=np.array([1, 1, 2, 3]),
        outcome=SimpleNamespace(label=np.array([0.0, 1.0, 0.0, 1.0])),
    ),
)


def test_patients_rows_and_events_of_all_sites_are_added():
    assert _sizes(SITE, lambda own: own * 3) == (9, 12, 6)


@pytest.mark.parametrize(
    "added", [[1e10, 1e10, 1e10], [2, 0, 0], [0, 0, 9], [-90, 0, 0], [0, 0, -90]]
)
def test_counts_that_cannot_be_are_refused(added):
    """A site whose masks are right can still add anything to a sum."""
    with pytest.raises(ModelError, match="cannot be"):
        _sizes(SITE, lambda own: own + np.array(added))
