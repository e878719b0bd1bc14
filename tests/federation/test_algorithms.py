import pytest

from nof1.core.errors import InputError
from nof1.federation import algorithms
from nof1.federation.algorithms import ALGORITHMS, algorithm, outputs_of
from nof1.federation.refusal import Refused


@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_entry_is_there_under_its_own_name(name):
    found = algorithm(name)
    assert found.name == name
    assert found.outputs


@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_entry_refuses_what_is_no_task(name):
    for text in ("name: t\nunknown: 1", "!!python/object/apply:os.system [id]", "[1, 2]"):
        with pytest.raises(InputError):
            algorithm(name).read(text)


def test_an_unknown_name_is_refused_and_the_known_ones_are_named():
    with pytest.raises(Refused) as found:
        algorithm("shell")
    assert found.value.rule == "algorithms"
    assert "glassbox" in found.value.next_step


def test_kinds_of_results_are_named_once():
    assert outputs_of([algorithms.DEFAULT, algorithms.DEFAULT]) == ("model", "vocabulary")
