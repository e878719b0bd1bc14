"""Teaching cases and answers made by hand, for the tests of what is measured."""

from datetime import UTC, datetime, timedelta

from nof1.academy.answers import Answer, Choice
from nof1.academy.cases import CHECKS, Case, Lab, Truth, Vignette
from nof1.core.finding import Basis, Coding, Finding, Interval, Kind, Status, Subject, Value

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)


def later(seconds=0.0, days=0):
    return NOW + timedelta(seconds=seconds, days=days)


def card(risk):
    """A card as the engine writes it, about nobody."""
    return Finding(
        subject=Subject(id="invented"),
        as_of=NOW,
        kind=Kind.RISK,
        what=Coding(code="heart_attack", display="Heart attack"),
        status=Status.FOUND,
        basis=Basis(kind="model", id="m", version="1", content_hash="0",
                    knowledge_date="2026-01-01", validated_in="invented people"),
        value=Value(amount=risk, unit="1", interval=Interval(low=risk, high=risk, level=0.9)),
        synthetic=True,
    ).to_dict()  # fmt: skip


def case(name="c1", *, right=True, faulty=False, topic=None, outcome=False, threshold=0.2,
         catches="units"):  # fmt: skip
    """A case whose right act is ``right``; its card is wrong when ``faulty``."""
    high, low = 0.4, 0.1
    advised = right != faulty
    return Case(
        id=name,
        topic=topic or ("unit-slip" if faulty else "none"),
        faulty=faulty,
        question="Would you act at 20 of 100?",
        vignette=Vignette(age=70, sex="female", problems=["angina"], medicines=["aspirin"],
                          labs=[Lab(name="LDL", value=3.0, unit="mmol/L", low=None, high=2.0,
                                    day="2026-11-01")], note="Invented."),
        card=card(high if advised else low),
        threshold=threshold,
        advised=advised,
        truth=Truth(risk=high if right else low, right=right, outcome=outcome),
        evidence={check: f"SHOWN-{check}" for check in CHECKS},
        catches=catches,
        explain="EXPLAINED",
    )  # fmt: skip


def answer(of, before, after, *, move=None, checks=(), seconds=30.0, p=(0.3, 0.3), at=NOW):
    """An answer with two acts (True: act) and two chances."""
    move = move or ("accept" if after == of.advised else "reject")
    return Answer(
        case=of.id, before=Choice(act=before, probability=p[0]),
        after=Choice(act=after, probability=p[1]), move=move, checks=tuple(checks),
        check_seconds=(1.0,) * len(checks), seconds=seconds, at=at.isoformat(),
    )  # fmt: skip


def bank(count=48, faulty=20):
    """A form: every third case asks to act."""
    return [case(f"c{i}", right=i % 3 == 0, faulty=i < faulty,
                 topic=("unit-slip", "leakage")[i % 2] if i < faulty else None)
            for i in range(count)]  # fmt: skip


def follow(desk, name, of, *, own=True, final=True, seconds=10):
    """One case from question to the next one; own and final act as given."""
    now = later(seconds)
    desk.own(name, of.id, own, 0.3, now)
    move = "accept" if final == of.advised else "reject"
    desk.final(name, of.id, final, 0.3, move, now + timedelta(seconds=5))
    return desk.learn(name, of.id, "look twice", now + timedelta(seconds=9))
