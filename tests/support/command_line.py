"""The command line inside of the tests' process, which starts in no time."""

from pathlib import Path
from typing import NamedTuple

from typer.testing import CliRunner

from burstway.cli.main import app
from burstway.errors import BurstwayError


class Said(NamedTuple):
    code: int
    out: str
    err: str


def invoke(*words: str | Path, given: str | bytes = "", **environment: str | Path) -> Said:
    """What a command says, with code 2 and the error's words when it is refused, as `main` would have it."""
    asked = {"COLUMNS": "250", **{name: str(value) for name, value in environment.items()}}
    done = CliRunner().invoke(app, [str(word) for word in words], input=given, env=asked)
    if isinstance(done.exception, BurstwayError):
        assert not done.stdout
        return Said(2, "", f"{done.stderr}{done.exception}")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return Said(done.exit_code, done.stdout, done.stderr)
