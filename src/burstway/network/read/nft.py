"""`nft -j list ruleset` as a Ruleset.

A packet must pass every base chain on its hook, lowest priority first; so chains of all tables of the
families `inet` and `ip` are kept, and those of other families are not, with a note. A chain on prerouting is
walked by what is forwarded and what comes in, a chain on postrouting by what is forwarded and what goes out.
Chains of type nat change addresses and are not modelled, which is a note too. Sources: nft(8),
libnftables-json(5).
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from burstway.network.read.nft_rule import read_rule
from burstway.network.read.nft_values import Scope
from burstway.network.read.node import Node
from burstway.network.ruleset import Chain, FilterRule, Hook, Ruleset, Verdict
from burstway.network.space import Intervals

_EARLY, _LATE = -(10**6), 10**6
"""Added to the priority of a chain that is walked before, or after, all of the hook it is put on."""

HOOKS: Mapping[str, tuple[tuple[Hook, int], ...]] = {
    "input": ((Hook.INPUT, 0),),
    "forward": ((Hook.FORWARD, 0),),
    "output": ((Hook.OUTPUT, 0),),
    "prerouting": ((Hook.INPUT, _EARLY), (Hook.FORWARD, _EARLY)),
    "postrouting": ((Hook.FORWARD, _LATE), (Hook.OUTPUT, _LATE)),
}
READ = ("inet", "ip")
NOT_READ = {
    "ip6": "filters IPv6 alone",
    "arp": "filters ARP alone",
    "bridge": "filters frames between a bridge's ports and may drop before, which is not modelled",
    "netdev": "filters at the device and may drop before, which is not modelled",
}
LOOPBACK: Intervals = ((127 << 24, (128 << 24) - 1),)

_Key = tuple[str, str]  # family and table


def read_nft(listing: Node, name: str, interfaces: Mapping[str, Intervals]) -> Ruleset:
    """`listing` is the whole document. Which addresses are behind which interface is for the caller to say:
    a ruleset does not."""
    kinds = _objects(listing)
    behind = {"lo": LOOPBACK, **interfaces}
    tables = {_key(table) for table in kinds.get("table", ()) if _is_read(table)}
    scopes = _scopes(kinds, tables, behind)
    first, answers = (
        Ruleset(
            name,
            MappingProxyType(_read_chains(kinds, tables, scopes, listing, answering)),
            MappingProxyType(behind),
            listing.where,
        )
        for answering in (False, True)
    )
    return replace(first, answers=answers)


def _read_chains(
    kinds: Mapping[str, list[Node]], tables: set[_Key], scopes: Mapping[_Key, Scope], listing: Node,
    answering: bool,
) -> dict[str, Chain]:  # fmt: skip
    """As a connection's first packet sees them, or as those that answer it do."""
    rules: dict[tuple[str, str, str], list[FilterRule]] = {}
    for rule in kinds.get("rule", ()):
        if (key := _key(rule)) in tables:
            scope = replace(scopes[key], answering=answering)
            made = read_rule(rule, _label(rule, key), _prefix(key), scope)
            rules.setdefault((*key, rule.text("chain")), []).extend(made)
    chains: dict[str, Chain] = {}
    for chain in kinds.get("chain", ()):
        if (key := _key(chain)) in tables:
            for at, made_chain in _chains(chain, key, rules.get((*key, chain.text("name")), [])):
                if at in chains:
                    chain.problem(f"chain {at} is there twice")
                chains[at] = made_chain
    _check(rules, chains, listing)
    return chains


def _objects(listing: Node) -> dict[str, list[Node]]:
    """The listing's objects by kind, each kind in its order."""
    kinds: dict[str, list[Node]] = {}
    found = listing.required("nftables")
    for each in found.each() if found else ():
        if isinstance(each.value, dict) and len(each.value) == 1:
            [(kind, body)] = each.value.items()
            kinds.setdefault(kind, []).append(Node(body, each.place.field(kind), each.findings))
        else:
            each.wrong_type("an object with one field")
    for kind in kinds.keys() & {"element", "flowtable", "add", "insert", "delete", "flush"}:
        kinds[kind][0].note(f"{kind} is not read")
    return kinds


def _key(node: Node) -> _Key:
    is_table = node.get("table") is None
    return node.text("family"), node.text("name" if is_table else "table")


def _prefix(key: _Key) -> str:
    return f"{key[0]} {key[1]}"


def _is_read(table: Node) -> bool:
    family, name = _key(table)
    if family in NOT_READ:
        table.note(f"table {family} {name} {NOT_READ[family]}: it is not read")
        return False
    if family not in READ:
        table.problem(f"{family or 'nothing'} is not a family of nftables that is known")
        return False
    if "dormant" in (flags := _flags(table)):
        table.note(f"table {family} {name} is dormant and filters nothing")
        return False
    if flags - {"owner", "persist"}:  # nft 1.0.6 prints the table's name there
        table.note(f"table {family} {name} may be dormant: it is taken to filter")
    return True


def _flags(table: Node) -> set[str]:
    found = table.get("flags")
    listed = found.value if found and isinstance(found.value, list) else [found.value] if found else []
    return {each for each in listed if isinstance(each, str)}


def _scopes(
    kinds: Mapping[str, list[Node]], tables: set[_Key], interfaces: Mapping[str, Intervals]
) -> dict[_Key, Scope]:
    tracked = not any(kind == "notrack" for _, kind, _ in _statements(kinds))
    filled: dict[_Key, set[str]] = {}
    for rule, kind, body in _statements(kinds):
        if kind == "set" and isinstance(body, dict):
            filled.setdefault(_key(rule), set()).add(str(body.get("set")).removeprefix("@"))
    sets: dict[_Key, dict[str, list[object]]] = {}
    for each in (*kinds.get("set", ()), *kinds.get("map", ())):
        listed = each.get("elem")
        if listed is not None and not isinstance(listed.value, list):
            listed.wrong_type("a list")
        if each.get("timeout"):
            each.note(f"set {each.text('name')} forgets its elements: it is read as it stood")
        elements = listed.value if listed and isinstance(listed.value, list) else []
        sets.setdefault(_key(each), {})[each.text("name")] = elements
    return {
        key: Scope(sets.get(key, {}), frozenset(filled.get(key, ())), interfaces, tracked) for key in tables
    }


def _statements(kinds: Mapping[str, list[Node]]) -> Iterator[tuple[Node, str, object]]:
    for rule in kinds.get("rule", ()):
        statements = rule.get("expr")
        for each in statements.value if statements and isinstance(statements.value, list) else ():
            if isinstance(each, dict):
                for kind, body in each.items():
                    yield rule, kind, body


def _label(rule: Node, key: _Key) -> str:
    handle, comment = rule.get("handle"), rule.remark("comment")
    number = f" handle {handle.value}" if handle and type(handle.value) is int else ""
    return f"{_prefix(key)} {rule.text('chain')} rule{number}" + (f' "{comment}"' if comment else "")


def _chains(chain: Node, key: _Key, rules: list[FilterRule]) -> Iterator[tuple[str, Chain]]:
    """A chain under its name; a base chain under one name for each hook that it is put on."""
    name = f"{_prefix(key)}/{chain.text('name')}"
    hook = chain.text("hook")
    if not hook:
        yield name, Chain(name, tuple(rules))
        return
    if hook not in HOOKS:
        chain.note(f"chain {name} is on hook {hook} and may drop before, which is not modelled")
        return
    if chain.text("type") == "nat":
        dropping = " It can drop packets, too." if any(r.verdict is Verdict.DROP for r in rules) else ""
        chain.note(f"chain {name} translates addresses, which is not modelled.{dropping}")
        return
    priority = chain.whole("prio") or 0
    policy = Verdict.ACCEPT
    if chain.get("policy"):
        policy = chain.choice("policy", {"accept": Verdict.ACCEPT, "drop": Verdict.DROP}) or policy
    for on, earlier in HOOKS[hook]:
        at = f"{name}@{on}" if earlier else name
        yield at, Chain(name, tuple(rules), on, priority + earlier, policy)


def _check(
    rules: Mapping[tuple[str, str, str], list[FilterRule]], chains: Mapping[str, Chain], listing: Node
) -> None:
    named = {chain.name for chain in chains.values()}
    for rule in (rule for made in rules.values() for rule in made):
        if rule.target and rule.target not in named:
            listing.problem(f"{rule.label} jumps to {rule.target}, and there is no such chain")
