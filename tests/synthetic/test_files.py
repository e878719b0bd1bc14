import csv
import json

from nof1.synthetic.people import SITES
from synthetic.small_hospital import Small


def test_files_hold_as_many_resources_as_the_truth_says(small: Small) -> None:
    chart = small.truth.chart
    written = small.written.resources
    for kind, table in (
        ("Encounter", chart.encounters),
        ("Observation", chart.observations),
        ("Condition", chart.conditions),
        ("MedicationRequest", chart.medications),
        ("Procedure", chart.procedures),
        ("Immunization", chart.immunizations),
        ("AllergyIntolerance", chart.allergies),
        ("FamilyMemberHistory", chart.family),
        ("DiagnosticReport", chart.reports),
    ):
        counts = {site.name: len(small.resources(site.name, kind)) for site in SITES}
        assert counts == {site.name: written[site.name][kind] for site in SITES}
        assert sum(counts.values()) == len(table)
    assert sum(written[site.name]["Patient"] for site in SITES) == 400


def test_values_survive_the_way_through_the_files(small: Small) -> None:
    """Every final glucose of one SI site, converted back, is what the chart says."""
    ids = set(small.truth.patients.filter(site="site-d")["patient"])
    table = small.truth.chart.observations.filter(test="glucose")
    table = table.filter(table["patient"].is_in(ids))
    expected = dict(table.select("id", "value").iter_rows())
    found = {
        r["id"]: r["valueQuantity"]["value"]
        for r in small.resources("site-d", "Observation")
        if r["code"]["text"] == "Glucose"
    }
    assert found == expected
    assert 2 < sum(found.values()) / len(found) < 12  # mmol/L


def test_patients_carry_their_region_and_death(small: Small) -> None:
    regions = set(small.truth.around.regions)
    deaths = 0
    for site in SITES:
        for patient in small.resources(site.name, "Patient"):
            assert patient["address"][0]["district"] in regions
            assert patient["name"][0]["text"].startswith("Synthetic-")
            deaths += "deceasedDateTime" in patient
    assert deaths == small.truth.patients["death"].count() > 0


def test_everything_says_synthetic(small: Small) -> None:
    sources = small.written.folder / "sources"
    for folder in (small.written.folder, *small.written.sites.values()):
        assert "SYNTHETIC" in (folder / "README.txt").read_text()
    for path in sources.rglob("*.csv"):
        with path.open(newline="") as file:
            assert all("synthetic" in row["origin"] for row in csv.DictReader(file))


def test_the_truth_stays_outside_of_what_is_ingested(small: Small) -> None:
    truth = small.written.truth
    sources = small.written.folder / "sources"
    assert truth not in (sources, *sources.rglob("*"))
    content = json.loads((truth / "truth.json").read_text())
    assert content["planted"] == small.truth.planted
    assert content["resources"] == small.written.resources
    with (truth / "index_dates.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == len(small.truth.index_dates)
    with (truth / "genes.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == small.truth.sequenced.sum()
    inside = b"".join(p.read_bytes() for p in sources.rglob("*.csv"))
    assert b"propensity" not in inside
    assert b"risk" not in inside
