"""The PostgreSQL of the tests is private: each test finds an empty database, nothing is shared."""

import psycopg
import pytest

from tests.postgres import plain

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_gets_an_empty_database(postgres_database: str, turn: int) -> None:
    with psycopg.connect(plain(postgres_database)) as connection:
        connection.execute("CREATE TABLE mark (turn int)")
        connection.execute("INSERT INTO mark VALUES (%s)", [turn])
        assert connection.execute("SELECT turn FROM mark").fetchall() == [(turn,)]


def test_it_is_reached_through_a_unix_socket_only(postgres_database: str) -> None:
    with psycopg.connect(plain(postgres_database)) as connection:
        row = connection.execute("SHOW listen_addresses").fetchone()
        version = connection.info.server_version
    assert row == ("",)
    assert version >= 150000
