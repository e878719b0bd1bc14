"""The natural-frequency tree."""

import pytest

from nof1.core.errors import UsageError
from nof1.pictures.tree_charts import Branch, alert_tree, frequency_tree


def test_an_alert_tree_tells_the_share_of_true_alerts():
    made = alert_tree(1000, 20, 18, 88)
    assert "18 of the 106 people with an alert are ill" in made.description
    assert dict(made.table.rows)["healthy, no alert"] == 892
    assert made.svg.count("<rect") == 7


def test_parts_that_do_not_add_up_are_refused():
    with pytest.raises(UsageError):
        frequency_tree(Branch(10, "all", parts=(Branch(4, "a"), Branch(5, "b"))), "t", "s")


def test_words_are_escaped():
    made = frequency_tree(Branch(1, "<script>", parts=(Branch(1, "&"),)), "<b>", "s")
    assert "<script" not in made.svg
    assert "<b>" not in made.svg


def test_boxes_stay_inside_the_drawing():
    import re

    made = alert_tree(1000, 20, 18, 88)
    for x, wide in re.findall(r'<rect x="([\d.-]+)" y="[\d.]+" width="([\d.]+)"', made.svg):
        assert float(x) >= 0
        assert float(x) + float(wide) <= 344
