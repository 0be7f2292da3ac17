"""One control plane a store: a lock that the kernel drops with its holder, kill -9 included.

The file stays when the lock is dropped: removing it would let two processes lock two files of one name.
"""

import fcntl
import os
from pathlib import Path

from burstway.errors import StoreError


class HolderLock:
    """Held from `take` to `release`. Programs that the holder starts do not inherit it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    @classmethod
    def take(cls, path: Path) -> "HolderLock":
        """Raises StoreError when another process, or another part of this one, holds it; and OSError."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        except BlockingIOError:
            holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise StoreError(
                f"another control plane (pid {holder}) uses this store",
                where=str(path),
                remedy="stop it first, or give this one a state directory of its own",
            ) from None
        except BaseException:
            os.close(descriptor)
            raise
        return cls(descriptor)

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
