"""Files of parameter values, as given with `-p`: JSON or Java properties, told apart by their suffix.

The only input and output in this package. A number keeps the spelling it has in the file; a value is a text
in the end, and the attribute that it lands in says what it must be. A list, an object or null is refused.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from burstway.errors import Problem, TemplateError
from burstway.template.problems import Problems
from burstway.template.source import Place, Source, quoted

_PROPERTY = re.compile(r"([^\s=:]+)[ \t]*[=:](.*)")


def read_parameter_file(path: Path) -> dict[str, str]:
    """The values in the file, by the parameter's name. Raises TemplateError with all that is wrong in it."""
    readers = {".json": parse_json, ".properties": parse_properties}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        _refuse(str(path), "a file of parameters ends in .json or .properties")
    try:
        written = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        _refuse(str(path), "there is no such file")
    except UnicodeDecodeError:
        _refuse(str(path), "the file is not UTF-8")
    except (OSError, ValueError) as refused:
        _refuse(str(path), str(refused))
    return reader(written, str(path))


def parse_json(text: str, file: str) -> dict[str, str]:
    problems = Problems(Source.of(text, file))
    values: dict[str, str] = {}
    for name, value in _pairs(text, file, problems):
        if isinstance(value, bool):
            _put(values, name, str(value).lower(), Place(file), problems)
        elif isinstance(value, str):
            _put(values, name, value, Place(file), problems)
        else:
            problems.add(Place(file), f"the value of {quoted(name)} is not a text, a number, true or false")
    problems.raise_any()
    return values


def _pairs(text: str, file: str, problems: Problems) -> list[tuple[str, object]]:
    """The names and values of the object that the file is; none, and a problem, when it is something else."""
    try:
        # Numbers stay texts: 1.10 is a version, and an integer of a million digits costs nothing.
        read = json.loads(
            text, object_pairs_hook=_Object, parse_int=str, parse_float=str, parse_constant=_Constant
        )
    except json.JSONDecodeError as refused:
        problems.add(Place(file, refused.lineno, refused.colno), f"not JSON: {refused.msg}")
        return []
    except RecursionError:
        problems.add(Place(file), "lists inside of lists without end")
        return []
    if isinstance(read, _Object):
        return read.pairs
    problems.add(Place(file), "the file is not a JSON object", 'as in {"MachineType": "lab.c1"}')
    return []


def parse_properties(text: str, file: str) -> dict[str, str]:
    source = Source.of(text, file)
    problems = Problems(source)
    values: dict[str, str] = {}
    for number, line in enumerate(source.lines, start=1):
        body = line.strip(" \t")
        if not body or body.startswith(("#", "!")):
            continue
        place = Place(file, number, line.index(body) + 1)
        if "\\" in body:
            where = place.along(body.index("\\"))
            problems.add(where, "a backslash is not supported yet", "write the value into a JSON file")
        elif match := _PROPERTY.fullmatch(body):
            _put(values, match[1], match[2].strip(" \t"), place, problems)
        else:
            problems.add(
                place, f"{quoted(body)} is not a parameter and its value", "as in MachineType = lab.c1"
            )
    problems.raise_any()
    return values


@dataclass(frozen=True, slots=True)
class _Object:
    """A JSON object as the pairs that it is written as, so that a repeated name is seen."""

    pairs: list[tuple[str, object]]


@dataclass(frozen=True, slots=True)
class _Constant:
    """NaN or Infinity, which JSON does not have and Python's reader accepts."""

    name: str


def _put(values: dict[str, str], name: str, value: str, place: Place, problems: Problems) -> None:
    if name in values:
        problems.add(place, f"the parameter {quoted(name)} stands in the file a second time", "keep one")
    values[name] = value


def _refuse(file: str, what: str) -> NoReturn:
    raise TemplateError([Problem(file, 0, 0, what)])
