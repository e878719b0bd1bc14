"""Bands of kidney function: well-known limits, which measure, gaps, overlaps."""

import math
from itertools import pairwise

import pytest

from nof1.core.errors import InputError
from nof1.knowledge.base import Base
from nof1.knowledge.renal import TABLE, Band, at, bands, measures, of, unknown

HEADER = "\t".join(Band._fields) + "\n"
ROW = "aspirin\t\tegfr\t0\t30\tavoid\td\ttext\ts\tc"


# US labels, section 2 or 4, of the medicines named.
@pytest.mark.parametrize(
    ("drug", "measure", "value", "use", "action"),
    [
        ("metformin", "egfr", 29.9, "", "contraindicated"),
        ("metformin", "egfr", 30, "", "adjust"),
        ("metformin", "egfr", 45, "", None),
        ("dabigatran", "crcl", 29, "atrial fibrillation", "reduce"),
        ("rivaroxaban", "crcl", 40, "atrial fibrillation", "reduce"),
        ("edoxaban", "crcl", 100, "atrial fibrillation", "avoid"),
        ("edoxaban", "crcl", 80, "atrial fibrillation", None),
        ("apixaban", "creatinine", 1.6, "atrial fibrillation", "adjust"),
        ("apixaban", "creatinine", 1.4, "atrial fibrillation", None),
        ("nitrofurantoin", "crcl", 45, "", "contraindicated"),
        ("gabapentin", "crcl", 45, "", "reduce"),
        ("pregabalin", "crcl", 20, "", "reduce"),
        ("enoxaparin", "crcl", 25, "treatment", "interval"),
        ("fondaparinux", "crcl", 25, "", "contraindicated"),
        ("digoxin", "crcl", 40, "", "reduce"),
        ("lithium", "crcl", 25, "", "avoid"),
        ("spironolactone", "egfr", 25, "heart failure", "avoid"),
        ("ibuprofen", "egfr", 25, "", "avoid"),
        ("ibuprofen", "egfr", 50, "", "monitor"),
        ("ketorolac", "egfr", 25, "", "contraindicated"),
        ("glyburide", "egfr", 50, "", "avoid"),
        ("sitagliptin", "egfr", 40, "", "reduce"),
        ("canagliflozin", "egfr", 40, "", "reduce"),
        ("levetiracetam", "crcl", 40, "immediate release", "reduce"),
        ("alendronate", "crcl", 30, "", "avoid"),
        ("dofetilide", "crcl", 15, "", "contraindicated"),
        ("rosuvastatin", "crcl", 20, "", "reduce"),
        ("atorvastatin", "egfr", 10, "", None),
    ],
)
def test_well_known_limits(drug, measure, value, use, action):
    found = [band.action for band in at(drug, {measure: value}) if band.use == use]
    assert found == ([action] if action else [])


def test_the_label_says_which_measure():
    assert measures("metformin") == ("egfr",)
    assert measures("dabigatran") == measures("gabapentin") == ("crcl",)
    assert measures("apixaban") == ("crcl", "creatinine")
    assert measures("atorvastatin") == ()


def test_a_missing_measure_is_unknown_and_not_fine():
    assert unknown("dabigatran", {"egfr": 20.0}) == ("crcl",)
    assert unknown("dabigatran", {"crcl": None}) == ("crcl",)
    assert unknown("dabigatran", {"crcl": math.nan}) == ("crcl",)
    assert unknown("dabigatran", {"crcl": 80.0}) == ()
    assert at("dabigatran", {"egfr": 20.0, "crcl": None}) == ()


def test_a_medicine_with_rows_of_its_own_does_not_take_those_of_its_class():
    assert {band.drug for band in of("ketorolac")} == {"ketorolac"}
    assert {band.drug for band in of("RxNorm//5640")} == {"NSAID"}


def test_the_most_cautious_band_comes_first():
    actions = [band.action for band in at("eplerenone", {"crcl": 25.0})]
    assert actions == ["contraindicated", "contraindicated"]
    assert [band.action for band in at("dapagliflozin", {"egfr": 30.0})] == ["avoid"]


def test_the_lowest_function_is_never_left_out():
    """A gap reads as "no change": below the lowest band somebody would be told all is well."""
    lowest: dict[tuple[str, str], float] = {}
    for band in bands():
        key = (band.drug, band.measure)
        lowest[key] = min(band.low, lowest.get(key, math.inf))
    assert {key for key, low in lowest.items() if low and key[1] != "creatinine"} == set()


def test_bands_of_one_use_leave_no_hole_between_them():
    allowed = {("edoxaban", "atrial fibrillation")}  # reduced at 15 to 50, avoided above 95
    for one, after in pairwise(bands()):
        if one[:3] == after[:3] and one[:2] not in allowed:
            assert one.high == after.low, one


def test_less_function_is_never_treated_less_carefully():
    order = ("contraindicated", "avoid", "adjust", "reduce", "interval", "monitor")
    softer = {"adjust": 2, "reduce": 2, "interval": 2, "monitor": 3}
    for one, after in pairwise(bands()):
        if one[:3] == after[:3] and after.action != "avoid":
            ranks = [softer.get(band.action, order.index(band.action)) for band in (one, after)]
            assert ranks[0] <= ranks[1], one


def test_every_row_says_what_and_from_where():
    assert len({band.drug for band in bands()}) >= 40
    for band in bands():
        assert all((band.source, band.citation, band.text)), band
        assert band.action != "none", band
        assert band.detail or band.action in ("contraindicated", "avoid"), band


@pytest.mark.parametrize(
    "rows",
    [
        [ROW, ROW.replace("0\t30", "20\t40")],
        [ROW, ROW],
        [ROW.replace("egfr", "gfr")],
        [ROW.replace("0\t30", "30\t30")],
        [ROW.replace("0\t30", "low\t30")],
        [ROW.replace("0\t30", "-1\t30")],
        [ROW.replace("avoid", "reduce to")],
    ],
)
def test_a_damaged_table_is_refused(tmp_path, rows):
    (tmp_path / TABLE).write_text(HEADER + "\n".join(rows) + "\n")
    with pytest.raises(InputError):
        bands(Base(tmp_path))


def test_bands_that_only_touch_are_fine(tmp_path):
    (tmp_path / TABLE).write_text(HEADER + ROW + "\n" + ROW.replace("0\t30", "30\t") + "\n")
    low, high = bands(Base(tmp_path))
    assert not low.holds(30)
    assert high.holds(30)
    assert high.high == math.inf
