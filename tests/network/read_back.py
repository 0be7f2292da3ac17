"""Reads what the renderers write, as if it knew nothing of them: every language to the same value."""

import json
import re
from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Any

import hcl2

from burstway.network.model import Access, Direction, Nsg, Prefix, SecurityRule


def read_arm(text: str) -> list[Nsg]:
    return [
        Nsg(
            resource["name"],
            tuple(
                _rule(_unbracketed(rule["name"]), {k: _unbracketed(v) for k, v in rule["properties"].items()})
                for rule in resource["properties"]["securityRules"]
            ),
        )
        for resource in json.loads(text)["resources"]
    ]


def _unbracketed(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("[") and value.endswith("]"):
        assert value.startswith("[["), f"{value} would be evaluated"
        return value[1:]
    return value


def read_terraform(text: str) -> list[Nsg]:
    """With python-hcl2, which keeps a text's quotes and escapes."""
    found = []
    for resource in hcl2.loads(text)["resource"]:
        ((_, block),) = resource['"azurerm_network_security_group"'].items()
        rules = []
        for rule in block["security_rule"]:
            fields = {_camel(key): _of_hcl(value) for key, value in rule.items() if not key.startswith("__")}
            rules.append(_rule(fields.pop("name"), fields))
        found.append(Nsg(_of_hcl(block["name"]), tuple(rules)))
    return found


def _camel(name: str) -> str:
    return re.sub(r"_(.)", lambda found: found[1].upper(), name)


def _of_hcl(value: Any) -> Any:
    if isinstance(value, list):
        return [_of_hcl(each) for each in value]
    if not isinstance(value, str):
        return value
    assert value[0] == value[-1] == '"'
    inner = value[1:-1]
    assert "${" not in inner, f"{value} would be evaluated"
    assert "%{" not in inner, f"{value} would be evaluated"
    return re.sub(
        r"\\(?:u([0-9a-f]{4})|(.))", lambda m: chr(int(m[1], 16)) if m[1] else _escaped(m[2]), inner
    )


def _escaped(letter: str) -> str:
    return {"n": "\n", "r": "\r", "t": "\t"}.get(letter, letter)


def read_bicep(text: str) -> list[Nsg]:
    """Objects and arrays without commas, texts in single quotes, numbers: what the renderer uses of it."""
    found = []
    for _, body in re.findall(r"^resource (\w+) '[^']*' = (\{.*?^\})$", text, re.MULTILINE | re.DOTALL):
        value = _value(list(_tokens(body)))
        rules = value["properties"]["securityRules"]
        found.append(Nsg(value["name"], tuple(_rule(rule["name"], rule["properties"]) for rule in rules)))
    return found


_TOKEN = re.compile(
    r"'(?P<text>(?:[^'\\]|\\.)*)'|(?P<number>\d+)|(?P<key>\w+)\s*:|(?P<sign>[][{}])|(?P<word>\w+)"
)


def _tokens(body: str) -> Iterator[tuple[str, str]]:
    for line in body.splitlines():
        rest = line.strip()
        while rest:
            found = _TOKEN.match(rest)
            assert found is not None, rest
            assert found.lastgroup is not None
            yield found.lastgroup, found[found.lastgroup]
            rest = rest[found.end() :].strip()


def _value(tokens: list[tuple[str, str]]) -> Any:
    kind, text = tokens.pop(0)
    if kind == "text":
        assert not re.search(r"(?<!\\)(\\\\)*\$\{", text), f"{text} would be evaluated"
        return re.sub(r"\\(.)", lambda found: _escaped(found[1]), text)
    if kind == "number":
        return int(text)
    if kind == "word":
        return text
    made: Any = {} if text == "{" else []
    while tokens[0] not in (("sign", "}"), ("sign", "]")):
        if text == "{":
            assert tokens[0][0] == "key", tokens[0]
            key = tokens.pop(0)[1]
            made[key] = _value(tokens)
        else:
            made.append(_value(tokens))
    tokens.pop(0)
    return made


def _rule(name: str, fields: dict[str, Any]) -> SecurityRule:
    rule = SecurityRule(
        name,
        fields.pop("priority"),
        Direction(fields.pop("direction")),
        Access(fields.pop("access")),
        fields.pop("protocol"),
        _addresses(fields, "source"),
        _ports(fields, "source"),
        _addresses(fields, "destination"),
        _ports(fields, "destination"),
        description=fields.pop("description", ""),
    )
    assert not fields, f"{sorted(fields)} are not expected"
    return rule


def _several(fields: dict[str, Any], singular: str, plural: str) -> list[str]:
    """One of the two, as Azure wants it."""
    assert (singular in fields) != (plural in fields)
    return [fields.pop(singular)] if singular in fields else list(fields.pop(plural))


def _addresses(fields: dict[str, Any], end: str) -> tuple[Prefix, ...]:
    written = _several(fields, f"{end}AddressPrefix", f"{end}AddressPrefixes")
    if len(written) == 1 and not written[0][0].isdigit():
        return (written[0],)
    return tuple(IPv4Network(each) for each in written)


def _ports(fields: dict[str, Any], end: str) -> tuple[tuple[int, int], ...]:
    written = _several(fields, f"{end}PortRange", f"{end}PortRanges")
    if written == ["*"]:
        return ((0, 65_535),)
    pairs = [each.partition("-") for each in written]
    return tuple((int(first), int(last or first)) for first, _, last in pairs)
