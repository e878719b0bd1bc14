"""What was said against what is true."""

import pytest

from nof1.core.errors import UsageError
from nof1.pictures.reading_charts import said_against_truth


def test_everything_is_said_in_words_and_numbers():
    made = said_against_truth([("You", 0.2), ("The card", 0.254)], 0.06, 0.15)
    assert made.description == (
        "You: 20 of 100; The card: 25 of 100. True: 6 of 100. Acting is right from 15 on."
    )
    assert dict(made.table.rows)["Truth"] == "6 of 100"
    assert "act from 15" in made.svg


def test_bars_are_as_long_as_their_numbers():
    import re

    made = said_against_truth([("a", 0.1), ("b", 0.2)], 0.4, 0.15)
    first, second, truth = (float(w) for w in re.findall(r'<rect [^>]*width="([\d.]+)"', made.svg))
    assert second == pytest.approx(2 * first, rel=0.01)
    assert truth == pytest.approx(2 * second, rel=0.01)


@pytest.mark.parametrize("chance", [-0.1, 1.1, float("nan")])
def test_a_chance_out_of_range_is_refused(chance):
    with pytest.raises(UsageError):
        said_against_truth([("a", chance)], 0.1, 0.1)


def test_names_are_escaped():
    assert "<script" not in said_against_truth([("<script>", 0.1)], 0.1, 0.1).svg
