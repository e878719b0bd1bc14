"""The table of uses holds what the facts say, and no more."""

from nof1.knowledge.indications import NOT_INDICATED, indications
from nof1.medicines.repurposing.pairs import pairs


def test_the_table_is_that_of_the_facts():
    known = pairs()
    assert known.used.sum() == sum(row.kind != NOT_INDICATED for row in indications())
    assert known.refused.sum() == sum(row.kind == NOT_INDICATED for row in indications())
    assert not (known.used & known.refused).any()
    for row in indications()[::40]:
        place = known.medicines.index(row.medicine), known.diseases.index(row.disease)
        assert known.used[place] == (row.kind != NOT_INDICATED)


def test_the_curated_table_has_the_counts_of_the_source():
    # PharmacotherapyDB 1.0 by its own page: 755 disease-modifying and 390 symptomatic, 243 none.
    known = pairs(curated=True)
    assert known.used.sum() == 755 + 390
    assert known.refused.sum() == 243


def test_hiding_takes_uses_away_and_changes_nothing_else():
    known = pairs()
    fewer = known.without(known.used)
    assert fewer.used.sum() == 0
    assert (fewer.refused == known.refused).all()
