"""What a job is said to have made; words of other machines cannot break out of their line."""

import pytest

from nof1.cli.federation_text import gain_lines, line, result_lines
from nof1.federation.algorithms import Algorithm

MODEL = {
    "patients": 900, "rows": 950, "events": 90, "rounds": 1200, "withheld": [], "synthetic": True,
    "bytes_sent_by_each_site": 2_000_000,
    "figures": {"auroc": {"value": 0.7, "low": 0.65, "high": 0.75},
                "brier": {"value": None, "low": None, "high": None, "note": "too few"}},
    "against_own_models": {"sites_compared": 3, "margin": 0.005, "lose_auroc": 1, "lose_brier": 0},
}  # fmt: skip
OWN = {
    "rows": 300, "events": 30, "note": "",
    "federated": {"auroc": {"value": 0.7}}, "own": {"auroc": {"value": 0.6}},
    "gained": {"auroc": {"value": 0.1, "low": 0.02, "high": 0.18}},
}  # fmt: skip


def entry(words=None):
    return Algorithm("x", ("x",), lambda text: None, lambda asked: None, words=words)


def test_a_model_is_said_with_its_figures_and_how_many_sites_lose():
    said = "\n".join(result_lines(entry(), "m", "ab", MODEL, 3))
    assert said.startswith("SYNTHETIC DATA")
    assert "0.650 to 0.750" in said
    assert "too few" in said
    assert "1 lose more than 0.005" in said
    assert "each site sent 2.0 MB" in said


def test_an_algorithm_says_its_own_words_on_one_line_each():
    said = result_lines(entry(lambda figures: ["one\x1b[2J\ntwo"]), "m", "", {}, 3)
    assert said[0] == "one [2J two"
    assert not any("Content hash" in one for one in said)


def test_other_figures_are_a_plain_table():
    said = "\n".join(result_lines(entry(), "m", "", {"error": 0.25, "regions": 4, "x": {}}, 4))
    assert "error" in said
    assert "0.25" in said


def test_each_sites_own_gain_is_a_row():
    said = "\n".join(gain_lines({"north": OWN, "south": OWN | {"note": "too few"}, "west": {}}))
    assert "+0.100 (+0.020 to +0.180)" in said
    assert "too few" in said
    assert "west" not in said
    assert gain_lines({"west": {}}) == []


@pytest.mark.parametrize("raw", ["a\nb", "a\x1b[31mb", "a\u202eb"])
def test_a_line_stays_a_line(raw):
    assert line(raw).isprintable()
