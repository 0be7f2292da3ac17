"""Doing things on this machine: programs, and files written as a whole or not at all."""

import errno
import os
import pwd
import subprocess

from .console import StepError

MYPY = False
if MYPY:
    from typing import Any, List, Optional, Tuple


def run(command: "List[str]", doing: str, text: "Optional[str]" = None, timeout: int = 60) -> str:
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE if text is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    except OSError as error:
        raise StepError("%s: %s cannot be started: %s" % (doing, command[0], error.strerror)) from error
    try:
        printed = process.communicate(None if text is None else text.encode("utf-8"), timeout)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise StepError("%s: %s did not end in %d s" % (doing, command[0], timeout)) from None
    output = printed.decode("utf-8", "replace").strip()
    if process.returncode != 0:
        raise StepError(
            "%s: %s ended with code %d: %s" % (doing, command[0], process.returncode, output[-300:])
        )
    return output


def write(path: str, text: "Any", mode: int, owner: "Optional[Tuple[int, int]]" = None) -> None:
    """Writes the file as a whole or not at all."""
    part = "%s.burstway-%d" % (path, os.getpid())
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape"))
        file.flush()
        os.fsync(file.fileno())
    if owner is not None:
        os.chown(part, owner[0], owner[1])
    os.chmod(part, mode)
    os.rename(part, path)


def rewrite(path: str, lines: "List[str]") -> None:
    """Writes the lines into a file of the system's, which keeps its mode and its owner."""
    text = "".join(line + "\n" for line in lines)
    if text == read(path):
        return
    try:
        found = os.stat(path)
        write(path, text, found.st_mode & 0o7777, (found.st_uid, found.st_gid))
    except IOError as error:
        if error.errno != errno.ENOENT:
            raise
        write(path, text, 0o644)


def read_lines(path: str) -> "List[str]":
    """The lines as they are: only a line feed ends one, and what is not UTF-8 stays what it is."""
    text = read(path)
    return text[:-1].split("\n") if text.endswith("\n") else text.split("\n") if text else []


def read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read()
    except IOError as error:
        if error.errno == errno.ENOENT:
            return ""
        raise


def account(name: str) -> "Tuple[int, int]":
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise StepError("the image has no user %s; install munge and slurmd in it" % name) from None
    return entry.pw_uid, entry.pw_gid
