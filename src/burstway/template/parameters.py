"""Parameters: declared by the template, given by the user, put where `$name` stands.

`[parameter X]` may stand at any rank below `[parameters …]` sections, which only arrange CycleCloud's form.
A parameter that is neither given nor has a default is undefined, and an attribute that refers to it counts
as absent. Names are compared whatever their case. A value that was given is not looked into for further `$`.
A name may have blanks, as texts in a form do that are no parameter to anyone; `$` cannot refer to it then.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from burstway.template.problems import Problems
from burstway.template.source import Place, quoted
from burstway.template.syntax import Attribute, Section
from burstway.template.typed import boolean, text
from burstway.template.values import Form, Value
from burstway.template.vocabulary import (
    IN_PARAMETER,
    IN_PARAMETERS,
    PARAMETER,
    PARAMETERS,
    check_attributes,
    check_sections,
)

CLUSTER_NAME = "ClusterName"
"""The parameter that every template has without declaring it: the name that the cluster gets."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """`type` is CycleCloud's ParameterType, "String" when the template says none. `default` is None when
    there is none."""

    name: str
    label: str
    description: str
    type: str
    default: str | None
    required: bool
    place: Place = field(compare=False)
    broken: bool = field(default=False, compare=False, repr=False)
    """The default is there and already a problem, so it is not missing."""


def declared_parameters(sections: Iterable[Section], problems: Problems) -> dict[str, Parameter]:
    """The parameters in these sections, by their name in lower case, in the order of the file."""
    found: dict[str, Parameter] = {}
    for section in _declarations(sections, problems):
        parameter = _parameter(section, problems)
        first = found.setdefault(parameter.name.lower(), parameter)
        if first is not parameter:
            what = f"the parameter {parameter.name} is declared a second time, after line {first.place.line}"
            problems.add(parameter.place, what, "keep one")
    return found


def _declarations(sections: Iterable[Section], problems: Problems) -> Iterable[Section]:
    for section in sections:
        if section.kind == "parameters":
            check_attributes(section, PARAMETERS, problems)
            yield from _declarations(check_sections(section, IN_PARAMETERS, problems), problems)
        elif section.kind == "parameter" and section.name:
            check_attributes(section, PARAMETER, problems)
            check_sections(section, IN_PARAMETER, problems)
            yield section


def _parameter(section: Section, problems: Problems) -> Parameter:
    for attribute in section.attributes.values():
        if attribute.value.form is Form.REFERENCE:
            what = "a parameter inside of a parameter is not supported yet"
            problems.add(attribute.value.place, what, "write the value itself")

    def said(key: str) -> str:
        return text(section.attributes.get(key), problems) or ""

    default = section.attributes.get("defaultvalue")
    return Parameter(
        name=section.name,
        label=said("label"),
        description=said("description"),
        type=said("parametertype") or "String",
        default=default.value.text if default else None,
        required=boolean(section.attributes.get("required"), problems) or False,
        place=section.place,
        broken=default is not None and default.value.text is None,
    )


def parameter_values(
    declared: Mapping[str, Parameter], given: Mapping[str, str], cluster_name: str, problems: Problems
) -> dict[str, str | None]:
    """What each parameter is, by its name in lower case: as given, else its default, else None."""
    values: dict[str, str | None] = {CLUSTER_NAME.lower(): cluster_name}
    values |= {key: parameter.default for key, parameter in declared.items()}
    seen: dict[str, str] = {}
    nowhere = Place(problems.source.file)
    for name, value in given.items():
        key = name.lower()
        if key not in declared:
            known = [parameter.name for parameter in declared.values()]
            what = f"the template declares no parameter {quoted(name)}, which is given"
            problems.add_unknown(nowhere, what, name, known, "it declares none" if not known else "")
        elif key in seen:
            problems.add(nowhere, f"the parameter {name} is given twice, also as {seen[key]}", "give it once")
        else:
            seen[key], values[key] = name, value
    for key, parameter in declared.items():
        if parameter.required and not values[key] and not parameter.broken:
            what = f"the parameter {parameter.name} is required and has no value"
            problems.add(parameter.place, what, f"give one: -P {parameter.name}=…")
    return values


def substitute(
    section: Section, declared: Mapping[str, Parameter], values: Mapping[str, str | None], problems: Problems
) -> Section:
    """The section and all inside it, with texts in the place of references. Its own parameters stay as they
    are."""
    if section.kind in ("parameters", "parameter"):
        return section

    def replaced(attribute: Attribute) -> Attribute:
        value = attribute.value
        if value.form is not Form.REFERENCE:
            return attribute
        key = value.parameter.lower()
        if key in values:
            broken = values[key] is None and declared[key].broken
            form = Form.BROKEN if broken else Form.WORD
            return replace(attribute, value=replace(value, text=values[key], form=form))
        known = [parameter.name for parameter in declared.values()]
        what = f"the template declares no parameter {quoted(value.parameter)}"
        remedy = f"declare it: [parameter {value.parameter}]"
        problems.add_unknown(value.place, what, value.parameter, known, remedy)
        return replace(attribute, value=Value(None, Form.BROKEN, value.place))

    return replace(
        section,
        attributes={key: replaced(attribute) for key, attribute in section.attributes.items()},
        sections=[substitute(inner, declared, values, problems) for inner in section.sections],
    )
