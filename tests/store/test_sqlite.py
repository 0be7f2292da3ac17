"""What only a store in a file has to stand: other processes, killed holders, full disks, damaged files."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from burstway.errors import StoreError
from burstway.lifecycle.states import note
from burstway.model.node import Node, NodeEvent
from burstway.store import sqlite
from burstway.store.sqlite import SqliteStore

HOLDER = """
import sys, time
from pathlib import Path
from burstway.store.sqlite import SqliteStore
store = SqliteStore.open(Path(sys.argv[1]))
with store.write() as transaction:
    transaction.put_person("ada", "viewer", "hash")
with store.write() as transaction:
    transaction.put_person("bob", "viewer", "another hash")
    print("ready", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "burstway.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore.open(path)
    yield store
    store.close()


def lines(count: int, first: int = 1) -> list[tuple[Node, NodeEvent]]:
    nodes = (Node(f"hpc1-hpc-{index}", "hpc1", "hpc") for index in range(first, first + count))
    return [note(node, "noted", now=1.0, reason="to fill a disk", cause="a test") for node in nodes]


def save(store: SqliteStore, changes: list[tuple[Node, NodeEvent]]) -> None:
    with store.write() as transaction:
        transaction.save(changes)


def counted(store: SqliteStore) -> tuple[int, int]:
    with store.read() as transaction:
        return len(transaction.nodes()), len(transaction.events_after(0, most=100_000))


# --- one holder ------------------------------------------------------------------------------------------


def test_the_second_of_two_control_planes_is_refused(path: Path) -> None:
    """It is told which process has the store and what to do; once that one has closed it, it may."""
    first = SqliteStore.open(path)
    with pytest.raises(StoreError, match=rf"another control plane \(pid {os.getpid()}\)") as refused:
        SqliteStore.open(path)
    assert refused.value.remedy
    assert refused.value.where
    first.close()
    SqliteStore.open(path).close()


def test_a_killed_holder_leaves_no_lock_and_no_half_transaction(path: Path) -> None:
    """kill -9 in the middle of a transaction: what was committed is there, the rest is not."""
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"ready\n"
            with pytest.raises(StoreError, match=rf"another control plane \(pid {holder.pid}\)"):
                SqliteStore.open(path)
        finally:
            holder.send_signal(signal.SIGKILL)
    store = SqliteStore.open(path)
    with store.read() as transaction:
        assert transaction.people() == [("ada", "viewer")]
    store.close()


def test_programs_that_the_holder_starts_do_not_inherit_the_lock(path: Path) -> None:
    """A tunnel that outlives the control plane must not keep the next one out."""
    store = SqliteStore.open(path)
    with subprocess.Popen(["sleep", "600"], close_fds=False) as child:
        try:
            store.close()
            SqliteStore.open(path).close()
        finally:
            child.kill()


def test_another_program_that_locks_the_database_is_named_as_the_cause(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Waiting ends in an error that can be acted on; when the program has let go, work goes on."""
    monkeypatch.setattr(sqlite, "OTHER_PROGRAM_TIMEOUT_S", 0.05)
    store = SqliteStore.open(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(StoreError, match="locked by another program") as refused:
        save(store, lines(1))
    assert refused.value.where == str(path)
    other.close()
    save(store, lines(1))
    assert counted(store) == (1, 1)
    store.close()


# --- files -----------------------------------------------------------------------------------------------


def test_only_the_owner_reads_the_store(path: Path, store: SqliteStore) -> None:
    """The directory is 0700, and every file in it 0600, SQLite's own two included."""
    save(store, lines(1))
    assert path.parent.stat().st_mode & 0o777 == 0o700
    modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert modes == dict.fromkeys(
        ["burstway.db", "burstway.db-wal", "burstway.db-shm", "burstway.db.lock"], 0o600
    )


def test_commits_are_durable_and_readers_do_not_wait(store: SqliteStore) -> None:
    """The settings that this rests on: WAL, synchronous=FULL (2), foreign keys."""
    with store._engine.connect().execution_options(begin="BEGIN") as connection:
        found = [
            connection.exec_driver_sql(f"pragma {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert found == ["wal", 2, 1]


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    """With the file's name and a remedy, and without touching it; the lock is let go."""
    path.parent.mkdir()
    path.write_bytes(b"this is a text, and a long enough one. " * 100)
    for _ in range(2):
        with pytest.raises(StoreError, match="not a database") as refused:
            SqliteStore.open(path)
        assert refused.value.where == str(path)
        assert refused.value.remedy
    assert path.read_bytes().startswith(b"this is a text")


def test_a_damaged_database_is_named_so(path: Path) -> None:
    """Pages overwritten in the middle are found when they are read, not taken for data."""
    store = SqliteStore.open(path)
    save(store, lines(2000))
    store.close()
    with path.open("r+b") as file:
        file.seek(16 * 4096)
        file.write(b"\xff" * (path.stat().st_size - 20 * 4096))
    store = SqliteStore.open(path)
    with pytest.raises(StoreError, match="damaged") as refused:
        counted(store)
    assert refused.value.where == str(path)
    assert refused.value.remedy
    store.close()


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """Here because a file is in its place."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError) as refused:
        SqliteStore.open(tmp_path / "file" / "state" / "burstway.db")
    assert str(tmp_path / "file") in refused.value.where


# --- disks -----------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Two MiB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    mount = tmp_path / "disk"
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(mount)], check=True)
    try:
        yield mount
    finally:
        subprocess.run(["umount", "--lazy", str(mount)], check=True)


def fill(disk: Path, spare_pages: int = 0) -> Path:
    """Takes all the space there is, or all but some pages of 4 KiB; the file that takes it."""
    filler = disk / "filler"
    space = os.statvfs(disk)
    filler.write_bytes(b"x" * (space.f_bavail * space.f_frsize - spare_pages * 4096))
    return filler


def test_a_full_disk_loses_nothing_and_is_survived(small_disk: Path) -> None:
    """The transaction fails whole, readers go on, and with space again writers do too, on the same object."""
    path = small_disk / "burstway.db"
    store = SqliteStore.open(path)
    save(store, lines(100))
    filler = fill(small_disk)
    for _ in range(2):
        with pytest.raises(StoreError, match="disk is full") as refused:
            save(store, lines(3000))
        assert refused.value.where == str(path)
        assert "space" in refused.value.remedy
        assert counted(store) == (100, 100)
    filler.unlink()
    save(store, lines(1000))
    assert counted(store) == (1000, 1100)
    store.close()
    store = SqliteStore.open(path)
    assert counted(store) == (1000, 1100)
    store.close()


def test_a_transaction_larger_than_the_disk_is_survived(small_disk: Path) -> None:
    """It spills, fails and leaves its space to the next, although nobody freed any."""
    store = SqliteStore.open(small_disk / "burstway.db")
    with pytest.raises(StoreError, match="disk is full"):
        save(store, lines(20_000))
    save(store, lines(10))
    assert counted(store) == (10, 10)
    store.close()


@pytest.mark.parametrize(
    ("existing", "spare_pages"), [(False, 0), (False, 1), (False, 6), (False, 20), (True, 0), (True, 6)]
)
def test_opening_on_a_full_disk_is_refused(small_disk: Path, existing: bool, spare_pages: int) -> None:
    """With the cause, at whichever of its files the space ran out; once there is space it opens."""
    path = small_disk / "burstway.db"
    if existing:
        store = SqliteStore.open(path)
        save(store, lines(10))
        store.close()
    filler = fill(small_disk, spare_pages)
    with pytest.raises(StoreError, match="disk is full") as refused:
        SqliteStore.open(path)
    assert "space" in refused.value.remedy
    filler.unlink()
    store = SqliteStore.open(path)
    assert counted(store) == ((10, 10) if existing else (0, 0))
    store.close()


def test_a_read_only_disk_is_named_so(small_disk: Path) -> None:
    """As a matter of rights and mounts, not as damage."""
    path = small_disk / "burstway.db"
    SqliteStore.open(path).close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(StoreError, match="may not be read and written") as refused:
        SqliteStore.open(path)
    assert str(path) in refused.value.where
    assert refused.value.remedy


# --- threads ---------------------------------------------------------------------------------------------


def test_threads_lose_no_update(store: SqliteStore) -> None:
    """Eight of them read, add one and write back, a transaction each time; readers look on meanwhile."""
    save(store, lines(1))
    name = "hpc1-hpc-1"

    def add(_: int) -> None:
        with store.write() as transaction:
            node = transaction.node(name)
            assert node is not None
            event = NodeEvent(name, 0, 1.0, node.state, "added", "", "a test")
            transaction.save([(replace(node, generation=node.generation + 1), event)])
        with store.read() as transaction:
            seen = transaction.node(name)
            assert seen is not None
            assert seen.generation == len(transaction.story(name)) - 1

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(add, range(400)))
    assert counted(store) == (1, 401)


def test_a_writer_that_waits_for_itself_is_told_so(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write() inside a write() would wait for ever."""
    monkeypatch.setattr(sqlite, "WRITER_TIMEOUT_S", 0.05)
    with store.write() as outer:
        with pytest.raises(StoreError, match="another transaction"):
            save(store, lines(1))
        outer.put_person("ada", "viewer", "hash")
    with store.read() as transaction:
        assert transaction.people() == [("ada", "viewer")]
