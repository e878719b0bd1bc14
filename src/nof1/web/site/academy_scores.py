"""How a learner reads cards: shares with intervals and counts; and the test in four sittings.

There is no grade on these pages, and nothing stands without its interval and its number of cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request, Response

from nof1.academy.cases import CHECKS
from nof1.academy.history import Exam, all_scores, exams, pairs_of
from nof1.academy.posterior import Share
from nof1.academy.practice import forgetting
from nof1.academy.profiles import picture
from nof1.academy.scores import UNPROVEN, Scores
from nof1.academy.sitting import CASES, SITTINGS, Sitting
from nof1.academy.spread import Said
from nof1.academy.trees import practice_tree
from nof1.learn.figures import Figure
from nof1.pictures.interval_charts import interval_bar
from nof1.pictures.model_charts import calibration
from nof1.pictures.picture import Picture
from nof1.pictures.tree_charts import Branch, frequency_tree
from nof1.web.access import guard
from nof1.web.site.academy_room import Academy, leaf, learner
from nof1.web.site.house import House
from nof1.web.site.page import Page, show

LOWER, HIGHER = "lower is better", "higher is better"
SHARES = (
    ("over_reliance", "Over-reliance",
     "you were right, the card was wrong, and you followed it", LOWER),
    ("under_reliance", "Under-reliance",
     "you were wrong, the card was right, and you stayed", LOWER),
    ("turned_away", "Turned away",
     "you and the card were right, and you changed your mind", LOWER),
    ("own_accuracy", "Right before the card",
     "your own act is what the true risk asks for", HIGHER),
    ("final_accuracy", "Right after the card",
     "your final act is what the true risk asks for", HIGHER),
    ("caught", "The telling check was opened", "of the cases with a fault", HIGHER),
    ("unchecked", "Accepted without any check", "of the cards that you accepted", LOWER),
)  # fmt: skip
TICKS = ((0.0, "0"), (0.5, "50"), (1.0, "100 of 100"))


def add(app: FastAPI, house: House, room: Academy) -> None:
    """Put the pages into the application."""

    @app.get("/academy/scores", include_in_schema=False)
    @guard.needs("read", "Academy")
    def scores(request: Request) -> Response:
        """Figures over everything answered so far."""
        return show(request, house, scores_page(house, room, learner(request)))

    @app.get("/academy/test", include_in_schema=False)
    @guard.needs("read", "Academy")
    def test(request: Request) -> Response:
        """The test of 48 cases: where it stands, and what came out."""
        return show(request, house, test_page(house, room, learner(request)))


def scores_page(house: House, room: Academy, name: str) -> Page:
    """Figures over the first answer to each case."""
    sittings = room.desk.sittings(name) if name else []
    found, repeated = all_scores(sittings)
    rows = share_rows(found)
    curve = forgetting(room.desk.pairs(name)) if name else []
    data = {**found.to_dict(), "repeated": repeated, "forgetting": curve}
    context = {
        "scores": found, "repeated": repeated, "rows": rows, "signals": signals(found),
        "chances": chances(found), "charts": charts(found), "unproven": UNPROVEN,
        "checks": checks(found), "seconds": found.seconds, "worth": found.worth,
        "curve": [{**one, "text": words(Share(**_share(one["right"])))} for one in curve],
    }  # fmt: skip
    flat = [
        {key: one[key] for key in ("name", "count", "of", "mean", "low", "high")} for one in rows
    ]
    return leaf(
        house, "academy-scores", "How you read cards", context, data, tables={"shares": flat}
    )


def test_page(house: House, room: Academy, name: str) -> Page:
    """The newest test; what came out once all four sittings are done."""
    sittings = room.desk.sittings(name) if name else []
    found = exams(sittings)
    newest = found[-1] if found else None
    going = room.desk.current(name) if name else None
    data: dict[str, Any] = {
        "schema": "nof1/academy-test/1", "cases": CASES * SITTINGS, "sittings": SITTINGS,
        "ready": room.ready, "tests": [_told(one) for one in found],
    }  # fmt: skip
    context = {
        **data, "newest": newest, "going": going.kind if going else None, "each": CASES,
        "result": result(newest, sittings) if newest and newest.complete else None,
        "unproven": UNPROVEN,
    }  # fmt: skip
    return leaf(house, "academy-test", "The test", context, data)


def _told(one: Exam) -> dict[str, Any]:
    """A test for programs; how many cards were wrong is told at its end, not before."""
    told = one.to_dict()
    return told if one.complete else {key: told[key] for key in ("begun", "done", "of", "complete")}


def result(one: Exam, sittings: Sequence[Sitting]) -> dict[str, Any]:
    """What a finished test shows: its figures, and what they mean where few cards are wrong."""
    tree = practice_tree(one.scores)
    pairs = pairs_of(own for own in sittings if own.kind == "test" and own.form == one.form)
    return {
        "rows": share_rows(one.scores), "signals": signals(one.scores), "words": tree["words"],
        "tree": frequency_tree(_branch(tree["root"]), "The same reader in practice", tree["words"]),
        "picture": picture(pairs)["words"], "faulty": one.scores.faulty, "cases": one.scores.cases,
    }  # fmt: skip


def _branch(node: dict[str, Any]) -> Branch:
    words_ = node["text"].replace(f"{node['count']:,} ", "")
    marked = node["text"] == "you accept"
    return Branch(node["count"], words_, marked, tuple(_branch(one) for one in node["children"]))


def share_rows(found: Scores) -> list[dict[str, Any]]:
    """Every share as a row: its name, what it counts, its interval in words and as a drawing."""
    rows = []
    for key, name, counts, better in SHARES:
        one: Share = getattr(found, key)
        texts = (f"{100 * one.mean:.0f}", f"{100 * one.low:.0f}", f"{100 * one.high:.0f}")
        drawn = interval_bar(
            name, (one.mean, one.low, one.high), texts, axis=(0, 1), ticks=TICKS
        )  # fmt: skip
        rows.append({
            "key": key, "name": name, "counts": counts, "better": better, "text": words(one),
            "picture": drawn if one.of else None, "count": one.count, "of": one.of,
            "mean": one.mean, "low": one.low, "high": one.high,
        })  # fmt: skip
    return rows


def words(one: Share) -> str:
    """The interval, then the count; "no case yet" of nothing."""
    return one.text() if one.of else "no case yet"


def signals(found: Scores) -> list[dict[str, Any]]:
    """d' and c in words, with a drawing."""
    return [
        _signal("Telling right cards from wrong ones (d′)", found.d_prime, (-1, 4),
                ((0.0, "cannot tell"), (4.0, "4")), "higher is better; 0 cannot tell them apart"),
        _signal("Leaning (c)", found.bias_c, (-3, 3),
                ((-3.0, "accepts readily"), (3.0, "rejects readily")),
                "0 leans to neither side; neither end is good"),
    ]  # fmt: skip


Ticks = tuple[tuple[float, str], ...]


def _signal(
    name: str, one: Figure, axis: tuple[float, float], ticks: Ticks, says: str
) -> dict[str, Any]:
    if one.value is None or one.low is None or one.high is None:
        return {"name": name, "text": one.note, "picture": None, "says": says}
    numbers = (one.value, one.low, one.high)
    value, low, high = (f"{number:.1f}".replace("-", "\u2212") for number in numbers)
    drawn = interval_bar(
        name, numbers, (value, low, high), axis=axis, ticks=ticks, reference=0.0
    )  # fmt: skip
    return {"name": name, "text": f"{low} to {high}, about {value}", "picture": drawn, "says": says}


def chances(found: Scores) -> list[dict[str, str]]:
    """Brier score and distance from the truth, before and after the card."""
    told = (
        ("Brier score (0 is perfect, 0.25 is what “50 of 100” always gets)", found.brier, 1, 3),
        ("Mean distance from the true chance, of 100", found.distance, 100, 0),
    )
    return [
        {"name": name, **{
            when: _figure(one, factor, digits)
            for when, one in zip(("before", "after"), two, strict=True)}}
        for name, two, factor, digits in told
    ]  # fmt: skip


def _figure(one: Figure, factor: float, digits: int) -> str:
    if one.value is None or one.low is None or one.high is None:
        return one.note
    value, low, high = (
        f"{factor * number:.{digits}f}" for number in (one.value, one.low, one.high)
    )
    return f"{low} to {high}, about {value}"


def charts(found: Scores) -> list[Picture]:
    """Calibration of the learner's own chances, before and after the card."""
    titles = ("Your chances before the card", "Your chances after the card")
    made = []
    for title, side in zip(titles, found.said, strict=True):
        rows = [_bin(one) for one in side if one.happened.of]
        if rows:
            made.append(calibration(rows, title))
    return made


def _bin(one: Said) -> dict[str, Any]:
    return {
        "predicted": one.said, "observed": one.happened.mean, "low": one.happened.low,
        "high": one.happened.high, "rows": one.happened.of,
    }  # fmt: skip


def checks(found: Scores) -> list[dict[str, Any]]:
    """How often each check was opened, all of them, also those never opened."""
    return [
        {"check": label, "opened": found.checks.get(key, 0), "of": found.cases}
        for key, label in CHECKS.items()
    ]


def _share(told: dict[str, Any]) -> dict[str, Any]:
    return {key: told[key] for key in ("count", "of", "mean", "low", "high", "level")}
