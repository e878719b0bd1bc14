from nof1.federation.manifest import Privacy
from nof1.federation.private.card import silenced, words
from nof1.federation.private.plan import Plan
from nof1.federation.private.verdict import judged
from private_samples import GROUPS, alone, nothing, table


def test_the_words_name_what_it_cost_and_against_whom_it_holds():
    total = alone(nothing, 5, 2)
    total.releases = 12
    said = words(Privacy(3.0, 1e-5), Plan.of(3.0, 1e-5), total)
    for part in ("epsilon 3 at delta 1e-05", "one patient at one site", "12 masked", "2 of 5"):
        assert part in said


def test_a_site_that_found_leakage_has_a_card_that_fails():
    passed = judged(table(6000, 2.0), GROUPS, 30.0, 0).gate
    assert passed.passed
    silent = silenced(passed)
    assert not silent.passed
    assert silent.failed == ("leakage",)
