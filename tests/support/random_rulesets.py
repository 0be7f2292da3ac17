"""Random rulesets in nft's own language: tables, chains, jumps, sets, maps, intervals, states, interfaces.

What is drawn is what the reader says it decides, and now and then something that it cannot. Chains jump to
later ones only, as a circle is refused by nft. `th` alone looks at whatever bytes there are in a packet
whose protocol has no ports, and is then undecidable.
"""

from dataclasses import dataclass, field
from random import Random

INTERFACES = ("v0", "v1", "v2")
RANGES = {name: (f"10.{number}.0.0/16",) for number, name in enumerate(INTERFACES)}
PORTS = (22, 53, 80, 443, 2049, 6817, 6818)
UNDECIDABLE = 0.01
PRIORITIES = ("filter", "filter - 5", "filter + 5", "0", "-150", "50")


@dataclass
class _Table:
    name: str
    family: str
    chains: list[str]
    addresses: list[str] = field(default_factory=list)
    ports: list[str] = field(default_factory=list)


def random_ruleset(chance: Random) -> str:
    """The text of a ruleset, whose router has INTERFACES with RANGES behind them."""
    text = ["flush ruleset"]
    for number in range(chance.choice((1, 1, 2))):
        text += _table(chance, number)
    return "\n".join(text) + "\n"


def _table(chance: Random, number: int) -> list[str]:
    table = _Table(
        f"t{number}", chance.choice(("inet", "ip")), [f"c{i}" for i in range(chance.randint(0, 4))]
    )
    lines = [f"table {table.family} {table.name} {{"]
    for i in range(chance.randint(0, 2)):
        table.addresses.append(f"a{i}")
        elements = ", ".join(_apart(chance, 4))
        lines.append(f"set a{i} {{ type ipv4_addr; flags interval; elements = {{ {elements} }}; }}")
    for i in range(chance.randint(0, 1)):
        table.ports.append(f"p{i}")
        elements = ", ".join(map(str, chance.sample(PORTS, 3)))
        lines.append(f"set p{i} {{ type inet_service; elements = {{ {elements} }}; }}")
    for name in table.chains:
        lines.append(f"chain {name} {{ }}")
    lines += [*_bases(chance, table), *_others(chance, table), "}"]
    return lines


def _bases(chance: Random, table: _Table) -> list[str]:
    lines = []
    for i in range(chance.choice((1, 1, 2))):
        hook = chance.choice(("forward", "forward", "forward", "prerouting", "postrouting"))
        policy = chance.choice(("accept", "drop"))
        head = f"type filter hook {hook} priority {chance.choice(PRIORITIES)}; policy {policy};"
        lines += [f"chain b{i} {{", head, *_rules(chance, table, table.chains, hook, 12), "}"]
    return lines


def _others(chance: Random, table: _Table) -> list[str]:
    lines = []
    for i, name in enumerate(table.chains):
        lines += [f"chain {name} {{", *_rules(chance, table, table.chains[i + 1 :], "", 6), "}"]
    return lines


def _rules(chance: Random, table: _Table, below: list[str], hook: str, most: int) -> list[str]:
    return [_rule(chance, table, below, hook) for _ in range(chance.randint(1, most))]


def _rule(chance: Random, table: _Table, below: list[str], hook: str) -> str:
    matches = [_match(chance, table, hook) for _ in range(chance.choice((0, 1, 1, 1, 2, 2, 3)))]
    matches = [each for i, each in enumerate(matches) if not _repeats(each, matches[:i])]
    if chance.random() < 0.12:
        matches = [each for each in matches if not _repeats(each, ["tcp"])]
        return " ".join((*matches, _verdict_map(chance, below)))
    if not matches and chance.random() < 0.8:
        matches = [_match(chance, table, hook)]
    counter = ["counter"] if chance.random() < 0.2 else []
    return " ".join((*matches, *counter, _verdict(chance, below, hook)))


def _repeats(match: str, before: list[str]) -> bool:
    """nft refuses two protocols in one rule."""
    return any(word in match for word in _PROTOCOLS) and any(w in each for w in _PROTOCOLS for each in before)


_PROTOCOLS = ("tcp", "udp", "th ", "l4proto", "ip protocol")


def _verdict(chance: Random, below: list[str], hook: str) -> str:
    simple = ["accept"] * 5 + ["drop"] * 4 + ["return"] * 2 + ["counter"]
    if hook == "forward":
        simple.append("reject")
    if below and chance.random() < 0.3:
        return f"{chance.choice(('jump', 'jump', 'goto'))} {chance.choice(below)}"
    return chance.choice(simple)


def _verdict_map(chance: Random, below: list[str]) -> str:
    kind = chance.choice(("daddr", "dport", "proto", "concat", "iif"))
    targets = [_verdict(chance, below, "") for _ in range(3)]
    targets = ["accept" if each == "counter" else each for each in targets]
    if kind == "daddr":
        pairs = zip(_apart(chance, 3), targets, strict=False)
        return f"ip daddr vmap {{ {', '.join(f'{key} : {verdict}' for key, verdict in pairs)} }}"
    if kind == "dport":
        pairs = zip(map(str, chance.sample(PORTS, 3)), targets, strict=False)
        return f"tcp dport vmap {{ {', '.join(f'{key} : {verdict}' for key, verdict in pairs)} }}"
    if kind == "proto":
        return f"meta l4proto vmap {{ tcp : {targets[0]}, udp : {targets[1]}, esp : {targets[2]} }}"
    if kind == "iif":
        return f"iifname vmap {{ v0 : {targets[0]}, v2 : {targets[1]} }}"
    keys = [f"{_host(chance)} . {port}" for port in chance.sample(PORTS, 3)]
    pairs = zip(keys, targets, strict=False)
    return f"ip saddr . tcp dport vmap {{ {', '.join(f'{key} : {verdict}' for key, verdict in pairs)} }}"


def _match(chance: Random, table: _Table, hook: str) -> str:
    if chance.random() < UNDECIDABLE:
        return chance.choice(
            ("meta mark 7", "limit rate 1000000/second burst 1000000 packets", "ip ttl < 60")
        )
    not_ = chance.choice(("", "", "", "!= "))
    kind = chance.randrange(9)
    if kind < 3:
        return f"ip {chance.choice(('saddr', 'daddr'))} {not_}{_addresses(chance, table)}"
    if kind < 6:
        of = chance.choice(("tcp", "udp", "th", "meta l4proto { tcp, udp } th"))
        return f"{of} {_ports(chance, table, not_)}"
    if kind == 6:
        return chance.choice(("meta l4proto", "ip protocol")) + f" {not_}{_protocols(chance)}"
    if kind == 7:
        ways = {"prerouting": ("iifname",), "postrouting": ("oifname",), "forward": ("iifname", "oifname")}
        name = chance.choice((*INTERFACES, "{ v0, v2 }"))
        return f"{chance.choice(ways.get(hook, ('iifname',)))} {not_}{name}" if hook else "ct state new"
    states = ("established", "established,related", "new", "invalid", "{ new, established }")
    return f"ct state {not_}{chance.choice(states)}"


def _addresses(chance: Random, table: _Table) -> str:
    kind = chance.randrange(5)
    if kind == 0 and table.addresses:
        return f"@{chance.choice(table.addresses)}"
    if kind == 1:
        return f"{{ {', '.join(_apart(chance, 3))} }}"
    if kind == 2:
        first, last = sorted((chance.randrange(3 * 2**16), chance.randrange(3 * 2**16)))
        return f"{_text(first)}-{_text(max(last, first + 1))}"
    return _range(chance) if kind == 3 else _host(chance)


def _ports(chance: Random, table: _Table, not_: str) -> str:
    if chance.random() < 0.25:
        return f"sport {not_}{chance.choice(('1024-65535', '0-1023', '32768-60999', '< 50000'))}".replace(
            "!= <", ">="
        )
    kind = chance.randrange(5)
    if kind == 0 and table.ports:
        return f"dport {not_}@{table.ports[0]}"
    if kind == 1:
        return f"dport {not_}{{ {', '.join(map(str, chance.sample(PORTS, 3)))}, 8000-9000 }}"
    if kind == 2:
        return f"dport {chance.choice(('<', '<=', '>', '>='))} {chance.choice(PORTS)}"
    if kind == 3:
        first = chance.choice(PORTS)
        return f"dport {not_}{first}-{first + chance.choice((1, 100, 7000))}"
    return f"dport {not_}{chance.choice(PORTS)}"


def _protocols(chance: Random) -> str:
    return chance.choice(("tcp", "udp", "esp", "icmp", "{ tcp, udp }", "{ esp, icmp, udp }"))


def _apart(chance: Random, most: int) -> list[str]:
    """Ranges and hosts that do not overlap, as elements of one set."""
    third = chance.sample(range(8), chance.randint(1, most))
    return [
        f"10.{chance.randrange(3)}.{each}.0/{chance.choice((24, 26))}" if chance.random() < 0.6
        else f"10.{chance.randrange(3)}.{each}.{chance.randrange(64)}"
        for each in third
    ]  # fmt: skip


def _range(chance: Random) -> str:
    return chance.choice(
        (f"10.{chance.randrange(3)}.0.0/16", f"10.{chance.randrange(3)}.{chance.randrange(8)}.0/24")
    )


def _host(chance: Random) -> str:
    return f"10.{chance.randrange(3)}.{chance.randrange(8)}.{chance.randrange(64)}"


def _text(offset: int) -> str:
    return f"10.{offset >> 16}.{offset >> 8 & 255}.{offset & 255}"
