"""The cohort compiler again, slow and obvious: plain Python over a list of events.

An event is (subject, time, recorded, code, number); times are datetimes or None.
"""

import math
from datetime import datetime, timedelta

from nof1.record.events import BIRTH, DEATH

DAY = timedelta(days=1)


def days(number):
    return timedelta(days=number)


def known(event):
    times = [time for time in (event[1], event[2]) if time is not None]
    return max(times) if times else datetime.min


def named(events, rule, codes):
    found = []
    for event in events:
        if event[3] not in codes[rule.codes]:
            continue
        number = event[4]
        if rule.above is not None and not (number is not None and number > rule.above):
            continue
        found.append(event)
    return found


def index_times(task, events, codes, first, last):
    if task.index.on is not None:
        at = datetime(task.index.on.year, task.index.on.month, task.index.on.day)
        return [at] if first and first <= at <= last else []
    if task.index.event is None:
        births = [e[1] for e in events if e[3] == BIRTH and e[1]]
        if not births or not first:
            return []
        at = min(births) + days(365.25 * task.index.age_years)
        return [at] if first <= at <= last else []
    times = sorted({known(e) for e in named(events, task.index.event, codes) if e[1]})
    if not times or task.index.which == "every":
        return times
    return [times[0] if task.index.which == "first" else times[-1]]


def has(events, history, codes, index):
    for event in named(events, history.event, codes):
        if known(event) > index:
            continue
        if event[1] is None:
            if history.from_days is None:
                return True
            continue
        late_enough = history.from_days is None or event[1] > index + days(history.from_days)
        if late_enough and event[1] <= index + days(history.to_days):
            return True
    return False


def eligible(task, events, codes, index, first):
    rules = task.eligibility
    births = [e[1] for e in events if e[3] == BIRTH and e[1]]
    age = (index - min(births)) / days(365.25) if births else None
    if rules.min_age_years is not None and (age is None or age < rules.min_age_years):
        return False
    if rules.max_age_years is not None and (age is None or age >= rules.max_age_years + 1):
        return False
    sexes = {e[3].removeprefix("GENDER//") for e in events if e[3].startswith("GENDER//")}
    if rules.sex and not (len(sexes) == 1 and sexes <= set(rules.sex)):
        return False
    if index - first < days(rules.history_days):
        return False
    if not all(has(events, each, codes, index) for each in rules.must_have):
        return False
    return not any(has(events, each, codes, index) for each in rules.must_not_have)


def observation_end(task, events, codes, at, last, death):
    rules = task.censoring
    if rules.until:
        end = datetime(rules.until.year, rules.until.month, rules.until.day)
    elif rules.end:
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
        marks = [e[1] for e in events if e[3] in codes[rules.end] and e[1] and e[1] >= midnight]
        end = min(marks) if marks else death
    else:
        end = last
    if end is not None and death is not None:
        end = min(end, death)
    return end


def row(task, events, codes, index):
    """One labelled row, or None."""
    times = [e[1] for e in events if e[1] and e[3] != BIRTH]
    first, last = min(times), max(times)
    if not eligible(task, events, codes, index, first):
        return None
    at = index + days(task.prediction_offset_days)
    deaths = [e[1] for e in events if e[3] == DEATH and e[1]]
    death = min(deaths) if deaths else None
    if death is not None and death <= at:
        return None
    end = observation_end(task, events, codes, at, last, death)
    if end is None:
        return None
    is_date = end == end.replace(hour=0, minute=0, second=0, microsecond=0)
    open_until = end + DAY - timedelta(microseconds=1) if is_date else end
    if open_until < at:
        return None
    start = at + days(task.time_at_risk.start_days)
    outcomes = named(events, task.outcome, codes)
    if task.prior_outcome == "exclude":
        if any(known(e) <= at for e in outcomes):
            return None
        if any(e[1] and at < e[1] <= start for e in outcomes):
            return None
    limit = open_until
    if math.isfinite(task.time_at_risk.end_days):
        limit = min(limit, at + days(task.time_at_risk.end_days))
    happened = []
    rules = [task.outcome, *(each.event for each in task.competing)]
    for cause, rule in enumerate(rules, start=1):
        times = [e[1] for e in named(events, rule, codes) if e[1]]
        if cause > 1 and any(at < time <= start for time in times):
            return None
        after = [time for time in times if time > start]
        if after and min(after) <= limit:
            happened.append((min(after), cause))
    when, cause = min(happened) if happened else (None, 0)
    return finish(task, at, start, end, open_until, death, when, cause)


def finish(task, at, start, end, open_until, death, when, cause):
    full = (
        at + days(task.time_at_risk.end_days) if math.isfinite(task.time_at_risk.end_days) else None
    )
    if task.kind == "survival":
        if not (end > start or cause):
            return None
        stop = when or (min(full, end) if full else end)
        return (at, None, cause, max((stop - at) / DAY, 0))
    if cause > 1 and task.censoring.competing_event == "exclude":
        return None
    complete = open_until >= full or end == death
    policy = task.censoring.incomplete_follow_up
    if policy == "exclude" and not (cause or complete):
        return None
    stop = when or (full if policy == "negative" else min(full, end))
    return (at, int(cause == 1), cause, max((stop - at) / DAY, 0))


def cohort(task, events, codes):
    """Rows (subject, prediction time, label, cause, duration in days), sorted."""
    rows = []
    for subject in sorted({event[0] for event in events}):
        mine = [event for event in events if event[0] == subject]
        times = [e[1] for e in mine if e[1] and e[3] != BIRTH]
        first, last = (min(times), max(times)) if times else (None, None)
        for index in index_times(task, mine, codes, first, last):
            found = row(task, mine, codes, index)
            if found:
                rows.append((subject, *found))
    return rows
