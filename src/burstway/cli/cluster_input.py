"""What a person hands to the commands for templates: a file's text, and values of parameters."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from burstway.contracts import Json
from burstway.errors import InputError

STANDARD_INPUT = Path("-")
MOST_BYTES = 16 * 2**20
"""More than any template has; a device has no end."""

ParameterFiles = Annotated[
    list[Path] | None,
    typer.Option("-p", "--parameters", help="Values: a .json or .properties file; of several the last wins."),
]
SingleValues = Annotated[
    list[str] | None, typer.Option("-P", "--parameter", help="One value: NAME=VALUE; wins over files.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@dataclass(frozen=True, slots=True)
class Given:
    """Values by the names that were given, and which of the names come from files."""

    values: Mapping[str, Json]
    from_files: Sequence[str]

    @property
    def body(self) -> dict[str, object]:
        """As the API takes them."""
        return {"parameters": self.values, "from_files": self.from_files}


def read_text(path: Path) -> str:
    """The text of the file as it is, with its line ends and byte order mark; `-` is standard input. Raises
    InputError."""
    name = shown_name(path)
    try:
        if path == STANDARD_INPUT:
            data = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with path.open("rb") as file:
                data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise InputError(
                f"has more than {MOST_BYTES // 2**20} MiB", where=name, remedy="is it a template?"
            )
        return data.decode("utf-8")
    except UnicodeDecodeError as refused:
        line = data.count(b"\n", 0, refused.start) + 1
        raise InputError(
            f"is not UTF-8 at byte {refused.start}, in line {line}", where=name, remedy="save it as UTF-8"
        ) from refused
    except OSError as refused:
        raise InputError(f"cannot be read: {refused.strerror}", where=name) from refused


def shown_name(path: Path) -> str:
    """What a file is called in messages; octets of its name that are no text are not in it."""
    return "standard input" if path == STANDARD_INPUT else str(path).encode(errors="replace").decode()


def given_values(files: Sequence[Path] | None, single: Sequence[str] | None) -> Given:
    """Later files win over earlier ones, and single values over files; names are the same whatever their
    case. Raises InputError."""
    from burstway.template.parameter_file import read_parameter_file

    found: dict[str, tuple[str, Json, bool]] = {}
    for path in files or ():
        for name, value in read_parameter_file(path).items():
            found[name.lower()] = (name, value, True)
    for pair in single or ():
        name, separator, written = pair.partition("=")
        if not separator or not name.strip():
            raise InputError(f"-P {pair!r} is not NAME=VALUE")
        found[name.strip().lower()] = (name.strip(), written.strip(), False)
    return Given(
        {name: value for name, value, _ in found.values()},
        [name for name, _, from_file in found.values() if from_file],
    )
