"""The quality report as a plain table for the terminal, 80 columns wide."""

from __future__ import annotations

import textwrap
from itertools import groupby

from nof1.record.quality.problem import Problem, number_text
from nof1.record.quality.report import QualityReport

MARKS = {"critical": "!!", "warning": "! ", "info": "i "}
WIDTH = 80


def table(report: QualityReport, per_check: int = 3) -> str:
    """All checks, the worst first; of each check the worst ``per_check`` places.

    No line is longer than 80 characters, no count of 1 to 4 is shown.
    """
    totals, counts = report.totals(), report.counts()
    lines = [
        f"Data quality on {report.as_of:%Y-%m-%d}" + ("   SYNTHETIC DATA" * report.synthetic),
        "   ".join(
            f"{number_text(n) if name == 'patients' else f'{n:,}'} {name[:-1] if n == 1 else name}"
            for name, n in totals.items()
        ),
        "   ".join(f"{n} {name}" for name, n in counts.items()),
        "",
    ]
    lines += _quarantine(report)
    key = lambda p: (list(MARKS).index(p.severity), p.check)  # noqa: E731
    for _, group in groupby(sorted(report.problems, key=key), key):
        lines += _check([*group], per_check)
    if not report.problems:
        lines.append("No problem found by the checks above. They cannot prove the data right.")
    return "\n".join(line[:WIDTH].rstrip() for line in lines) + "\n"


def _quarantine(report: QualityReport) -> list[str]:
    rows = sum(int(row.get("rows") or 0) for row in report.quarantined)
    if not rows:
        return []
    return [f"!  {number_text(rows)} rows in quarantine: the import could not read them.", ""]


def _check(problems: list[Problem], per_check: int) -> list[str]:
    """A heading, the worst places as rows, and the next step once."""
    first = problems[0]
    plural = f"{len(problems)} places" if len(problems) > 1 else "1 place"
    lines = [f"{MARKS[first.severity]} {first.severity.upper()}  {first.check}  ({plural})"]
    for problem in problems[:per_check]:
        site = f"at {problem.site}" if problem.site else f"at {problem.sites} sites"
        where = " ".join([problem.code or "", site if problem.site or problem.sites > 1 else ""])
        months = " to ".join(dict.fromkeys(filter(None, [problem.month, problem.until])))
        lines.append(f"     {_fit(where.strip() or 'all', 36)} {_fit(problem.share, 38)}")
        lines.append(f"       {_fit(' '.join(filter(None, [problem.what, months])), 72).rstrip()}")
    more = len(problems) - per_check
    lines += [f"     ... and {more} more (see the page or --json)"] if more > 0 else []
    return [*lines, *_wrapped(f"Next: {first.next_step}"), ""]


def _fit(text: str, width: int) -> str:
    """Cut or filled to a width; control characters of hostile names become spaces."""
    text = "".join(c if c.isprintable() else " " for c in text)
    return f"{text[: width - 3]}..." if len(text) > width else text.ljust(width)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="     ", subsequent_indent="           ")
