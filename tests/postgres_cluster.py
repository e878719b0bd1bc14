"""An own PostgreSQL server for tests, as the fixtures ``cluster`` and ``url``.

Import ``running_cluster`` and ``empty_database`` to have them.
"""

import pytest
from bench.postgres import Unavailable, address, running

TABLES = ("entry", "sealed", "card", "head", "token")


@pytest.fixture(scope="module", name="cluster")
def running_cluster():
    """Folder of the socket of an own PostgreSQL server."""
    pytest.importorskip("psycopg")
    try:
        with running(fsync=False) as place:
            yield place
    except Unavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(name="url")
def empty_database(cluster):
    """Address of a database without tables."""
    sql(address(cluster), *(f"DROP TABLE IF EXISTS nof1_{name}" for name in TABLES))
    return address(cluster)


def sql(url, *statements):
    """Run statements, each committed by itself."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)
