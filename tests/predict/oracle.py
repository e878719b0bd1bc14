"""The slow, obvious truth about windowed features: plain Python, one feature at a time.

An event is a tuple (time, code, number, recorded): datetimes without a zone, ``time`` None for a
static fact, ``number`` a float or None, ``recorded`` None for "at ``time``". The events stand in
the order of the table.
"""

import math
from datetime import timedelta

NAN = float("nan")


def is_known(event, at):
    """Whether an event may be used at a time."""
    time, _, _, recorded = event
    return (time is None or time <= at) and (recorded is None or recorded <= at)


def in_window(event, at, window):
    """Whether a timed event lies in the window that ends at ``at``."""
    if window == "full":
        return True
    hours = int(window[:-1]) * {"h": 1, "d": 24}[window[-1]]
    return at - event[0] < timedelta(hours=hours)


def is_number(number):
    """Whether a value counts as a number."""
    return number is not None and math.isfinite(number)


def latest(events):
    """The event with the latest time; at one time the last of the table."""
    best = events[0]
    for event in events[1:]:
        if event[0] >= best[0]:
            best = event
    return best


def aggregate(events, name, at):
    """One aggregate over the events of one code in one window."""
    numeric = [event for event in events if is_number(event[2])]
    numbers = [event[2] for event in numeric]
    if name == "count":
        return len(events)
    if name == "value_count":
        return len(numbers)
    if name == "value_sum":
        return math.fsum(numbers)
    if name == "value_sum_sq":
        return math.fsum(number * number for number in numbers)
    if name == "value_min":
        return min(numbers) if numbers else NAN
    if name == "value_max":
        return max(numbers) if numbers else NAN
    if name == "value_last":
        return latest(numeric)[2] if numeric else NAN
    if name == "time_since_last":
        return (at - latest(events)[0]) / timedelta(days=1) if events else NAN
    raise ValueError(name)


def windowed(events, at, code, window, name):
    """One windowed feature."""
    chosen = [
        event
        for event in events
        if event[0] is not None
        and event[1] == code
        and is_known(event, at)
        and in_window(event, at, window)
    ]
    return aggregate(chosen, name, at)


def age_years(events, at):
    """Age from the first birth that is known."""
    births = [e[0] for e in events if e[1] == "MEDS_BIRTH" and e[0] is not None and is_known(e, at)]
    return (at - min(births)) / timedelta(days=365.25) if births else NAN


def static_numbers(events, at, code):
    """The known static facts of a code: their numbers (or None), in the order of the table."""
    return [e[2] for e in events if e[0] is None and e[1] == code and is_known(e, at)]


def features(events, at, spec):
    """All features of one patient at one time, in the order of ``spec.columns``."""
    row = [age_years(events, at)] if spec.age else []
    row += [1.0 if static_numbers(events, at, code) else 0.0 for code in spec.static_codes]
    for code in spec.static_values:
        numbers = [number for number in static_numbers(events, at, code) if is_number(number)]
        row.append(numbers[-1] if numbers else NAN)
    for code in spec.codes:
        for window in spec.windows:
            row += [windowed(events, at, code, window, name) for name in spec.aggregates]
    return [float(value) for value in row]


def size(events):
    """The sum of all magnitudes: what an error of rounding in a sum is measured against."""
    numbers = [abs(event[2]) for event in events if is_number(event[2])]
    return math.fsum(numbers) + math.fsum(number * number for number in numbers)


def mismatches(expected, got, columns, scale):
    """Columns that differ: sums by more than rounding of ``scale``, all others at all."""
    wrong = []
    for column, left, right in zip(columns, expected, got, strict=True):
        if math.isnan(left) or math.isnan(right):
            same = math.isnan(left) and math.isnan(right)
        elif column.endswith(("/value_sum", "/value_sum_sq")):
            same = abs(left - right) <= 1e-12 * scale
        elif column == "age_years":
            same = math.isclose(left, right, rel_tol=1e-12)
        else:
            same = left == right
        if not same:
            wrong.append(column)
    return wrong
