"""contracts.Store in one SQLite file: one process, one writer at a time, readers that wait for nobody.

WAL lets readers see the last committed state while a writer works. synchronous=FULL makes a commit survive a
power cut, which the life of a node depends on: an intent that was written before the cloud was asked must
still be there afterwards.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from burstway.errors import StoreError
from burstway.store.faults import explained
from burstway.store.lock import HolderLock
from burstway.store.migrate import migrate
from burstway.store.transaction import SqliteTransaction

WRITER_TIMEOUT_S = 30.0
"""Writers take milliseconds; one that holds the others up for longer hangs, or waits for itself."""

OTHER_PROGRAM_TIMEOUT_S = 5.0
"""How long to wait for a program that is not ours: a backup, or somebody's sqlite3."""

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA journal_size_limit = 67108864",  # bytes that the log keeps on disk after a great transaction
)


class SqliteStore:
    """Safe to use from any number of threads; a transaction belongs to the thread that began it."""

    def __init__(self, path: Path, engine: Engine, lock: HolderLock) -> None:
        self._path = path
        self._engine = engine
        self._lock = lock
        self._writer = threading.Lock()
        self._closed = False

    @classmethod
    def open(cls, path: Path) -> "SqliteStore":
        """Creates the directory (0700) and the file (0600) where they are missing, and migrates the schema.

        Raises StoreError: another process uses it, it is of a later release, damaged, out of reach, no space.
        """
        path = path.absolute()
        with explained(path):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = HolderLock.take(path.with_name(path.name + ".lock"))
        engine = _engine(path)
        store = cls(path, engine, lock)
        try:
            with explained(path):
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
                with engine.execution_options(begin="BEGIN IMMEDIATE").begin() as connection:
                    migrate(connection, str(path))
        except BaseException:
            store.close()
            raise
        return store

    @contextmanager
    def read(self) -> Iterator[SqliteTransaction]:
        """What one moment looked like; what is written meanwhile is not seen."""
        with self._connect("BEGIN") as connection:
            yield SqliteTransaction(connection, self._path, writing=False)

    @contextmanager
    def write(self) -> Iterator[SqliteTransaction]:
        """Committed, and on the disk, when the block ends; when it raises, as if it had never begun."""
        with self._turn(), self._connect("BEGIN IMMEDIATE") as connection:
            transaction = SqliteTransaction(connection, self._path, writing=True)
            yield transaction
            if transaction.failed:
                raise StoreError("part of the transaction failed: nothing is saved", where=str(self._path))
            with explained(self._path):
                connection.commit()

    def close(self) -> None:
        """Waits for the writer there may be. Readers must have ended. Closing twice is harmless."""
        with self._turn():
            self._closed = True
            self._engine.dispose()
            self._lock.release()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Alone among the writers of this process."""
        if not self._writer.acquire(timeout=WRITER_TIMEOUT_S):
            raise StoreError(
                f"another transaction has been writing for {WRITER_TIMEOUT_S:.0f} s",
                where=str(self._path),
                remedy="report this as a defect",
            )
        try:
            yield
        finally:
            self._writer.release()

    @contextmanager
    def _connect(self, begin: str) -> Iterator[Connection]:
        """A connection in a transaction, which is rolled back at the end unless it was committed."""
        if self._closed:
            raise StoreError("the store is closed", where=str(self._path))
        with explained(self._path):
            connection = self._engine.connect().execution_options(begin=begin)
        try:
            with explained(self._path):
                connection.begin()
            yield connection
        finally:
            connection.close()


def _engine(path: Path) -> Engine:
    """The driver is told to begin no transactions; SQLAlchemy's own begin says which kind it is to be."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": OTHER_PROGRAM_TIMEOUT_S, "isolation_level": None},
        max_overflow=-1,  # a reader never waits for another reader's connection
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options()["begin"])

    return engine
