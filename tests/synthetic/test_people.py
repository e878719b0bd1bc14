import numpy as np

from nof1.synthetic.people import SITES, people, site_of_each

START = np.datetime64("2019-01-01")


def test_sites_get_their_shares() -> None:
    counts = np.bincount(site_of_each(1000, SITES))
    assert counts.tolist() == [300, 220, 200, 160, 120]


def test_people_are_numbered_within_their_site() -> None:
    everybody = people(np.random.default_rng(1), 50, SITES, START, np.zeros(40))
    names = everybody.identifiers()
    assert names[0] == "Synthetic-a-0001"
    assert names[15] == "Synthetic-b-0001"
    assert len(set(names)) == 50


def test_sites_differ_and_lifestyle_follows_deprivation() -> None:
    z = np.repeat([-1.0, 1.0], 20)
    everybody = people(np.random.default_rng(1), 20_000, SITES, START, z)
    ages = [everybody.age_years[everybody.site == site].mean() for site in range(5)]
    assert ages[1] - ages[4] > 6
    poor = z[everybody.region] > 0
    smokes = everybody.smoking == 2
    assert smokes[poor].mean() > smokes[~poor].mean() + 0.1
    assert (
        everybody.activity_min_per_week[poor].mean() < everybody.activity_min_per_week[~poor].mean()
    )
    assert set(np.unique(everybody.audit_c)) <= set(range(13))
