"""The rules of a border as an nftables ruleset, in two shapes.

`render_nftables` is a border that exists for the cloud alone, as the lab's: what no rule names is dropped.
`render_site_nftables` is for a router that carries more than that: only what goes to or comes from the
cloud's ranges is looked at, and the rest passes. In both, what is dropped is counted. A verdict `accept` ends
this table's chain and no other's, so neither shape opens what another table drops.
Source: https://wiki.nftables.org/wiki-nftables/index.php/Configuring_chains
"""

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network

from burstway.flows.expand import NO_TAGS, Tags, expanded
from burstway.flows.rules import Rule, touches
from burstway.flows.table import Protocol

TABLE = "burstway"

_SITE_HEAD = """\
# Flows between this site and the cloud's ranges. Load it with `nft -f` on the router between them.
# Only forwarded packets that go to or come from those ranges are filtered: what no flow names is dropped
# and counted. Everything else passes here (policy accept). Nothing here opens what another table drops:
# a router whose own chain drops by default needs these rules there too."""

_ANSWERS = ("ct state established,related accept", "ct state invalid drop")
_REST = 'counter drop comment "dropped: no flow"'


def render_nftables(rules: Iterable[Rule], tags: Tags = NO_TAGS) -> str:
    """A ruleset for `nft -f`, loaded as a whole or not at all. Established connections keep their answers.
    Raises InputError for a tag that is not in `tags`."""
    return _table(
        *_chain(
            "forward",
            "type filter hook forward priority filter; policy drop;",
            *_ANSWERS,
            *(_rule(rule) for rule in expanded(rules, tags)),
            'counter comment "dropped: no flow"',
        )
    )


def render_site_nftables(rules: Iterable[Rule], ranges: Sequence[IPv4Network], tags: Tags = NO_TAGS) -> str:
    """The same for a site's router. A rule neither of whose ends is in `ranges`, the cloud's, is not filtered
    by it, which a comment says; its tags need not be known."""
    rules = list(rules)
    seen = [rule for rule in rules if _in(rule, ranges)]
    others = [
        f"# not filtered here: {_words(rule.name)} ({rule.service})"
        for rule in rules
        if not _in(rule, ranges)
    ]
    cloud = _set(tuple(ranges))
    table = _table(
        *_chain(
            "forward",
            "type filter hook forward priority filter; policy accept;",
            f"ip saddr {cloud} jump cloud",
            f"ip daddr {cloud} jump cloud",
        ),
        *_chain("cloud", *_ANSWERS, *(_rule(rule) for rule in expanded(seen, tags)), _REST),
    )
    return "\n".join([_SITE_HEAD, *others, table])


def _in(rule: Rule, ranges: Sequence[IPv4Network]) -> bool:
    return touches(rule.sources, ranges) or touches(rule.targets, ranges)


def _table(*lines: str) -> str:
    """Declared before it is deleted: then it need not exist, and loading it again replaces it."""
    opening = (f"table inet {TABLE}", f"delete table inet {TABLE}", f"table inet {TABLE} {{")
    return "\n".join([*opening, *(f"    {line}" for line in lines), "}"]) + "\n"


def _chain(name: str, *lines: str) -> list[str]:
    return [f"chain {name} {{", *(f"    {line}" for line in lines), "}"]


def _rule(rule: Rule) -> str:
    return (
        f"ip saddr {_set(rule.sources)} ip daddr {_set(rule.targets)} "
        f'{_service(rule)} counter accept comment "{_words(rule.name)}"'
    )


def _words(text: str) -> str:
    """What may stand in a comment: it ends at a quote, which nothing escapes, and after 128 bytes."""
    return re.sub(r"[^A-Za-z0-9 .,:_/()-]", "-", text)[:100]


def _service(rule: Rule) -> str:
    if rule.protocol is Protocol.ESP or not rule.ports:
        return f"ip protocol {rule.protocol}"
    return f"{rule.protocol} dport {rule.ports}"


def _set(networks: Iterable[object]) -> str:
    return "{ " + ", ".join(str(network) for network in networks) + " }"
