"""Words of the page of federation figures."""

from __future__ import annotations

DATA = {
    "cohort": "cohort (drawn)",
    "hospital": "synthetic hospital",
    "support2-disease": "SUPPORT2 by disease",
    "support2-income": "SUPPORT2 by income",
}
LEARNERS = {
    "glass box": "glass box",
    "logistic": "logistic",
    "hazards": "hazards",
    "Cox": "Cox",
    "EBM": "EBM of interpret 0.7.8, curves only",
}
OTHERS = (
    *("pooled", "site models merged", "coefficients averaged"),
    *("largest site alone", "smallest site alone"),
)


def place(data: str, learner: str) -> tuple[int, int]:
    """Where a data set and a learner stand in the tables."""
    return list(DATA).index(data), list(LEARNERS).index(learner)


def measure(learner: str) -> str:
    """How the order of patients is measured."""
    return "C" if learner in ("hazards", "Cox") else "AUROC"


def early(seeds: int, due: int) -> str:
    """What a page with too few seeds says about itself."""
    return (
        f"\n**Not done: {seeds} seed{'s' * (seeds != 1)} of {due}; do not quote these figures.**\n"
    )


TITLE = """\
# Federation in figures

Is a model of several hospitals the model of all patients in one place? What does a small hospital
gain? What do the masked sums cost? This page is the output of the last of these commands:

    ./dev bench federation prepare     # arrays from records, four CPU-minutes
    python -m bench.federation_race --seeds 10 --workers 14 --out race.json
    python -m bench.federation_race --seeds 10 --learners EBM --only cohort --out peer.json
    ./dev bench federation engine --out engine.json
    python -m bench.federation_race --table race.json peer.json engine.json

`./dev bench federation equality` and `small-sites` run the same race and print one part of it.
The race reads arrays only (numpy, scipy, numba, scikit-learn, msgspec, cryptography), so it can
run on another machine with the source and `.bench/federation`. One thread a process, about eight
CPU-minutes a seed. The figures below come from such a machine (16 cores, Python 3.12) on 26
November 2026, but for the peer and the cost of the sums; Cox on the synthetic hospital, whose 430
columns take minutes a model, was not finished there.

**The data** are divided into sites by something real or known, never at random.

- *Cohort*: DRAWN. Five sites learn from 2,500, 1,200, 700, 400 and 200 patients and are judged by
  2,000 each. Each has means of its own in 12 features, and a level of risk of its own that no
  feature explains.
- *Synthetic hospital*: SYNTHETIC, [five sites](synthetic-hospital.md), 6,000 people; a heart
  attack within a year of starting an antiplatelet medicine, with death competing; some 430
  features that the sites agreed on by sums.
- *SUPPORT2 by disease*: real, 9,105 critically ill adults; a site for each of the eight disease
  groups, as if each had a clinic of its own. The hardest split: no two sites treat the same
  disease. Death within 180 days, or time to death up to five years; features as in
  [the example](../examples/support2).
- *SUPPORT2 by income*: the same adults; a site for each answer about income, of which one is "not
  known". Income is then no feature.

A third of each site's patients (in the cohort: others) are judged and not learned from. A seed
draws another cohort, another hospital or another split of SUPPORT2. Intervals are 95 % and
paired: both models see the same patients, and only their differences over the seeds are looked at
(Student's t). The seeds of SUPPORT2 share patients; their interval is widened as Nadeau and
Bengio (2003) propose. *Hazards* is the glass box for the time to an event. C is Harrell's, for
the risk at the horizon.
"""

EQUALITY = """\
## The same model as in one place
Each site is a thread with its own patients; every sum is masked and in fixed point, as over the
network. Pooled: the same code, all learning patients in one place. The table has the largest
difference over all seeds: of the curves (linear models: of the coefficients) and of the planes
(pairs) in log odds or log hazards, of the risk of a held-out patient, of AUROC or C, and of the
Brier score; then the sums that it took, and what each site sent. *Seeds*: jobs that ended with a
model.
"""

WON = """\
## What is won
All sites' held-out patients: the figure of the federated model, and how much more or less the
others have. *Site models merged*: every site trains alone, and log odds are averaged by patients;
for the EBM it is `merge_ebms`. *Coefficients averaged*: the same once with coefficients, on
columns that were scaled by agreement. For the EBM the first figure is that of the pooled one. A
lower Brier score is better.

Linear models of some 430 features and 2,500 patients (the hospital) fit too closely with their
default ridge; an average over sites tempers that, and can then be the better one.
"""

SMALL = """\
## What each site gains
The site's own held-out patients, against the model that it would have alone. Above 0 the joint
model is better: in AUROC (glass box) or C (hazards), and in the Brier score at the horizon.

What a site can do with the joint model by its own learning patients, out of fold, with no other
site: *recalibrate* it (an intercept and a slope, which cannot change the order within the site),
or *mix* it with its own model (an intercept and two weights, drawn towards the joint model alone;
how strongly was fixed on seeds 100 and 101). The joint model out of fold is that of pooled
patients, which by the table above is the same.
"""

WAYS = """\
## No site worse off?
The aim: no site is worse by more than .005 than alone. Counted are sites with a mean over the
seeds below that, and in brackets those whose whole interval is below. The worst of many sites
looks worse than it is: chance chooses it too. *Own choice*: the site takes its own model where
that is better out of fold by more than a standard error of the log loss, else the joint one with
its own intercept and slope. *Own blend*: the mix, but drawn towards half of each model; found on
seeds 100 to 107 of SUPPORT2 by disease, the one split on which the others miss the aim.
"""

ENGINE = """\
## What the masked sums cost
A coordinator and sites as processes over mutual TLS on loopback; every sum is masked and checked
against the truth. Beside it the same sums between threads of one process. CPU seconds are those
of the job (the site's in the sums, one process each); memory is that of the whole process with
its imports. Loopback has no latency: over a line of 50 ms each sum takes at least that long.
"""
