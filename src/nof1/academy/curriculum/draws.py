"""The numbers of exercises: how they are drawn, and the steps from them to the answer.

Each kind of ``exercises.KINDS`` has a function that draws (from a seeded source of chance) and one
that solves. Numbers carry the names that a lesson's text uses; shares are in per cent.
"""

from __future__ import annotations

from random import Random
from typing import Any

from nof1.academy.curriculum import answers
from nof1.pictures.patient_charts import icon_array
from nof1.pictures.picture import Picture
from nof1.pictures.tree_charts import alert_tree

Numbers = dict[str, Any]


def share_of_people(chance: Random) -> Numbers:
    """A risk in per cent, and a number of people."""
    percent = chance.choice([4, 6, 8, 12, 14, 18, 22, 26])
    return {"percent": percent, "people": chance.choice([50, 150, 200, 300, 500])}


def icons(n: Numbers) -> Picture:
    """The risk as people of 100."""
    return icon_array(n["percent"], n["percent"], n["percent"])


def more_people(chance: Random) -> Numbers:
    """A starting count of 1,000 and a relative change in per cent."""
    base = chance.choice([4, 8, 12, 20, 40])
    return {"base": base, "percent": chance.choice([25, 50, 75, 100]), "of": 1000}


def test(chance: Random, ill: tuple[int, ...]) -> Numbers:
    """A test, and how many of 1,000 people are ill."""
    return {
        "people": 1000,
        "ill": chance.choice(ill),
        "sensitivity": chance.choice([80, 90, 95]),
        "specificity": chance.choice([85, 90, 91, 95]),
    }


def tested(n: Numbers) -> Numbers:
    """Expected people of the four groups, rounded so that they add up, and shares of 100."""
    split = answers.alerts(n["people"], n["ill"], n["sensitivity"] / 100, n["specificity"] / 100)
    found, false = round(split.found), round(split.false_alarms)
    return {
        "found": found,
        "missed": n["ill"] - found,
        "healthy": n["people"] - n["ill"],
        "false": false,
        "alerts": found + false,
        "ppv": 100 * split.share,
        "answer": 100 * split.share,
    }


def tree(n: Numbers) -> Picture:
    """The tree of the numbers of a test."""
    return alert_tree(n["people"], n["ill"], n["found"], n["false"])


def quiet(n: Numbers) -> Numbers:
    """The ill people who get no alert."""
    return {**tested(n), "answer": tested(n)["missed"]}


def two_places(chance: Random) -> Numbers:
    """A test in a clinic, and the ill people of another place."""
    return {**test(chance, (200, 300, 400)), "here": chance.choice([20, 40, 50])}


def fewer_here(n: Numbers) -> Numbers:
    """Of 100 alerts in the other place, those that are true."""
    there, here = tested(n), tested({**n, "ill": n["here"]})
    return {"there_ppv": there["ppv"], "here_ppv": here["ppv"], "answer": here["ppv"]} | {
        "found": here["found"],
        "alerts": here["alerts"],
        "false": here["false"],
    }


def tree_here(n: Numbers) -> Picture:
    """The tree of the other place."""
    return alert_tree(n["people"], n["here"], n["found"], n["false"])


def group(chance: Random) -> Numbers:
    """People who were told one risk, and how many of them had the event."""
    percent, people = chance.choice([5, 10, 15, 20, 30]), chance.choice([200, 300, 400, 600])
    said = percent * people // 100
    return {
        "percent": percent,
        "people": people,
        "ill": said + round(said * chance.choice([-0.4, 0.3, 0.5, 0.8])),
    }


def group_gap(n: Numbers) -> Numbers:
    """How many more had the event than were promised."""
    said = n["people"] * n["percent"] / 100
    return {"said": said, "observed": 100 * n["ill"] / n["people"], "answer": n["ill"] - said}


def slip(chance: Random) -> Numbers:
    """A shown risk whose odds are 1.6 times too high."""
    return {"shown": chance.choice([15, 20, 25, 30, 40, 50]), "factor": 1.6}


def unslipped(n: Numbers) -> Numbers:
    """The risk behind it."""
    return {
        "shown_odds": answers.odds(n["shown"] / 100),
        "odds": answers.odds(n["shown"] / 100) / n["factor"],
        "answer": 100 * answers.unslip(n["shown"] / 100, n["factor"]),
    }


def two_answers(chance: Random) -> Numbers:
    """Two chances that were said, and what happened."""
    first, second = chance.choice([60, 70, 80, 90]), chance.choice([10, 20, 30, 40])
    return {"first": first, "second": second, "happened": chance.choice([0, 1])}


def brier(n: Numbers) -> Numbers:
    """The Brier score of two answers."""
    happened = n["happened"]
    parts = [(n["first"] / 100 - happened) ** 2, (n["second"] / 100) ** 2]
    return {
        "outcome": "happened" if happened else "did not happen",
        "first_part": parts[0],
        "second_part": parts[1],
        "answer": answers.brier([n["first"] / 100, n["second"] / 100], [happened, 0]),
    }


def covered(chance: Random) -> Numbers:
    """A level of ranges, and a number of patients."""
    return {"level": chance.choice([80, 90, 95]), "patients": chance.choice([40, 60, 80, 200])}


def width(chance: Random) -> Numbers:
    """A range of 100, and a number of people."""
    low = chance.choice([4, 6, 8, 10])
    return {
        "low": low,
        "high": low + chance.choice([5, 8, 10, 14]),
        "people": chance.choice([100, 200, 300]),
    }


def plausible(chance: Random) -> Numbers:
    """The plausibility of both answers, and the allowed error."""
    pairs = [(0.42, 0.31), (0.55, 0.04), (0.03, 0.61), (0.04, 0.02), (0.2, 0.12), (0.06, 0.08)]
    ill, healthy = chance.choice(pairs)
    return {"ill": ill, "healthy": healthy, "error": 0.1}


def harms(chance: Random) -> Numbers:
    """How much worse missing is than acting for nothing."""
    return {"times": chance.choice([3, 4, 7, 9, 19])}


def decision(chance: Random) -> Numbers:
    """What a model finds, what it does needlessly, and a threshold."""
    found = chance.choice([30, 40, 50, 60])
    false = chance.choice([60, 80, 120, 160])
    return {"people": 1000, "found": found, "false": false, "at": chance.choice([10, 20, 25])}


def benefit(n: Numbers) -> Numbers:
    """The net benefit of a decision."""
    at = n["at"] / 100
    return {
        "weight": answers.odds(at),
        "cost": n["false"] * answers.odds(at),
        "answer": answers.net_benefit(n["found"], n["false"], at),
    }


def everybody(chance: Random) -> Numbers:
    """The ill people of 1,000, and a threshold."""
    return {
        "people": 1000,
        "found": chance.choice([80, 120, 150, 200]),
        "at": chance.choice([10, 20, 25]),
    }


def benefit_of_all(n: Numbers) -> Numbers:
    """The net benefit of acting on everybody."""
    n = {**n, "false": n["people"] - n["found"]}
    return {"false": n["false"], **benefit(n)}


def moved(chance: Random) -> Numbers:
    """A shown risk, and the base rates of two places."""
    return {
        "shown": chance.choice([20, 30, 40, 50]),
        "there": 20,
        "here": chance.choice([5, 8, 10]),
    }


def corrected(n: Numbers) -> Numbers:
    """The risk for the base rate of this place."""
    there, here = (answers.odds(n[place] / 100) for place in ("there", "here"))
    odds = answers.odds(n["shown"] / 100)
    return {
        "shown_odds": odds,
        "ratio": here / there,
        "odds": odds * here / there,
        "answer": 100 * answers.moved(n["shown"] / 100, n["there"] / 100, n["here"] / 100),
    }


def creatinine(chance: Random) -> Numbers:
    """A creatinine in mg/dL."""
    return {"value": chance.choice([0.7, 0.9, 1.1, 1.4, 1.8, 2.3])}


def reasons(chance: Random) -> Numbers:
    """A usual risk, and three factors on its odds."""
    return {
        "start": chance.choice([5, 10, 20]),
        "first": chance.choice([2, 3]),
        "second": chance.choice([1.5, 2]),
        "third": chance.choice([0.5, 0.8]),
    }


def after(n: Numbers) -> Numbers:
    """The risk after all reasons."""
    factors = [n["first"], n["second"], n["third"]]
    end = answers.after_reasons(n["start"] / 100, factors)
    return {
        "start_odds": answers.odds(n["start"] / 100),
        "odds": answers.odds(end),
        "answer": 100 * end,
    }


def without(n: Numbers) -> Numbers:
    """The risk without the first reason."""
    end = answers.after_reasons(n["start"] / 100, [n["second"], n["third"]])
    return {**after(n), "with_it": after(n)["answer"], "answer": 100 * end}


def points(chance: Random) -> Numbers:
    """Vignettes, and points of accuracy that were lost."""
    return {"vignettes": chance.choice([100, 200, 300, 500]), "points": 11.3}


def overrides(chance: Random) -> Numbers:
    """Alerts of a month, the share that is real, and the share overridden."""
    return {
        "alerts": chance.choice([200, 400, 500, 800]),
        "real": chance.choice([5, 10, 15]),
        "overridden": chance.choice([80, 90, 95]),
    }


def lost(n: Numbers) -> Numbers:
    """Real alerts that are overridden by those who do not look."""
    real = n["alerts"] * n["real"] / 100
    return {"real_ones": real, "answer": real * n["overridden"] / 100}


def minutes(chance: Random) -> Numbers:
    """Alerts a day, and seconds for each."""
    return {"a_day": chance.choice([30, 60, 90, 120]), "seconds": chance.choice([6, 8, 10])}


def counted(chance: Random) -> Numbers:
    """Cases so far, and the share that is usually in by now."""
    return {"so_far": chance.choice([36, 54, 60, 72, 90]), "share": chance.choice([30, 40, 45, 60])}


def dip(chance: Random) -> Numbers:
    """A true weekly count, and the share of the last week that is reported."""
    return {"week": chance.choice([120, 200, 240]), "share": chance.choice([40, 50, 55, 70])}


def fallen(n: Numbers) -> Numbers:
    """By how much the curve seems to fall."""
    shown = n["week"] * n["share"] / 100
    return {"shown": shown, "answer": 100 * (1 - shown / n["week"])}


def outside(chance: Random) -> Numbers:
    """Weeks, the promised level, and the level that was held."""
    return {
        "weeks": chance.choice([52, 104, 200]),
        "level": 95,
        "held": chance.choice([82, 83, 90, 92]),
    }


def strata(chance: Random) -> Numbers:
    """Series that are watched, and the chance of a false alarm."""
    return {"series": chance.choice([200, 500, 1000, 2000]), "level": chance.choice([0.5, 1, 2.5])}


def alarms(chance: Random) -> Numbers:
    """The same, with real outbreaks."""
    return {**strata(chance), "real": chance.choice([2, 4, 5, 8])}


def real_share(n: Numbers) -> Numbers:
    """Of 100 alarms, those that are real."""
    quiet = n["series"] - n["real"]
    share = answers.alarm_share(n["real"], quiet, n["level"] / 100)
    return {"quiet": quiet, "false": quiet * n["level"] / 100, "answer": 100 * share}


def towns(chance: Random) -> Numbers:
    """Cases in a town, and its people."""
    return {"cases": chance.choice([2, 3, 4]), "people": chance.choice([4000, 5000, 8000, 20000])}


def one_more(n: Numbers) -> Numbers:
    """What one more case does to the rate."""
    now, then = (answers.rate(n["cases"] + more, n["people"]) for more in (0, 1))
    return {"rate": now, "then": then, "answer": then - now}


def rows(chance: Random) -> Numbers:
    """Rows of a patient, and the share for training."""
    return {"rows": chance.choice([2, 3, 4, 6]), "training": 80}


def settings(chance: Random) -> Numbers:
    """Useless settings that are tried, and the chance that one wins."""
    return {"settings": chance.choice([5, 10, 20, 40]), "level": 5}


def events(chance: Random) -> Numbers:
    """Days of events around day 0, and how far back a model looks."""
    days = sorted([*chance.sample(range(-500, 60, 7), 7), 0])
    return {
        "days": ", ".join(f"{day:+d}" if day else "0" for day in days),
        "back": 365,
        "list": days,
    }


def judged(chance: Random) -> Numbers:
    """A calibration slope, and the coverage that was held."""
    slope, held = (
        chance.choice([0.78, 0.94, 1.02, 1.08, 1.24]),
        chance.choice([85.2, 89.1, 90.6, 91.2]),
    )
    return {"slope": slope, "held": held, "aim": 90}


def sum(chance: Random) -> Numbers:
    """A total of two sites, and the own part."""
    own = chance.choice([31, 48, 57, 83])
    return {"own": own, "total": own + chance.choice([4, 9, 17, 26])}


def budget(chance: Random) -> Numbers:
    """A privacy budget, and the cost of one training."""
    return {"budget": chance.choice([4, 6, 8, 10]), "each": chance.choice([0.8, 1.5, 2.5])}
