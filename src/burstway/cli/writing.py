"""Files that commands write: whole or not at all, and never over something else unasked."""

import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from burstway.errors import ConflictError, InputError


def places_of(files: Mapping[str, str], written: str | Path) -> dict[Path, str]:
    """One file goes to the path, or into it where that is a folder or ends in a slash; several go below it.
    Names in `files` may have folders. Raises InputError where several would go into a file, or a folder is
    meant and a file is there."""
    output = Path(written)
    folder = output.is_dir() or str(written).endswith(os.sep)
    if len(files) == 1 and not folder:
        (text,) = files.values()
        return {output: text}
    if output.exists() and not output.is_dir():
        raise InputError(
            f"files are to be written into it ({len(files)}), and this is not a folder",
            where=str(output), remedy="name a folder",
        )  # fmt: skip
    return {output / name: text for name, text in files.items()}


def write_files(files: Mapping[Path, str], *, replace: bool) -> Iterator[tuple[Path, str]]:
    """Each path with what was done: `written`, or `unchanged` where that text is there already. Before the
    first is put in its place all of them are on the disk beside it. A link is followed. Raises ConflictError
    where another text is there and `replace` is not set; nothing has been written then."""
    real = {path.resolve(): text for path, text in files.items()}
    fresh = {path: text for path, text in real.items() if _differs(path, text, replace)}
    with ExitStack() as undo:
        ready = [(_beside(path, text, undo), path) for path, text in fresh.items()]
        for temporary, path in ready:
            with _named(path):
                temporary.replace(path)
    for path in real:
        yield path, "written" if path in fresh else "unchanged"


def _differs(path: Path, text: str, replace: bool) -> bool:
    try:
        if not path.exists():
            return True
        if not path.is_file():
            raise InputError(
                "this is not a file that can be replaced", where=str(path), remedy="name another"
            )
        same = path.read_bytes() == text.encode()
    except OSError as refused:
        raise InputError(f"cannot be read: {refused.strerror}", where=str(path)) from refused
    if not same and not replace:
        raise ConflictError(
            "there is another file already",
            where=str(path),
            remedy="nothing was written; --force replaces it",
        )
    return not same


def _beside(path: Path, text: str, undo: ExitStack) -> Path:
    """A temporary file in the same folder, which is made, with the mode of the file that it is to replace, or
    else that a new file gets. Root leaves the file to its owner."""
    with _named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
        undo.callback(_remove, Path(name))
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        mask = os.umask(0)
        os.umask(mask)
        there = path.stat() if path.exists() else None
        if there and os.geteuid() == 0:
            os.chown(name, there.st_uid, there.st_gid)
        Path(name).chmod(stat.S_IMODE(there.st_mode) if there else 0o666 & ~mask)
        return Path(name)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """What cannot be done is said of the file that a person asked for, not of the temporary one."""
    try:
        yield
    except OSError as refused:
        raise InputError(f"cannot be written: {refused.strerror}", where=str(path)) from refused


def _remove(path: Path) -> None:
    with suppress(FileNotFoundError):
        path.unlink()
