"""A job that broke off goes on: the same result, no sum twice, new keys; and what is refused."""

import dataclasses
import stat

import msgspec
import numpy as np
import pytest

from federation_samples import NAMES, identities, manifest
from nof1.core.errors import ModelError
from nof1.federation import checkpoint, local
from nof1.federation.budget import Ledger, Limit
from nof1.federation.checkpoint import FOLDER, RECORDS
from nof1.federation.manifest import Privacy
from nof1.federation.refusal import Refused
from nof1.federation.secure import SecureSum

SUMS = 12
KEYS = identities()
DATA = {name: np.arange(4.0) * place + 1 for place, name in enumerate(NAMES, 1)}


class Killed(Exception):
    """The process of a site is gone."""


@dataclasses.dataclass
class Spy:
    """A channel that counts, keeps what is laid down, and can kill its site after some sums."""

    channel: object
    last: int | None = None
    laid: list = dataclasses.field(default_factory=list)
    plain: list = dataclasses.field(default_factory=list)

    def exchange(self, message):
        self.plain.append(message)
        return self.channel.exchange(message)

    def lay(self, number, payload):
        if len(self.laid) == self.last:
            raise Killed
        self.laid.append(payload)
        return self.channel.lay(number, payload)


class Play:
    """One job after another at three sites, each with its own folder."""

    def __init__(self, root, privacy=None):
        self.roots = {name: root / name for name in NAMES}
        self.privacy, self.spies, self.keepers = privacy, {}, {}
        self.data, self.agreed, self.noise = dict(DATA), b"same", None

    def asked(self, job, resumes="", **changes):
        return manifest(job=job, resumes=resumes, privacy=self.privacy, **changes)

    def run(self, job, resumes="", killed=None, after=None, **changes):
        """The results of a job by site; ``killed`` dies after its vectors of ``after`` sums."""

        def site(link):
            name = link.site
            spy = self.spies[name] = Spy(link.channel, after if name == killed else None)
            link.channel = spy
            link.keeper = checkpoint.keep(self.roots[name], self.asked(job, resumes, **changes))
            self.keepers[name] = link.keeper
            try:
                made = self.loop(link)
            except BaseException:
                link.keeper.close()
                raise
            link.keeper.finish()
            return made

        return local.run({name: site for name in NAMES}, job=job, patience=60, keys=KEYS)

    def loop(self, link):
        """A training: what is sent next hangs on all totals before."""
        total, state = link.open(self.agreed), np.zeros(4)
        for number in range(SUMS):
            own = self.data[link.site] * (number + 1) + np.tanh(state)
            if self.noise:
                own = own + self.noise.normal(size=4)
            state = state / 2 + total(own)
        return state

    def log(self, name, job="one"):
        return self.roots[name] / FOLDER / job / RECORDS

    def broken(self, after=7, killed="west"):
        with pytest.raises((Killed, ModelError)):
            self.run("one", killed=killed, after=after)
        self.first = {name: list(spy.laid) for name, spy in self.spies.items()}
        self.hellos = {name: list(spy.plain) for name, spy in self.spies.items()}
        return self

    def refused(self, match, resumes="one", **changes):
        with pytest.raises(Refused, match=match) as error:
            self.run("two", resumes, **changes)
        assert error.value.rule == "resume"
        assert not any(spy.laid for spy in self.spies.values())


@pytest.fixture
def play(tmp_path):
    return Play(tmp_path)


@pytest.fixture
def whole(tmp_path):
    """The result of a job that nothing breaks."""
    return Play(tmp_path / "whole").run("whole")["north"]


def test_the_result_is_that_of_an_unbroken_job_and_no_sum_is_laid_twice(play, whole):
    play.broken(after=7)
    made = play.run("two", "one")
    for one in made.values():
        assert one.tobytes() == whole.tobytes()
    assert {keeper.common for keeper in play.keepers.values()} == {7}
    assert {len(spy.laid) for spy in play.spies.values()} == {SUMS - 7}


def test_masks_are_new(play):
    play.broken()
    play.run("two", "one")
    for name, spy in play.spies.items():
        assert not set(spy.laid) & set(play.first[name])
        assert not set(spy.plain) & set(play.hellos[name])


def test_a_job_can_break_and_go_on_more_than_once_by_any_of_its_names(play, whole):
    play.broken(after=3)
    with pytest.raises((Killed, ModelError)):
        play.run("two", "one", killed="north", after=4)
    made = play.run("three", "two")
    assert made["south"].tobytes() == whole.tobytes()
    assert {keeper.common for keeper in play.keepers.values()} == {7}


def test_the_log_is_for_the_owners_eyes_and_goes_with_the_next_job(play):
    play.broken()
    for name in NAMES:
        for path in [*play.log(name).parent.iterdir()]:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(play.log(name).parent.stat().st_mode) & 0o077 == 0
    play.run("two", "one")
    play.run("three")
    assert not any(play.log(name).exists() for name in NAMES)


def test_only_the_newest_unfinished_jobs_are_kept(tmp_path):
    for number in range(checkpoint.KEPT + 3):
        checkpoint.keep(tmp_path, manifest(job=f"job-{number}", privacy=None)).close()
    assert len(list((tmp_path / FOLDER).iterdir())) == checkpoint.KEPT + 1


def test_a_last_record_that_a_crash_has_torn_is_made_again(play, whole):
    play.broken()
    cut(play, "south", 6, inside=3)
    assert play.run("two", "one")["north"].tobytes() == whole.tobytes()
    assert {keeper.common for keeper in play.keepers.values()} == {6}


def test_a_shorter_log_is_no_fault_and_later_totals_come_out_the_same(play, whole):
    play.broken()
    cut(play, "south", 2)
    assert play.run("two", "one")["north"].tobytes() == whole.tobytes()
    assert {keeper.common for keeper in play.keepers.values()} == {2}


def test_a_later_total_that_comes_out_otherwise_ends_the_job(play):
    """A log that was made longer than it is: its further totals are compared, not believed."""
    play.broken()
    cut(play, "south", 2)
    for name in ("north", "west"):
        planted(play, name, 5)
    with pytest.raises(ModelError, match="differs from the same one"):
        play.run("two", "one")


def cut(play, name, totals, inside=0):
    """Shorten a log to so many totals, and a piece of the next record."""
    path = play.log(name)
    place, _ = play.keepers[name]._places[checkpoint.TOTAL][totals]
    path.write_bytes(path.read_bytes()[: place - checkpoint.HEAD.size + inside])


def planted(play, name, number):
    """Another total in a log, with a chain that holds."""
    keeper = checkpoint.keep(play.roots[name], play.asked("plant", "one"))
    records = sorted(
        (place, kind, keeper._payload(kind, count))
        for kind, places in keeper._places.items()
        for count, (place, _) in enumerate(places)
    )
    keeper.close()
    play.log(name).unlink()
    keeper.load()
    for _, kind, payload in records:
        chosen = kind == checkpoint.TOTAL and len(keeper._places[kind]) == number
        keeper._write(kind, bytes(len(payload)) if chosen else payload)
    keeper.close()


# Planted faults: each is refused before anything is sent ----------------------------------------


@pytest.mark.parametrize("place", [0.2, 0.5, 0.9])
def test_a_changed_byte_of_a_log_is_found(play, place):
    path = play.broken().log("south")
    content = bytearray(path.read_bytes())
    content[int(len(content) * place)] ^= 1
    path.write_bytes(content)
    play.refused("damaged|opened")


def test_a_total_that_was_poisoned_with_a_good_chain_is_found(play):
    play.broken()
    planted(play, "south", 2)
    play.refused("different totals")


def test_logs_of_different_jobs_do_not_go_together(play):
    play.broken()
    other = msgspec.structs.replace(play.keepers["south"].header, task="cd" * 32)
    keeper = dataclasses.replace(play.keepers["south"], header=other)
    play.log("south").unlink()
    checkpoint.private.write(play.log("south").parent / "job.json", msgspec.json.encode(other))
    keeper.load().close()
    play.refused("another task")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"task": "name: other"}, "task"), ({"code": "00" * 32}, "code"),
        ({"roster": "ef" * 32}, "roster"), ({"cohort": "others"}, "cohort"),
        ({"algorithm": "cox"}, "algorithm"),
    ],
)  # fmt: skip
def test_another_job_does_not_go_on_with_this_log(play, change, named):
    play.broken().refused(f"had another {named}", **change)


def test_another_noise_does_not_go_on_with_this_log(play):
    play.broken()
    play.privacy = Privacy(1.0, 1e-5)
    play.refused("had another privacy")


@pytest.mark.parametrize("name", ["never", "../one", "one/../one", ".", ""])
def test_a_job_that_is_not_kept_is_refused(play, name):
    play.broken()
    if name:
        play.refused("No unfinished job", resumes=name)
    assert (play.roots["north"] / FOLDER / "one").exists()


def test_records_that_have_changed_since_are_found(play):
    play.broken()
    play.data["south"] = play.data["south"] + 1
    with pytest.raises(Refused, match="records give other sums"):
        play.run("two", "one")
    assert not play.spies["south"].laid


def test_features_that_have_changed_since_are_found(play):
    play.broken()
    play.agreed = b"other"
    play.refused("features differ")


def test_one_sites_refusal_ends_it_for_all(play):
    play.broken()
    play.log("south").unlink()
    (play.log("south").parent / "job.json").unlink()
    play.refused("damaged")


# With noise -------------------------------------------------------------------------------------


@pytest.fixture
def noisy(tmp_path):
    play = Play(tmp_path, Privacy(2.0, 1e-5))
    play.noise = np.random.default_rng(0)
    return play


def test_noise_is_never_drawn_twice_for_one_round(noisy, monkeypatch):
    """Two sites have laid the ninth vector when the third is killed: its total is never made. What
    they lay when it is made are the same numbers, though the generator has gone on."""
    sent, honest = {}, SecureSum.__call__

    def noted(self, vector):
        sent.setdefault(self.masker.site, []).append(np.array(vector))
        return honest(self, vector)

    monkeypatch.setattr(SecureSum, "__call__", noted)
    noisy.broken(after=8, killed="west")
    before = {name: list(vectors) for name, vectors in sent.items()}
    sent.clear()
    noisy.run("two", "one")
    common = noisy.keepers["north"].common
    again = {name: before[name][common:] for name in NAMES}
    assert max(map(len, again.values())) > 0
    for name in NAMES:
        for first, second in zip(again[name], sent[name], strict=False):
            assert first.tobytes() == second.tobytes()
        assert len(sent[name]) == SUMS - common


def test_all_sites_end_with_the_same_totals(noisy):
    noisy.broken(after=5)
    made = noisy.run("two", "one")
    assert len({one.tobytes() for one in made.values()}) == 1


def test_a_log_that_was_cut_so_that_noise_would_be_drawn_again_is_refused(noisy):
    noisy.broken(after=8)
    cut(noisy, "south", 3)
    noisy.refused("log is cut")


def test_without_a_log_a_job_with_noise_stops_and_another_goes_on(tmp_path, monkeypatch):
    def full(file):
        raise OSError(28, "No space left on device")

    quiet = Play(tmp_path / "quiet")
    monkeypatch.setattr(checkpoint, "_synced", full)
    monkeypatch.setattr(checkpoint.Keeper, "close", lambda self: None)
    assert len(quiet.run("one")) == 3
    assert not any(quiet.log(name).exists() for name in NAMES)
    noisy = Play(tmp_path / "noisy", Privacy(2.0, 1e-5))
    with pytest.raises(Exception, match="cannot be written"):
        noisy.run("one")
    assert not any(spy.laid for spy in noisy.spies.values())


def test_totals_that_were_paid_for_cost_nothing_again(noisy, tmp_path):
    pytest.importorskip("dp_accounting")
    ledger = Ledger(tmp_path / "budget.db", {"everybody": Limit(50.0, 1e-5)})
    noisy.broken(after=5)
    keeper = checkpoint.keep(noisy.roots["north"], noisy.asked("two", "one"))
    assert not checkpoint.paid(ledger, keeper, 2.0, SUMS)  # nobody has paid yet
    ledger.spend("everybody", "one", 2.0, SUMS)
    assert checkpoint.paid(ledger, keeper, 2.0, SUMS)
    assert not checkpoint.paid(ledger, keeper, 2.0, SUMS + 1)  # more than was paid for
    fresh = checkpoint.keep(noisy.roots["north"], noisy.asked("three"))
    assert not checkpoint.paid(ledger, fresh, 2.0, SUMS)
    assert not checkpoint.paid(ledger, None, 2.0, SUMS)
