import pytest

from nof1.core.errors import InputError
from nof1.federation.quality import EVENTS, PEOPLE, read, words
from nof1.record.quality import report
from nof1.record.store import Record

K = 10
TEXT = "name: quality\n"


def test_totals_are_those_of_the_sites_reports(asked, fresh, hospitals):
    done = [one.figures for one in asked("quality", fresh, TEXT).values()]
    assert done[0] == done[1] == done[2]
    tallies = [report(Record(one.record)).tally for one in hospitals.sites.values()]
    told = 0
    for part, table, keys in (("events", "facts", EVENTS), ("people", "people", PEOPLE)):
        for key in keys:
            total = sum(int(getattr(one, table)[key].sum()) for one in tallies)
            assert done[0][part][key] in (None, total)
            told += done[0][part][key] is not None
    assert told > 12
    assert done[0]["people"]["patients"] == 900
    assert max(map(len, words(done[0]))) <= 80


def test_small_totals_and_small_rests_are_hidden(asked, fresh):
    figures = next(iter(asked("quality", fresh, TEXT).values())).figures
    for part in ("events", "people"):
        assert not [n for n in figures[part].values() if n is not None and 0 < n < K]
    whole = figures["people"]["patients"]
    assert not [n for n in figures["people"].values() if n is not None and 0 < whole - n < K]


@pytest.mark.parametrize("text", ["name: [1]", "name: a\nmore: b", ""])
def test_a_task_of_another_form_is_refused(text):
    with pytest.raises(InputError):
        read(text)
