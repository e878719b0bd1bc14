"""What was not checked is said; what rests on missing data does not count as checked."""

from findings import risk
from hook_samples import AT
from nof1.advice.hooks.coverage import Coverage, narrowed, of_findings, speaks
from nof1.advice.hooks.prefetch import Gap
from nof1.advice.orders.shapes import Checked
from nof1.core.finding import Coding, Kind, Status

GAP = Gap("allergies", ("allergies",), "not sent", "send it")
LABS = Gap("laboratory", ("renal", "models"), "only a page", "send all")
RAN = (Checked("allergies", "aspirin", "checked"), Checked("age", "aspirin", "checked"))


def test_a_check_on_missing_data_is_no_check():
    found = narrowed(RAN, [GAP])
    assert found[0] == Checked("allergies", "aspirin", "not_checked", "not sent", "send it")
    assert found[1] == RAN[1]


def test_a_gap_of_a_family_that_nobody_ran_is_told_too():
    families = {one.family: one.state for one in narrowed(RAN, [LABS])}
    assert families["renal"] == families["models"] == "not_checked"


def test_the_reason_of_the_check_itself_is_kept():
    own = Checked("allergies", "aspirin", "not_checked", "unknown entry", "ask")
    (found,) = narrowed([own], [GAP])
    assert (found.reason, found.resolve) == ("not sent. unknown entry", "ask")


def test_no_gap_changes_nothing():
    assert narrowed(RAN, []) == RAN


def test_a_view_tells_of_every_room_also_of_silent_ones():
    held = risk(status=Status.WITHHELD, value=None, reason="failed its gate", resolve="retrain")
    found = of_findings([risk(), held])
    states = [(one.family, one.state) for one in found]
    assert states[:2] == [("models", "checked"), ("models", "not_checked")]
    silent = {family for family, state in states[2:] if state == "not_checked"}
    assert silent == {"genes", "imaging", "region"}  # medicines: ``orders.standing``
    assert all(one.reason and one.resolve for one in found if one.state == "not_checked")


def test_no_number_from_half_of_a_record():
    assert speaks(risk(), [])
    assert speaks(risk(), [GAP])
    assert not speaks(risk(), [LABS])
    advice = risk(
        kind=Kind.MEDICATION, value=None, reason="CYP2C19", what=Coding(code="x", display="y")
    )
    assert speaks(advice, [LABS])
    assert not speaks(risk(kind=Kind.GENOTYPE), [])
    assert not speaks(risk(status=Status.EXCLUDED), [])


def test_the_extension_has_no_empty_part():
    data = Coverage(narrowed(RAN, [GAP]), hidden=2).to_dict(AT, "prefetch", synthetic=False)
    assert data["asOf"] == "2024-05-01T12:00:00Z"
    assert data["notShown"] == 2
    assert data["notChecked"] == [
        {"family": "allergies", "subject": "aspirin", "reason": "not sent", "resolve": "send it"}
    ]
    whole = Coverage(RAN).to_dict(AT, "record", synthetic=True)
    assert "notChecked" not in whole
    assert "notShown" not in whole
