"""The check of a privacy claim by one training run; ``onerun`` holds the audit itself."""

from __future__ import annotations

import numpy as np

from nof1.core.errors import Nof1Error
from nof1.federation.egress import onerun, private
from nof1.federation.egress.membership import Say
from nof1.federation.egress.onerun import Audit
from nof1.federation.egress.subject import Claim, Subject
from nof1.federation.egress.trainer import Scorer
from nof1.federation.egress.verdict import Check, Found

NAME, TITLE = "one_run_audit", "Does the recipe keep its promise of differential privacy?"
LIMIT = (
    "The lower bound on epsilon (95 % confidence) must not exceed the claimed epsilon. A recipe "
    "that claims nothing gets a figure and needs a person's eye."
)
BLIND = (
    "It is a lower bound: a low one does not show that a recipe is private.",
    "It audits the recipe that is installed here, not the run that made the file.",
    "With m canaries it cannot show more than the largest visible epsilon; claims above that are "
    "not tested by it.",
)
DELTA = 1e-5  # for recipes that claim nothing


def check(subject: Subject, say: Say, seed: int) -> Check:
    """Train once with canaries, and compare the bound with the claim."""
    try:
        return _audited(subject, say, seed)
    except Nof1Error as error:
        why = f"The recipe cannot be run here: {error.message.splitlines()[0]}"
        return Check(NAME, TITLE, "not_checked", why, LIMIT, blind=BLIND)


def _audited(subject: Subject, say: Say, seed: int) -> Check:
    table = subject.table
    if table is None or subject.model is None:
        why = subject.why or "An effect claims no differential privacy and is not audited in a run."
        return Check(NAME, TITLE, "not_checked", why, LIMIT, blind=BLIND)
    say("Training once with canaries for the audit")
    rows, data = table.rows, table.data
    claim, model, trainer = subject.claim, subject.model, subject.trainer()
    if claim is not None and isinstance(trainer, private.PrivateGlassBox):
        return judged(private.audited(trainer, claim.delta, seed), claim)
    expected: Scorer = lambda X: model.pair.trained.decision(X, table.horizon_days)  # noqa: E731
    made = onerun.audit(
        trainer,
        data.X[rows],
        table.target.at(rows),
        data.patients[rows],
        delta=claim.delta if claim else DELTA,
        horizon_days=table.horizon_days,
        seed=seed,
        usual=expected,
    )
    return judged(made, claim)


def judged(made: Audit, claim: Claim | None) -> Check:
    """The verdict on an audit: ``fail`` when it refutes the claim."""
    figures = made.to_dict() | {
        "claimed_epsilon": claim.epsilon if claim else None,
        "claimed_delta": claim.delta if claim else None,
    }
    told = (
        f"{made.right} of {made.guesses} guesses about {made.canaries} canaries were right: "
        f"epsilon is at least {made.lower:.2f} ({made.confidence:.0%} confidence, "
        f"delta {made.delta:g})."
    )
    if claim is None:
        reason = f"It claims no differential privacy, so nobody is promised anything. {told}"
        found = [Found("recipe", "no promise of differential privacy", 1, "attention")]
        return Check(NAME, TITLE, "attention", reason, LIMIT, figures, found, BLIND)
    if made.lower > claim.epsilon:
        reason = f"The claim of epsilon {claim.epsilon:g} is refuted. {told}"
        found = [Found("recipe", f"more is lost than epsilon {claim.epsilon:g} allows")]
        return Check(NAME, TITLE, "fail", reason, LIMIT, figures, found, BLIND)
    if made.visible <= claim.epsilon:
        reason = (
            f"Too few canaries to test a claim of epsilon {claim.epsilon:g}: all guesses right "
            f"would only show {made.visible:.2f}. {told}"
        )
        found = [Found("recipe", "the claim is too large for this audit", 1, "attention")]
        return Check(NAME, TITLE, "attention", reason, LIMIT, figures, found, BLIND)
    reason = f"The claim of epsilon {claim.epsilon:g} was not refuted. {told}"
    return Check(NAME, TITLE, "pass", reason, LIMIT, figures, (), BLIND)


def noise(subject: Subject, say: Say, seed: int) -> Check:
    """Does the installed code draw the noise that the claim needs?"""
    name, title = "noise", "Is the noise drawn that was promised?"
    limit = (
        "The drawn noise is not smaller than promised (chi-square, 1 in a million by chance), and "
        "what was promised costs no more than the claim."
    )
    blind = (
        "It measures the code that is installed here, not the run that made the file, and takes "
        "the stated sensitivities as they are: tests of the private room check those.",
    )
    claim = subject.claim
    if claim is None or subject.model is None:
        why = "It claims no differential privacy, so no noise was promised."
        return Check(name, title, "not_checked", why, limit)
    say("Measuring the noise")
    try:
        trainer = subject.trainer()
        if not isinstance(trainer, private.PrivateGlassBox):
            return Check(name, title, "not_checked", "Not the private glass box.", limit)
        return metered(
            private.metered(trainer, claim.delta, seed), claim, name, title, limit, blind
        )
    except Nof1Error as error:
        why = f"The recipe cannot be run here: {error.message.splitlines()[0]}"
        return Check(name, title, "not_checked", why, limit, blind=blind)


def metered(
    made: private.Meter, claim: Claim, name: str, title: str, limit: str, blind: tuple[str, ...]
) -> Check:
    """The verdict on measured noise."""
    figures = {
        "releases": made.releases, "drawn_over_promised": round(made.ratio, 4),
        "too_small": made.low, "promised_epsilon": round(made.epsilon, 4),
        "claimed_epsilon": claim.epsilon,
    }  # fmt: skip
    found = []
    if made.low:
        found.append(Found("recipe", "sums whose noise is smaller than promised", made.low))
    if made.epsilon > claim.epsilon * private.SLACK:
        found.append(Found("recipe", "sums that together cost more than the claim"))
    reason = (
        f"In {made.releases} sums the drawn noise was {made.ratio:.2f} times the promised one, "
        f"{made.low} of them too little; all of them cost epsilon {made.epsilon:.2f} of the "
        f"{claim.epsilon:g} claimed."
    )
    return Check(name, title, "fail" if found else "pass", reason, limit, figures, found, blind)


def seed_of(given: int | None) -> int:
    """A seed that no trainer knows, unless one is given (for tests)."""
    return given if given is not None else int(np.random.SeedSequence().entropy) % 2**63  # type: ignore[arg-type]
