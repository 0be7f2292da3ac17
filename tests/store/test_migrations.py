"""The migrations and the tables of store/schema.py are two tellings of one thing."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine

from burstway.contracts import ClusterSource
from burstway.errors import StoreError
from burstway.store.schema import metadata
from burstway.store.sqlite import SqliteStore


@pytest.fixture
def migrated(tmp_path: Path) -> Path:
    path = tmp_path / "burstway.db"
    SqliteStore.open(path).close()
    return path


@pytest.fixture
def engine(migrated: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{migrated}")
    yield engine
    engine.dispose()


def definitions(path: Path) -> list[str]:
    """Each table and index as SQLite keeps its definition, without quotes and Alembic's own table."""
    connection = sqlite3.connect(path)
    rows = connection.execute("select sql from sqlite_master where sql is not null order by name").fetchall()
    connection.close()
    return [
        " ".join(sql.replace('"', "").split())
        for (sql,) in rows
        if "alembic" not in sql and "sqlite_sequence" not in sql
    ]


def test_the_migrations_make_the_tables_of_the_schema(engine: Engine) -> None:
    """Alembic finds nothing that a further migration would have to do."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_the_definitions_are_the_same_to_the_letter(migrated: Path, tmp_path: Path) -> None:
    """Also in what Alembic does not compare: the order of columns, autoincrement, partial indexes."""
    created = create_engine(f"sqlite:///{tmp_path / 'created.db'}")
    metadata.create_all(created)
    created.dispose()
    assert definitions(migrated) == definitions(tmp_path / "created.db")


def test_what_an_earlier_release_has_kept_stays(tmp_path: Path) -> None:
    """A cluster of the first release is there, with its text; what was not kept then is empty."""
    path = tmp_path / "burstway.db"
    engine, config = create_engine(f"sqlite:///{path}"), Config()
    config.set_main_option("script_location", "burstway.store:migrations")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        row = ("c1", '{"name": "c1", "arrays": []}', "[cluster c1]")
        connection.exec_driver_sql("insert into clusters values (?, ?, ?)", row)
    engine.dispose()
    store = SqliteStore.open(path)
    with store.read() as transaction:
        assert [cluster.name for cluster in transaction.clusters()] == ["c1"]
        assert transaction.cluster_source("c1") == ClusterSource("[cluster c1]")
        assert transaction.templates() == {}
    store.close()


def test_opening_again_migrates_nothing(migrated: Path) -> None:
    """A database of this release is left as it is."""
    before = migrated.read_bytes()
    SqliteStore.open(migrated).close()
    assert migrated.read_bytes() == before


def test_a_database_of_a_later_release_is_refused_and_left_alone(migrated: Path) -> None:
    """The error says so and what to do, and not one byte of the file has changed."""
    connection = sqlite3.connect(migrated)
    connection.execute("update alembic_version set version_num = '9999'")
    connection.commit()
    connection.close()
    before = migrated.read_bytes()
    with pytest.raises(StoreError, match=r"later release .*9999") as refused:
        SqliteStore.open(migrated)
    assert refused.value.where == str(migrated)
    assert refused.value.remedy
    assert migrated.read_bytes() == before
