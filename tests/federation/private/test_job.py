import base64
import json
import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest

from nof1.core import artefacts, audit
from nof1.core.errors import InputError
from nof1.federation import local
from nof1.federation.algorithms import Asked, algorithm
from nof1.federation.budget import Ledger, Limit
from nof1.federation.manifest import Privacy
from nof1.federation.policy import Policy
from nof1.federation.private import job, site, verdict
from nof1.federation.private.plan import Plan
from nof1.federation.refusal import Refused
from nof1.predict.score import Scorer
from nof1.record.store import Record
from private_samples import private

PRIVACY = Privacy(8.0, 1e-5, ranges={"LOINC//8480-6/*": (60.0, 220.0)})
RICH = Policy({}, {}, frozenset(), least_patients=100_000, budgets={"all": Limit(500.0, 1e-5)})


@pytest.fixture(scope="module", autouse=True)
def quick():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verdict, "AGAIN", 3)
        patch.setattr(verdict, "RESAMPLES", 3)
        yield


@pytest.fixture(scope="module")
def task(hospitals):
    return private(hospitals.task)


class Watched:
    """A channel that keeps what its site says, in the clear and masked."""

    def __init__(self, channel, seen):
        self.channel, self.seen = channel, seen

    def exchange(self, message):
        self.seen.append(base64.b64decode(json.loads(message)["message"]))
        return self.channel.exchange(message)

    def lay(self, number, payload):
        self.seen.append(None)  # masked
        return self.channel.lay(number, payload)


def run(hospitals, task, privacy=PRIVACY, policy=RICH, seen=None, name="job"):
    def one(where, workspace):
        def go(link):
            if seen is not None:
                link.channel = Watched(link.channel, seen.setdefault(where, []))
            return job.run(Asked(link, workspace, task, policy, "all", privacy))

        return go

    sites = {where: one(where, found) for where, found in hospitals.sites.items()}
    return local.run(sites, patience=120, job=name)


@pytest.fixture(scope="module")
def trained(hospitals, task):
    seen = {}
    return run(hospitals, task, seen=seen, name="trained"), seen


def ledger_of(workspace, policy=RICH):
    return Ledger(workspace.root / job.LEDGER, policy.budgets)


def test_every_site_stores_the_same_model_which_speaks_like_any_other(trained, hospitals):
    done, _ = trained
    assert len({one.content_hash for one in done.values()}) == 1
    for name, one in done.items():
        kept = artefacts.load(hospitals.sites[name].models, one.name, int(one.version))
        assert kept.content_hash == one.content_hash
        model = Scorer.load(kept).model
        assert model.codes == {}
        assert model.code_sets[1] == ("SNOMED//22298006",)


def test_the_card_says_what_it_cost_and_what_carries_noise(trained, hospitals):
    done, _ = trained
    name, one = next(iter(done.items()))
    folder = hospitals.sites[name].models / one.name
    card = "".join(path.read_text() for path in sorted(folder.rglob("card.md")))
    assert "epsilon 8 at delta 1e-05" in " ".join(card.split())
    assert one.figures["privacy"] == {"epsilon": 8.0, "delta": 1e-5, "dishonest_sites": 1}


def test_in_the_clear_goes_a_date_and_nothing_of_a_patient(trained):
    _, seen = trained
    for messages in seen.values():
        plain = [one for one in messages if one is not None]
        assert set(json.loads(plain[0])) == {"today", "synthetic"}
        assert set(json.loads(plain[1])) == {"site", "session", "public", "signature"}
        assert len(plain) == 2


def test_a_small_cohort_is_no_reason_to_refuse_for_that_would_tell_its_size(trained):
    assert RICH.least_patients > 900
    assert trained[0]


def test_each_site_has_paid_before_it_said_its_first_word(hospitals, task):
    class Stop(Exception):
        pass

    spent = {}

    def one(name, workspace):
        def go(link):
            class Channel:
                def exchange(self, message):
                    spent[name] = [each.job for each in ledger_of(workspace).spends("all")]
                    raise Stop

            link.channel = Channel()
            return job.run(Asked(link, workspace, task, RICH, "all", PRIVACY))

        return go

    with pytest.raises(Stop):
        local.run({name: one(name, found) for name, found in hospitals.sites.items()}, job="paid")
    assert spent
    assert all(jobs[-1] == "paid" for jobs in spent.values())
    for workspace in hospitals.sites.values():
        last = ledger_of(workspace).spends("all")[-1]
        assert (last.noise, last.releases) == (Plan.of(8.0, 1e-5).total, 1)  # not given back


def test_with_too_little_left_a_site_says_nothing(hospitals, task):
    poor, seen = replace(RICH, budgets={"all": Limit(0.5, 1e-5)}), {}
    with pytest.raises(Refused, match="is left"):
        run(hospitals, task, policy=poor, seen=seen, name="poor")
    with pytest.raises(Refused, match="no privacy budget"):
        run(hospitals, task, policy=replace(RICH, budgets={}), seen=seen, name="none")
    assert not any(seen.values())


CHILD = """
import os, sys
from pathlib import Path
from nof1.core.workspace import open_workspace
from nof1.federation import local
from nof1.federation.algorithms import Asked
from nof1.federation.budget import Limit
from nof1.federation.manifest import Privacy
from nof1.federation.policy import Policy
from nof1.federation.private import job
rich = Policy({}, {}, frozenset(), budgets={"all": Limit(500.0, 1e-5)})
text = Path(sys.argv[1]).read_text()
class Dies:
    def exchange(self, message):
        os.kill(os.getpid(), 9)
def go(root):
    def one(link):
        link.channel = Dies()
        return job.run(Asked(link, open_workspace(root), text, rich, "all", Privacy(2.0, 1e-5)))
    return one
local.run({f"site-{k}": go(root) for k, root in enumerate(sys.argv[2:])}, job="killed")
"""


def test_a_process_that_is_killed_between_spend_and_answer_has_spent(hospitals, task, tmp_path):
    (tmp_path / "task.yaml").write_text(task)
    roots = [str(one.root) for one in hospitals.sites.values()]
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path / "task.yaml"), *roots], check=False
    )
    assert done.returncode == -9
    spent = [
        [one.job for one in ledger_of(each).spends("all")] for each in hospitals.sites.values()
    ]
    assert any("killed" in jobs for jobs in spent)


def test_two_jobs_that_race_for_the_last_of_the_budget(hospitals, task, tmp_path):
    workspace = next(iter(hospitals.sites.values()))
    cost = 3.0
    policy = replace(RICH, budgets={"racing": Limit(cost * 1.01, 1e-5)})
    plan, taken, refused = Plan.of(cost, 1e-5), [], []
    start = threading.Barrier(6)

    def one(number):
        class Link:
            job, keeper = f"race-{number}", None

        start.wait()
        try:
            job._charge(Asked(Link, workspace, task, policy, "racing", PRIVACY), plan)
            taken.append(number)
        except Refused:
            refused.append(number)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(taken), len(refused)) == (1, 5)


@pytest.mark.parametrize(
    ("privacy", "match"),
    [
        (None, "needs epsilon and delta"),
        (Privacy(8.0, 1e-5, dishonest=0), "must hold against 1 to 2"),
        (Privacy(8.0, 1e-5, dishonest=3), "must hold against 1 to 2"),
        (Privacy(100.0, 1e-5), "cannot be planned"),
        (Privacy(1.0, 0.5), "cannot be planned"),
    ],
)
def test_what_a_site_does_not_do(hospitals, task, privacy, match):
    seen = {}
    with pytest.raises(Refused, match=match):
        run(hospitals, task, privacy=privacy, seen=seen, name="refused")
    assert not any(seen.values())


def test_features_that_are_looked_up_in_the_record_are_refused(hospitals):
    with pytest.raises(InputError, match="names its features"):
        algorithm("private-glassbox").read(hospitals.task)


def test_leakage_at_one_site_keeps_the_model_silent_there_and_tells_nobody(
    hospitals, task, monkeypatch
):
    plain, first = site.rows_of, next(iter(hospitals.sites.values()))

    def leaky(task, record, *rest):
        made = plain(task, record, *rest)
        return replace(made, leak="a code knows the answer") if record.path == place else made

    place = Record(first.record).path
    monkeypatch.setattr(site, "rows_of", leaky)
    done = run(hospitals, task, name="leak")
    assert len({json.dumps(one.figures, sort_keys=True) for one in done.values()}) == 1
    assert len({one.content_hash for one in done.values()}) == 1
    silent = {
        name: any(
            "leakage" in why
            for why in Scorer.load(
                artefacts.load(hospitals.sites[name].models, one.name, int(one.version))
            ).model.withheld
        )
        for name, one in done.items()
    }
    assert [name for name, found in silent.items() if found] == [next(iter(hospitals.sites))]
    assert any(each["action"] == "leakage audit" for each in audit.entries(first.audit))


def test_a_site_without_any_patient_of_the_task_takes_part(hospitals, task):
    nobody = task.replace("[RxNorm//32968, RxNorm//1116632]", "[RxNorm//0]")
    assert nobody != task
    done = run(hospitals, nobody, name="nobody")
    one = next(iter(done.values()))
    assert one.figures["withheld"]
    assert np.isfinite(one.figures["patients"])
