"""Whether the values of parameters fit what the template says of them: ParameterType and Config.Entries.

A ParameterType is a free name in CycleCloud, so values are held to the few that can only be meant one way.
A value of another type is a mistake of whoever gives it. A default of another type, and a value that the form
does not offer, can still work, and are warned of.
"""

from collections.abc import Collection, Iterator, Mapping, Set

from burstway.template.data import Datum, Error, Record, Undefined
from burstway.template.describe import entries_of
from burstway.template.expressions import as_text
from burstway.template.forms import Literal
from burstway.template.given import given_value
from burstway.template.known import Known
from burstway.template.parameters import Declared, ParameterValue
from burstway.template.problems import Problems
from burstway.template.scope import Scope
from burstway.template.source import Place, cut, quoted
from burstway.template.values import typed_word

_TRUTH, _WHOLE, _NUMBER = "true or false", "a whole number", "a number"
_WANTED = {
    "boolean": _TRUTH,
    **dict.fromkeys(("integer", "int"), _WHOLE),
    **dict.fromkeys(("number", "float", "double"), _NUMBER),
}
"""What a value is, by its ParameterType in lower case."""

_MOST_CHOICES = 8
"""That a message lists."""


class GivenNames:
    """How each value was given, for messages: by itself, under this spelling, or in a file."""

    def __init__(self, given: Collection[str], from_files: Collection[str]) -> None:
        self._alone = {name.lower(): name for name in given if name not in from_files}

    def said(self, parameter: Declared, written: str) -> str:
        """`-P UseSpot=maybe`, or the same of a file."""
        if name := self._alone.get(parameter.name.lower()):
            return f"-P {name}={cut(written)}"
        return f"the value that a file gives for {parameter.name} is {quoted(written)}"


def refused_values(
    declared: Mapping[str, Declared],
    values: Mapping[str, ParameterValue],
    names: GivenNames,
    problems: Problems,
) -> Set[str]:
    """Reports each given value that is not of its parameter's type; `values` are found by the parameter's
    name in lower case, and so are those that are refused."""
    nowhere = Place(problems.source.file)
    refused = set()
    for key, value in values.items():
        parameter = declared[key]
        known = given_value(value, None, "String", nowhere)
        if not _is_of_type(known, parameter.kind):
            written = "…" if parameter.value("Secret") else known.written
            problems.add(nowhere, f"{names.said(parameter, written)}: {_type_of(parameter)}")
            refused.add(key)
    return refused


def report_unfitting(scope: Scope, given: Set[str], names: GivenNames, problems: Problems) -> None:
    """Warns of defaults that are there twice or not of their parameter's type, and of given values that the
    form does not offer. `given` are the parameters, in lower case, whose values are given."""
    for key, parameter in scope.declared.items():
        if parameter.default and (sections := parameter.structures("DefaultValue")):
            what = f"DefaultValue stands here and as {sections[0]} in line {sections[0].place.line}"
            problems.warn(parameter.default.place, what, "keep one; the section counts")
        if key in given:
            _check_choice(parameter, scope, names, problems)
        elif parameter.kind.lower() in _WANTED:
            _check_default(parameter, scope, problems)


def _check_default(parameter: Declared, scope: Scope, problems: Problems) -> None:
    known = scope.find(parameter.name)
    if known is None or known.broken or isinstance(known.datum, Error):
        return
    if not _is_of_type(known, parameter.kind):
        written = "…" if known.secret else cut(known.written)
        problems.warn(_place_of_default(parameter), f"DefaultValue = {written}: {_type_of(parameter)}")


def _check_choice(parameter: Declared, scope: Scope, names: GivenNames, problems: Problems) -> None:
    known = scope.find(parameter.name) if _has_choices(parameter) else None
    default = parameter.default
    if known is None or known.broken or known.missing or known.secret:
        return
    if isinstance(default, Literal) and default.written == known.written:
        return
    values = [entry.value for entry in entries_of(parameter, scope)]
    if not values or not all(isinstance(value, bool | int | float | str) for value in values):
        return
    place = Place(problems.source.file)
    choices = [given_value(value, None, "String", place).written for value in values]
    offered = {choice.lower() for choice in choices}
    shown = [cut(choice) for choice in choices[:_MOST_CHOICES]]
    listed = ", ".join([*shown, "…"] if len(choices) > len(shown) else shown)
    said = f"{names.said(parameter, known.written)}: {parameter.name} has no choice"
    for chosen in _chosen(known.datum, known.written, offered):
        if chosen.lower() not in offered:
            problems.warn_unknown(place, f"{said} {quoted(chosen)}", chosen, choices, f"there are {listed}")


def _type_of(parameter: Declared) -> str:
    article = "an" if parameter.kind[:1].lower() in "aeiou" else "a"
    return f"{parameter.name} is {article} {parameter.kind}: {_WANTED[parameter.kind.lower()]}"


def _is_of_type(known: Known, kind: str) -> bool:
    """Nothing and the empty text are no value, whatever the type."""
    wanted = _WANTED.get(kind.lower())
    if wanted is None or known.missing:
        return True
    datum = typed_word(known.datum) if isinstance(known.datum, str) else known.datum
    if isinstance(datum, bool) or wanted == _TRUTH:
        return isinstance(datum, bool) and wanted == _TRUTH
    if isinstance(datum, float) and wanted == _WHOLE:
        return datum.is_integer()
    return isinstance(datum, int | float)


def _has_choices(parameter: Declared) -> bool:
    """Whether the form offers certain values and takes no others."""
    free = parameter.value("Config.FreeForm")
    if free is not None and not (isinstance(free, Literal) and free.written.lower() == "false"):
        return False
    return parameter.value("Config.Entries") is not None or bool(parameter.structures("Config.Entries"))


def _chosen(datum: Datum, written: str, offered: Collection[str]) -> Iterator[str]:
    """A value, or each of several, as a list or with commas between them. A record is no choice's name."""
    if isinstance(datum, tuple):
        for inner in datum:
            yield from _chosen(inner, as_text(inner), offered)
    elif not isinstance(datum, Record | Error | Undefined):
        whole = [written] if written.lower() in offered else written.split(",")
        yield from (part.strip() for part in whole if part.strip())


def _place_of_default(parameter: Declared) -> Place:
    if parameter.default:
        return parameter.default.place
    sections = parameter.structures("DefaultValue")
    return sections[0].place if sections else parameter.section.place
