"""Used tokens on a real PostgreSQL: one server says yes once, and all others no."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

pytest.importorskip("sqlalchemy")

from nof1.advice.ledger import tokens
from nof1.advice.ledger.store import open_ledger
from nof1.advice.ledger.tokens import SKEW_S, Shared
from nof1.core.errors import UsageError, WorkspaceError
from postgres_cluster import empty_database, running_cluster, sql  # noqa: F401

ISSUER, NOW = "https://ehr.example/", 1_800_000_000.0
SOON = NOW + 300


@pytest.fixture
def two(url):
    """The stores of two servers on one database."""
    made = Shared(url), Shared(url)
    yield made
    for one in made:
        one.close()


def test_a_token_is_good_once_for_all_servers(two):
    one, other = two
    assert one.first(ISSUER, "a", SOON, NOW)
    assert not one.first(ISSUER, "a", SOON, NOW)
    assert not other.first(ISSUER, "a", SOON, NOW)
    assert other.first(ISSUER, "b", SOON, NOW)
    assert not one.first(ISSUER, "b", SOON, NOW)
    assert one.first("https://other.example/", "a", SOON, NOW)


def test_of_many_at_the_same_moment_one_is_the_first(two):
    gate = threading.Barrier(8)

    def ask(number):
        gate.wait(30)
        return [two[number % 2].first(ISSUER, f"t{k}", SOON, NOW) for k in range(20)]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert [sum(column) for column in zip(*answers, strict=True)] == [1] * 20


def test_a_restart_forgets_nothing(url):
    first = Shared(url)
    assert first.first(ISSUER, "a", SOON, NOW)
    first.close()
    again = Shared(url)
    assert not again.first(ISSUER, "a", SOON, NOW)
    again.close()


def test_tokens_go_when_their_time_is_over_on_every_clock(two, url):
    one, other = two
    assert one.first(ISSUER, "old", NOW + 10, NOW)
    ahead = NOW + 10 + SKEW_S - 1  # a server whose clock runs ahead must not clear it
    assert other.first(ISSUER, "x", ahead + 300, ahead)
    assert not one.first(ISSUER, "old", NOW + 10, NOW)
    later = NOW + 11 + SKEW_S + tokens.CLEAR_S
    assert other.first(ISSUER, "y", later + 300, later)
    assert count(url) == 2


def count(address):
    import psycopg

    with psycopg.connect(address) as connection:
        return connection.execute("SELECT count(*) FROM nof1_token").fetchone()[0]


@pytest.mark.parametrize("jti", ["\0", "'; DROP TABLE nof1_token; --", "é" * 256, "%s"])
def test_whatever_stands_in_a_token_is_kept_as_itself(two, jti):
    assert two[0].first(ISSUER, jti, SOON, NOW)
    assert not two[1].first(ISSUER, jti, SOON, NOW)


def test_issuer_and_identifier_do_not_run_into_each_other():
    seen = {tokens.name(*pair) for pair in [("a", "bc"), ("ab", "c"), ("abc", ""), ("1:a", "bc")]}
    assert len(seen) == 4


END = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
)


def test_a_connection_that_broke_is_opened_anew_and_a_used_token_stays_used(two, url):
    one, _ = two
    assert one.first(ISSUER, "a", SOON, NOW)
    sql(url, END)
    assert not one.first(ISSUER, "a", SOON, NOW)
    sql(url, END)
    assert one.first(ISSUER, "b", SOON, NOW)


def test_without_the_database_nobody_is_let_in(two, url):
    one, _ = two
    assert one.first(ISSUER, "a", SOON, NOW)
    sql(url, "DROP TABLE nof1_token")
    with pytest.raises(WorkspaceError, match="does not answer as it should"):
        one.first(ISSUER, "b", SOON, NOW)


def test_a_database_that_is_not_there_is_told_without_its_address():
    pytest.importorskip("psycopg")
    with pytest.raises(WorkspaceError) as caught:
        Shared("postgresql://user:SECRET@127.0.0.1:1/none?connect_timeout=2")
    assert "SECRET" not in f"{caught.value!r} {caught.value}"
    with pytest.raises(UsageError):
        Shared("sqlite://")


def test_the_tokens_are_no_part_of_the_chain(two, url, tmp_path):
    with open_ledger(tmp_path, url) as ledger:
        before = ledger.head()
        assert two[0].first(ISSUER, "a", SOON, NOW)
        assert ledger.head() == before
        assert ledger.verify().intact
