"""Terraform, for the provider azurerm: the names of fields are Azure's in its own spelling. Sources:
https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/network_security_group and
https://developer.hashicorp.com/terraform/language/expressions/strings
"""

import re
from collections.abc import Iterable, Iterator

from burstway.network.model import Nsg
from burstway.network.render.bicep import symbol
from burstway.network.render.properties import Value, properties

_HEAD = """\
# Network security groups made from Burstway's table of flows.
variable "resource_group_name" {
  type = string
}

variable "location" {
  type = string
}
"""

_ESCAPES = (("${", r"\u0024{"), ("%{", r"\u0025{"), ("\n", r"\n"), ("\r", r"\r"), ("\t", r"\t"))


def render_terraform(nsgs: Iterable[Nsg]) -> str:
    """A file of a module. Attach a group with azurerm_subnet_network_security_group_association."""
    lines = [_HEAD]
    for nsg in nsgs:
        lines += [*_resource(nsg), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _resource(nsg: Nsg) -> Iterator[str]:
    yield f'resource "azurerm_network_security_group" "{symbol(nsg.name)}" {{'
    yield from _aligned(
        "  ",
        {
            "name": text(nsg.name),
            "resource_group_name": "var.resource_group_name",
            "location": "var.location",
        },
    )
    for rule in nsg.rules:
        fields = {_snake(key): _value(value) for key, value in properties(rule).items()}
        yield ""
        yield "  security_rule {"
        yield from _aligned("    ", {"name": text(rule.name), **fields})
        yield "  }"
    yield "}"


def _aligned(indent: str, fields: dict[str, str]) -> Iterator[str]:
    """As `terraform fmt` would have it."""
    width = max(len(name) for name in fields)
    for name, value in fields.items():
        yield f"{indent}{name:<{width}} = {value}"


def _snake(name: str) -> str:
    return re.sub(r"(?=[A-Z])", "_", name).lower()


def _value(value: Value) -> str:
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return text(value)
    return "[" + ", ".join(text(each) for each in value) + "]"


def text(value: str) -> str:
    """In double quotes. `${` and `%{` would begin a template; by number their first character does not."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    for raw, written in _ESCAPES:
        escaped = escaped.replace(raw, written)
    return f'"{escaped}"'
