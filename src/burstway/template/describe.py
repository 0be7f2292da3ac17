"""What a template says of its parameters, for people and for the API."""

from collections.abc import Iterator

from burstway.template.data import Datum, Error, Record, Undefined
from burstway.template.expressions import as_text
from burstway.template.forms import Formula, Items, Literal, Mixture
from burstway.template.given import plain
from burstway.template.parameters import Declared, Entry, Parameter
from burstway.template.required import is_conditional, is_required
from burstway.template.scope import Scope


def describe(parameter: Declared, scope: Scope) -> Parameter:
    default = scope.find(parameter.name)
    has_default = default is not None and not default.undefined
    kind = _text(parameter, "ParameterType", scope)
    return Parameter(
        name=parameter.name,
        label=_text(parameter, "Label", scope),
        description=_text(parameter, "Description", scope),
        type=kind or "String",
        groups=parameter.groups,
        default=plain(default.datum) if default and has_default else None,
        default_written=default.written if default and has_default else None,
        required=is_required(parameter, scope),
        conditional=is_conditional(parameter, scope),
        hidden=kind.lower() == "hidden" or _says(parameter, "Hidden", scope)
        or _says(parameter, "Conditions.Hidden", scope),
        entries=tuple(entries_of(parameter, scope)),
        line=parameter.section.place.line,
    )  # fmt: skip


def _text(parameter: Declared, key: str, scope: Scope) -> str:
    """A text for people as it stands there."""
    value = parameter.value(key)
    if isinstance(value, Literal | Mixture | Items):
        return value.written
    return scope.resolver.resolve(value).written if value else ""


def _says(parameter: Declared, key: str, scope: Scope) -> bool:
    """Whether it is true whatever the parameters are."""
    value = parameter.value(key)
    if isinstance(value, Formula):
        expression = scope.formulas.expression(value)
        if expression is None or expression.names():
            return False
    return value is not None and scope.resolver.resolve(value).written.lower() == "true"


def entries_of(parameter: Declared, scope: Scope) -> Iterator[Entry]:
    """What the form offers, as far as the template lists it without referring to anything."""
    value = parameter.value("Config.Entries")
    found: Datum = ()
    if isinstance(value, Formula):
        expression = scope.formulas.expression(value)
        if expression is not None and not expression.names():
            found = scope.resolver.resolve(value).datum
    elif isinstance(value, Items | Literal):
        found = scope.resolver.resolve(value).datum
    else:
        found, _ = scope.structure(parameter.structures("Config.Entries"))
    for item in found if isinstance(found, tuple) else (found,):
        if not isinstance(item, Undefined | Error):
            yield _entry(item)


def _entry(item: Datum) -> Entry:
    """A record with a Value or a Name, and a Label; or a value alone."""
    if not isinstance(item, Record):
        return Entry(as_text(item), plain(item))
    said = {name.lower(): item[name] for name in item if not isinstance(item[name], Undefined | Error)}
    value = said.get("value", said.get("name", said.get("label", "")))
    return Entry(as_text(said.get("label", value)), plain(value))
