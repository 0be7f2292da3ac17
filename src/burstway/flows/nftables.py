"""The rules of a border as an nftables ruleset: what no rule names is dropped and counted."""

from collections.abc import Iterable
from ipaddress import IPv4Network

from burstway.flows.rules import Rule

TABLE = "burstway"


def render_nftables(rules: Iterable[Rule]) -> str:
    """A ruleset for `nft -f`, loaded as a whole or not at all. Established connections keep their answers."""
    lines = [
        f"table inet {TABLE}",
        f"delete table inet {TABLE}",
        f"table inet {TABLE} {{",
        "    chain forward {",
        "        type filter hook forward priority filter; policy drop;",
        "        ct state established,related accept",
        "        ct state invalid drop",
        *(f"        {_rule(rule)}" for rule in rules),
        '        counter comment "dropped: no flow"',
        "    }",
        "}",
    ]
    return "\n".join(lines) + "\n"


def _rule(rule: Rule) -> str:
    return (
        f"ip saddr {_set(rule.sources)} ip daddr {_set(rule.targets)} "
        f'{rule.protocol} dport {rule.ports} counter accept comment "{rule.name}"'
    )


def _set(networks: tuple[IPv4Network, ...]) -> str:
    return "{ " + ", ".join(str(network) for network in networks) + " }"
