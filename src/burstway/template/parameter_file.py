"""Files of parameter values, as given with `-p`: JSON or Java properties, told apart by their suffix.

The only input and output in this package. JSON's values stay what they are; a number that Python would spell
in another way, as 1.10, is a text, for it may be a version. Properties are texts.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from burstway.errors import Problem, TemplateError
from burstway.template.parameters import MOST_DEPTH, ParameterValue
from burstway.template.problems import Problems
from burstway.template.source import Place, Source, quoted
from burstway.template.values import MOST_DIGITS

_PROPERTY = re.compile(r"((?:[^\s=:\\]|\\.)+)[ \t]*[=: \t]?(.*)")
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f"}


def read_parameter_file(path: Path) -> dict[str, ParameterValue]:
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


def parse_json(text: str, file: str) -> dict[str, ParameterValue]:
    problems = Problems(Source.of(text, file))
    values: dict[str, ParameterValue] = {}
    for name, value in _pairs(text, file, problems):
        _put(values, name, _plain(name, value, file, problems), Place(file), problems)
    problems.raise_any()
    return values


def _pairs(text: str, file: str, problems: Problems) -> list[tuple[str, object]]:
    """The names and values of the object that the file is; none, and a problem, when it is something else."""
    try:
        read = json.loads(
            text, object_pairs_hook=_Object, parse_int=_whole, parse_float=_number, parse_constant=_Constant
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


def _whole(written: str) -> int | str:
    return int(written) if len(written) <= MOST_DIGITS else written


def _number(written: str) -> float | str:
    number = float(written)
    return number if repr(number) == written else written


def _plain(name: str, value: object, file: str, problems: Problems, depth: int = 0) -> ParameterValue:
    if depth > MOST_DEPTH:
        problems.add(Place(file), f"the value of {quoted(name)} has lists inside of lists without end")
    elif isinstance(value, _Constant):
        problems.add(Place(file), f"the value of {quoted(name)} is not JSON: {value.name}")
    elif isinstance(value, _Object):
        return {key: _plain(name, inner, file, problems, depth + 1) for key, inner in value.pairs}
    elif isinstance(value, list):
        return [_plain(name, inner, file, problems, depth + 1) for inner in value]
    elif value is None or isinstance(value, bool | int | float | str):
        return value
    return None


def parse_properties(text: str, file: str) -> dict[str, ParameterValue]:
    """`name = value` or `name: value`, a line each; one that ends in a backslash goes on in the next."""
    source = Source.of(text, file)
    problems = Problems(source)
    values: dict[str, ParameterValue] = {}
    begun: list[str] = []
    place = Place(file)
    for number, line in enumerate(source.lines, start=1):
        body = line.lstrip(" \t\f")
        if not begun and (not body or body.startswith(("#", "!"))):
            continue
        place = place if begun else Place(file, number, line.index(body) + 1)
        goes_on = (len(body) - len(body.rstrip("\\"))) % 2 == 1 and number < len(source.lines)
        begun.append(body[:-1] if goes_on else body)
        if not goes_on:
            _property("".join(begun), place, values, problems)
            begun = []
    problems.raise_any()
    return values


def _property(body: str, place: Place, values: dict[str, ParameterValue], problems: Problems) -> None:
    match = _PROPERTY.fullmatch(body)
    if match is None or not re.search(r"[=:]", body):
        problems.add(place, f"{quoted(body)} is not a parameter and its value", "as in MachineType = lab.c1")
        return
    _put(values, _unescaped(match[1]), _unescaped(match[2].strip(" \t")), place, problems)


def _unescaped(text: str) -> str:
    def replaced(escape: re.Match[str]) -> str:
        if len(escape[1]) == 5:
            character = chr(int(escape[1][1:], 16))
            return character if character.isprintable() else "\ufffd"
        return _ESCAPES.get(escape[1], escape[1])

    return _ESCAPE.sub(replaced, text)


@dataclass(frozen=True, slots=True)
class _Object:
    """A JSON object as the pairs that it is written as, so that a repeated name is seen."""

    pairs: list[tuple[str, object]]


@dataclass(frozen=True, slots=True)
class _Constant:
    """NaN or Infinity, which JSON does not have and Python's reader accepts."""

    name: str


def _put(
    values: dict[str, ParameterValue], name: str, value: ParameterValue, place: Place, problems: Problems
) -> None:
    if name in values:
        problems.add(place, f"the parameter {quoted(name)} stands in the file a second time", "keep one")
    values[name] = value


def _refuse(file: str, what: str) -> NoReturn:
    raise TemplateError([Problem(file, 0, 0, what)])
