"""Files that commands write: whole or not at all, and never over something else unasked."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from burstway.errors import ConflictError, InputError


def places_of(files: Mapping[str, str], output: Path) -> dict[Path, str]:
    """One file goes to `output`, or into it where that is a folder; several go below it. Names in `files` may
    have folders. Raises InputError where several would go into a file."""
    if len(files) == 1 and not output.is_dir():
        (text,) = files.values()
        return {output: text}
    if output.exists() and not output.is_dir():
        raise InputError(
            f"{len(files)} files are to be written, and this is not a folder",
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
        try:
            ready = [(_beside(path, text, undo), path) for path, text in fresh.items()]
            for temporary, path in ready:
                temporary.replace(path)
        except OSError as refused:
            where = str(refused.filename or next(iter(fresh)))
            raise InputError(f"cannot be written: {refused.strerror}", where=where) from refused
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
    """A temporary file in the same folder, which is made, with the mode that a new file gets."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    undo.callback(_remove, Path(name))
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    mask = os.umask(0)
    os.umask(mask)
    Path(name).chmod(0o666 & ~mask)
    return Path(name)


def _remove(path: Path) -> None:
    with suppress(FileNotFoundError):
        path.unlink()
