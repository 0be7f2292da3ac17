"""Bicep: the same as ARM, in its own notation. Source:
https://learn.microsoft.com/en-us/azure/azure-resource-manager/bicep/data-types
"""

import re
from collections.abc import Iterable, Iterator

from burstway.network.model import Nsg
from burstway.network.render.properties import API_VERSION, TYPE, Value, properties

_HEAD = """\
// Network security groups made from Burstway's table of flows.
// az deployment group create --resource-group GROUP --template-file THIS-FILE
param location string = resourceGroup().location
"""


def render_bicep(nsgs: Iterable[Nsg]) -> str:
    """For `az deployment group create --template-file`, or as a module of a larger deployment."""
    lines = [_HEAD]
    for nsg in nsgs:
        lines += [*_resource(nsg), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def symbol(name: str) -> str:
    """A name that may stand in the code: letters, digits and `_`, no digit first."""
    return re.sub(r"^(?=[0-9])|[^A-Za-z0-9]", "_", name)


def _resource(nsg: Nsg) -> Iterator[str]:
    yield f"resource {symbol(nsg.name)} '{TYPE}@{API_VERSION}' = {{"
    yield f"  name: {text(nsg.name)}"
    yield "  location: location"
    yield "  properties: {"
    yield "    securityRules: ["
    for rule in nsg.rules:
        yield "      {"
        yield f"        name: {text(rule.name)}"
        yield "        properties: {"
        for key, value in properties(rule).items():
            yield f"          {key}: {_value(value)}"
        yield "        }"
        yield "      }"
    yield "    ]"
    yield "  }"
    yield "}"


def _value(value: Value) -> str:
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return text(value)
    return "".join(["[", *(f"\n            {text(each)}" for each in value), "\n          ]"])


def text(value: str) -> str:
    """In single quotes. `${` would begin an interpolation."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\${")
    for raw, written in (("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        escaped = escaped.replace(raw, written)
    return f"'{escaped}'"
