"""Parameters: declared by the template, given by the user.

`[parameter X]` may stand at any rank below `[parameters …]` sections, which only arrange CycleCloud's form,
and directly in the file or in a cluster. Names are compared whatever their case. A name may have blanks, as
texts in a form do that are no parameter to anyone; `$` cannot refer to it then.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from burstway.template.forms import Literal, Value
from burstway.template.problems import Problems
from burstway.template.source import Place, cut, quoted
from burstway.template.syntax import Section

CLUSTER_NAME = "ClusterName"
"""The parameter that every template has without declaring it: the name that the cluster gets."""

MOST_DEPTH = 32
"""Of lists and objects inside of each other in a value that is given; what is made of it needs as much
stack."""

MOST_BITS = 64
"""Of a whole number that is given: what the language of expressions has."""

ParameterValue: TypeAlias = (
    "bool | int | float | str | Sequence[ParameterValue] | Mapping[str, ParameterValue] | None"
)
"""What a file of parameters in JSON can hold; a text is typed as the parameter's default and type suggest."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One of the values that CycleCloud's form offers for a parameter."""

    label: str
    value: ParameterValue


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a template says of a parameter; all of it can be written as JSON.

    `groups` are the names of the [parameters …] sections around it, the outermost first. `type` is
    CycleCloud's ParameterType, "String" when the template says none. `default` is None without a default, and
    `default_written` is how the template spells it. `required`: it must have a value when the others have
    their defaults; `conditional`: whether it must depends on what the others are. `entries` are what the
    form offers, as far as the template lists them.
    """

    name: str
    label: str
    description: str
    type: str
    groups: tuple[str, ...]
    default: ParameterValue
    default_written: str | None
    required: bool
    conditional: bool
    hidden: bool
    entries: tuple[Entry, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Declared:
    """A parameter as the template declares it. `groups` are the names of the sections around it."""

    name: str
    groups: tuple[str, ...]
    section: Section

    @property
    def kind(self) -> str:
        """Its ParameterType as it is written; "" when the template says none, or none that simply stands
        there."""
        value = self.value("ParameterType")
        return value.written if isinstance(value, Literal) else ""

    @property
    def default(self) -> Value | None:
        return self.value("DefaultValue")

    def value(self, key: str) -> Value | None:
        attribute = self.section.attributes.get(key.lower())
        return attribute.value if attribute else None

    def structures(self, name: str) -> list[Section]:
        """The sections [[[list NAME]]] and [[[record NAME]]] that make a value of this name."""
        kinds = ("list", "record")
        sections = self.section.sections
        return [s for s in sections if s.kind in kinds and s.name.lower() == name.lower()]


def declared_parameters(sections: Iterable[Section], problems: Problems) -> dict[str, Declared]:
    """The parameters in these sections, by their name in lower case, in the order of the file."""
    found: dict[str, Declared] = {}
    for parameter in _declarations(sections, ()):
        key = parameter.name.lower()
        if first := found.pop(key, None):
            line = first.section.place.line
            what = f"the parameter {parameter.name} is declared a second time, after line {line}"
            problems.warn(parameter.section.place, what, "keep one; this one counts")
        found[key] = parameter
    return found


def _declarations(sections: Iterable[Section], groups: tuple[str, ...]) -> Iterator[Declared]:
    for section in sections:
        if section.kind == "parameters":
            yield from _declarations(section.sections, (*groups, section.name))
        elif section.kind == "parameter" and section.name:
            yield Declared(section.name, groups, section)
            yield from _declarations(section.sections, groups)


def given_values(
    declared: Mapping[str, Declared],
    given: Mapping[str, ParameterValue],
    from_files: Collection[str],
    problems: Problems,
) -> dict[str, ParameterValue]:
    """What is given for the declared parameters, by their name in lower case. One from a file gives way to
    one that is given by itself."""
    values: dict[str, ParameterValue] = {}
    seen: dict[str, str] = {}
    nowhere = Place(problems.source.file)
    for name in sorted(given, key=lambda name: name not in from_files):
        key = name.lower()
        if key not in declared:
            _report_undeclared(name, declared, name in from_files, problems)
            continue
        if key in seen and (name in from_files) == (seen[key] in from_files):
            problems.add(nowhere, f"the parameter {name} is given twice, also as {seen[key]}", "give it once")
        elif _too_large(given[name]):
            what = f"the value that is given for {quoted(name)} is too large"
            remedy = (
                f"a number of {MOST_BITS} bits, and {MOST_DEPTH} lists inside of each other, are the most"
            )
            problems.add(nowhere, what, remedy)
        else:
            seen[key], values[key] = name, given[name]
    return values


def _report_undeclared(
    name: str, declared: Mapping[str, Declared], from_file: bool, problems: Problems
) -> None:
    if name.lower() == CLUSTER_NAME.lower() and from_file:
        return  # CycleCloud writes it into the files that it exports
    known = (parameter.name for parameter in declared.values())
    said = f"a file of values gives {cut(name)}, but" if from_file else f"-P {cut(name)}:"
    what = f"{said} the template declares no such parameter"
    report = problems.warn_unknown if from_file else problems.add_unknown
    report(Place(problems.source.file), what, name, known, "" if declared else "it declares none")


def _too_large(value: ParameterValue, depth: int = 0) -> bool:
    if depth > MOST_DEPTH:
        return True
    if isinstance(value, Mapping):
        return any(_too_large(inner, depth + 1) for inner in value.values())
    if isinstance(value, str) or not isinstance(value, Sequence):
        return isinstance(value, int) and value.bit_length() >= MOST_BITS
    return any(_too_large(inner, depth + 1) for inner in value)
