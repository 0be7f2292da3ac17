"""What SQLite and the file system refuse, as errors that a person can act on.

The rule: nothing is told apart by the words of a message, only by SQLite's result codes
(https://www.sqlite.org/rescode.html) and by errno.
"""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from burstway.errors import BurstwayError, ConflictError, StoreError

_FULL = ("the disk is full", "free space there; nothing was half written, and work goes on by itself")
_DENIED = ("the store may not be read and written", "check the owner and mode of the file and its directory")
_DAMAGED = ("the database is damaged", "put the file aside and restore the latest backup")
_BROKEN = ("the disk could not be read or written", "look for disk errors in the system's log")

_BY_RESULT_CODE = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_BUSY: ("the database is locked by another program", "end the program that has it open"),
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: ("the file is not a database", _DAMAGED[1]),
    sqlite3.SQLITE_IOERR: _BROKEN,
    sqlite3.SQLITE_READONLY: _DENIED,
    sqlite3.SQLITE_PERM: _DENIED,
    sqlite3.SQLITE_CANTOPEN: ("the database cannot be opened", _DENIED[1]),
}
_BY_ERRNO = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.EROFS: _DENIED,
}
_ALREADY_THERE = (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Around what touches the database and nothing else: the caller's own errors are not ours to explain."""
    try:
        yield
    except DBAPIError as error:
        raise _explain_sqlite(error.orig, path) from error
    except sqlite3.Error as error:
        raise _explain_sqlite(error, path) from error
    except OSError as error:
        what, remedy = _BY_ERRNO.get(error.errno or 0, (f"{_BROKEN[0]}: {error.strerror}", _BROKEN[1]))
        raise StoreError(what, where=str(error.filename or path), remedy=remedy) from error


def _explain_sqlite(error: BaseException | None, path: Path) -> BurstwayError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    if code in _ALREADY_THERE:
        return ConflictError(f"the store has it already: {error}", where=str(path))
    primary = code & 0xFF  # the extended code says which system call, the low byte what to do about it
    if primary in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN) and _is_full(path):
        primary = sqlite3.SQLITE_FULL  # SQLite has no better word when its shared memory file cannot grow
    what, remedy = _BY_RESULT_CODE.get(primary, (f"the database refuses: {error}", "report this as a defect"))
    return StoreError(what, where=str(path), remedy=remedy)


def _is_full(path: Path) -> bool:
    """Less is left than twice the 32 KiB with which SQLite's shared memory file begins."""
    try:
        disk = os.statvfs(path.parent)
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < 65_536
