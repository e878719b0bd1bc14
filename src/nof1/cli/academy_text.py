"""What ``nof1 academy`` prints for people, in 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nof1.cli.options import WIDTH, table

if TYPE_CHECKING:
    from nof1.academy.group import Group
    from nof1.academy.history import Exam
    from nof1.academy.posterior import Share
    from nof1.academy.recovery import Report
    from nof1.academy.scores import Scores
    from nof1.academy.trial import Analysis, Contrast
    from nof1.academy.trial_protocol import Protocol
    from nof1.learn.figures import Figure

SHARES = {
    "over_reliance": "followed a wrong card, own act was right",
    "under_reliance": "kept a wrong act, the card was right",
    "turned_away": "left a right act, the card was right",
    "own_accuracy": "own act right",
    "final_accuracy": "final act right",
    "caught": "opened the check that shows the fault",
    "unchecked": "accepted a card without any check",
}


def wrapped(text: str, indent: str = "") -> str:
    """Lines of at most 80 columns."""
    return textwrap.fill(text, WIDTH, initial_indent=indent, subsequent_indent=indent)


def overview(made: dict[str, Any]) -> str:
    """What there is, and how to open it."""
    bank = made["bank"]
    lines = [
        "The academy: reading cards of invented patients, some of them wrong on purpose.",
        "",
        f"Bank: {bank['cases']} cases, {bank['faulty']} with a wrong card."
        if bank
        else "Bank: none yet. Make it: nof1 academy build",
        "",
        "Open it:          nof1 serve          then the page /academy",
        "Own figures:      nof1 academy scores NAME",
        "Own data:         nof1 academy export NAME, nof1 academy forget NAME --yes",
        "Test of the test: nof1 academy simulate",
        "Trial:            nof1 academy trial",
        "",
        wrapped(made["notice"]),
    ]
    return "\n".join(lines)


def built(made: dict[str, Any]) -> str:
    """How many cases of each topic are in the new bank."""
    rows = [[topic, count] for topic, count in made["topics"].items()]
    head = f"{made['cases']} cases, {made['faulty']} with a wrong card. Every patient is invented."
    return "\n".join([head, "", table(rows, ["topic", "cases"], right="1"), "",
                      "Next step: nof1 serve, then the page /academy"])  # fmt: skip


def learner(name: str, exams: Sequence[Exam], everything: Scores, repeated: int,
            picture: dict[str, Any], practice: dict[str, Any]) -> str:  # fmt: skip
    """All figures of one learner."""
    lines = [wrapped(f"{name}'s own figures: for {name}, not for anybody's file."), ""]
    for one in exams:
        state = "complete" if one.complete else f"{one.done} of 4 sittings"
        over = one.scores.over_reliance.text()
        lines.append(wrapped(f"Test begun {one.begun[:10]}, {state}: over-reliance {over}"))
    again = f" ({repeated} later answers to known cases are left out)" if repeated else ""
    lines += ["", wrapped(f"All {everything.cases} cases{again}"), "", scores(everything), ""]
    lines += [wrapped(f"Picture: {picture['words']}."), wrapped(practice["words"])]
    return "\n".join([*lines, "", wrapped(everything.to_dict()["notice"])])


def scores(made: Scores) -> str:
    """The table of shares, and the figures below it."""
    rows = [_row(text, getattr(made, name)) for name, text in SHARES.items()]
    lines = [table(rows, ["of 100, 95 % interval", "", "seen"]), ""]
    figures = [
        ["tells right from wrong cards, d'", _figure(made.d_prime)],
        ["leaning, c (below 0: accepts readily)", _figure(made.bias_c)],
        ["Brier before the card (lower is better)", _figure(made.brier[0])],
        ["Brier after it", _figure(made.brier[1])],
    ]
    if made.seconds:
        low, half, high = made.seconds
        figures.append(
            ["seconds for a case, median", f"{half:.0f} (half: {low:.0f} to {high:.0f})"]
        )
    if made.worth:
        worth = made.worth
        figures.append(["worth for 100 patients, in true cases",
                        f"{worth.before:.1f} before, {worth.after:.1f} after; at best "
                        f"{worth.best:.1f}"])  # fmt: skip
    return "\n".join([*lines, table(figures, ["figure", "value"])])


def _row(text: str, one: Share) -> list[str]:
    if not one.enough:
        return [text, "too few", f"{one.count} of {one.of}"]
    return [text, f"{100 * one.low:.0f} to {100 * one.high:.0f}", f"{one.count} of {one.of}"]


def _figure(one: Figure) -> str:
    if one.value is None or one.low is None or one.high is None:
        return one.note
    return f"{one.low:.2f} to {one.high:.2f}, most likely {one.value:.2f}"


def group(made: Group) -> str:
    """All learners together."""
    rows = [
        [SHARES[name], f"{_hundred(one.low)} to {_hundred(one.high)}", f"{_hundred(one.value)}"]
        for name, one in made.mean.items()
    ]
    head = ["of 100, mean of the learners", "95 % interval", "mean"]
    first = f"{made.learners} learners, the first finished test of each."
    shown = table(rows, head, right="2")
    return "\n".join([first, "", shown, "", wrapped(made.to_dict()["notice"])])


def _hundred(value: float | None) -> str:
    return "not known" if value is None else f"{100 * value:.0f}"


def simulated(made: Report) -> str:
    """Told apart, ranked, recovered."""
    rows = [
        [name, f"{one.count} of {one.of}", f"{100 * one.low:.1f} to {100 * one.high:.1f}",
         _mistaken(name, made)]
        for name, one in made.told.items()
    ]  # fmt: skip
    lines = [
        f"{made.seeds} forms of {made.cases} cases, five simulated learners on each.",
        "",
        table(rows, ["told apart", "forms", "of 100", "taken for"]),
        "",
    ]
    lines += [wrapped(f"Two learners whose {name.replace('_', '-')} is 30 of 100 apart or more: "
                      f"{one.count} of {one.of} pairs in the right order.")
              for name, one in made.ranked.items()]  # fmt: skip
    lines += [
        wrapped("A learner who over-relies in 50 of 100 cases shows more than one who does in 20: "
                f"{100 * made.separation:.1f} of 100 times."),
        wrapped("The calibrated learner has the highest d' of the five: "
                f"{made.best.count} of {made.best.of} forms. d' alone ranks nobody."),
        "",
    ]  # fmt: skip
    rows = [[one.parameter.replace("_", "-"), f"{one.mean_error:.3f}", f"{one.error_95:.3f}",
             f"{100 * one.covered:.1f}"] for one in made.recovered]  # fmt: skip
    cases, count = made.recovered[0].cases, made.recovered[0].learners
    head = ["", "mean error", "95 of 100 below", "interval holds, of 100"]
    lines += [f"Recovery at {cases} cases, {count} learners drawn from 0 to 1:", ""]
    lines += [table(rows, head, right="123")]
    return "\n".join([*lines, "", wrapped("This tests the test. It says nothing about people.")])


def _mistaken(name: str, made: Report) -> str:
    others = {kind: n for kind, n in made.confused[name].items() if kind != name}
    return ", ".join(f"{kind} {n}" for kind, n in others.items()) or "-"


def protocol(made: Protocol) -> str:
    """The protocol, part by part."""
    parts = [f"{one.title}\n{wrapped(one.text, '  ')}" for one in made.parts]
    last = "Analysis of an answers file: nof1 academy trial --answers FILE"
    return "\n".join([*parts, "", last])


def analysis(made: Analysis) -> str:
    """The estimates of a trial."""
    people = ", ".join(
        f"{name} {count} ({made.no_post[name]} without a second test)"
        for name, count in made.people.items()
    )
    lines = [wrapped(f"People: {people}.")]
    lines += [f"Set aside: {count} ({why})." for why, count in made.set_aside.items() if count]
    lines += ["", "Over-reliance after the training, of 100 (primary: the first line)",
              _contrasts(made.over), "", "Under-reliance", _contrasts(made.under), ""]  # fmt: skip
    held = "held" if made.guarded else "NOT HELD"
    lines += [wrapped(f"Guard {held}: under-reliance must surely not rise by 10 of 100 or more "
                      "(simulator against lessons).")]  # fmt: skip
    return "\n".join([*lines, wrapped(NOTE)])


NOTE = (
    "Below 0 the first arm relies less. «Carried»: the value before stands for a missing test. An "
    "interval that holds 0 shows no difference. Cases are invented: no patient gains from it yet."
)


def _contrasts(rows: Sequence[Contrast]) -> str:
    cells = [
        [f"{one.first} - {one.second}", _points(one.estimate), _points(one.carried),
         f"{one.people[0]} and {one.people[1]}"]
        for one in rows
    ]  # fmt: skip
    return table(cells, ["arms", "95 % interval (estimate)", "carried", "people"])


def _points(one: Figure) -> str:
    if one.value is None or one.low is None or one.high is None:
        return one.note
    return f"{100 * one.low:.0f} to {100 * one.high:.0f} ({100 * one.value:.0f})"
