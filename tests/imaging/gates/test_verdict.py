"""The verdict that decides is the gravest."""

from nof1.imaging.gates.verdict import Verdict, worst


def test_a_refusal_comes_before_a_doubt():
    passed = Verdict(gate="quality", status="passed")
    doubt = Verdict(gate="population", status="not validated", code="age")
    refusal = Verdict(gate="domain", status="refused", code="foreign_network")
    assert worst((passed, doubt, refusal)) is refusal
    assert worst((passed, doubt)) is doubt
    assert worst((passed,)) is None
    assert doubt.to_dict()["code"] == "age"
