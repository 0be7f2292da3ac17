"""The number of a port stands in `flows/profiles/` and nowhere else.

Two searches, because small numbers are also percentages, versions and sizes. A port from 1024 on, and that
of HTTPS, is refused wherever its number stands. A smaller one, and 2048, is refused where it stands as a
port: after a colon or a word such as "port" in a text, as an argument of a call that takes ports, or under a
name that says so.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

import burstway
from burstway.errors import UnknownError
from burstway.flows.profiles import PROFILES, flow, port
from burstway.flows.table import Flow, Ports

PACKAGE = Path(burstway.__file__).parent
TABLE = PACKAGE / "flows" / "profiles"
ROWS = [row for rows in PROFILES.values() for row in rows]
NUMBERS = {str(number) for row in ROWS if row.ports for number in (row.ports.first, row.ports.last)}
BOUNDS = {"1024", "65535"}
"""Of "any port that the system chooses": the number of no port."""
NUMBERS -= BOUNDS
QUANTITIES = {"2048"}
"""Blob Storage's NFS port is a power of two: memory in MiB, and the length of RSA keys."""
EVERYWHERE = {number for number in NUMBERS if int(number) >= 1024} - QUANTITIES | {"443"}
AS_PORTS = NUMBERS - EVERYWHERE
RENDERED = (".sh", ".j2", ".conf", ".service", ".html")

WORD = r"(?<![a-z])(?:[ds]?ports?|tcp|udp|ssh)"
BEFORE = re.compile(
    # `host:22`, but neither a time (12:22:05) nor a style (font-weight:500;)
    r"(?:^|(?<=[\w\]})])):(?P<colon>\d+)\b(?![:.;%]|\s*})"
    # `-p 22`, `-p22`, `--dport=22`
    rf"|(?<![\w-])-(?:p|-?{WORD})[ =]?(?P<option>\d+)\b"
    # `port 22`, `SSH_PORT=22`, `"port": 22`, `ports { 22, 80 }`, `tcp/22 and 80`
    rf"|{WORD}\b[\"']?(?:\s+is)?[\s:=/{{(\[]{{1,4}}(?P<list>\d+(?:\s*(?:,|-|/|and|or)\s*\d+)*)\b"
    # `22/tcp`
    r"|\b(?P<slash>\d+)/(?:tcp|udp)\b",
    re.IGNORECASE,
)
TAKES_PORTS = re.compile(
    r"(^|_)[ds]?ports?(_|$)"
    r"|^(tcp|udp|bind|connect|connect_ex|create_connection|open_connection|create_server|start_server|sendto)$",
    re.IGNORECASE,
)
OPTIONS = re.compile(rf"-p|--?{WORD}", re.IGNORECASE)


def numbers_in(text: str) -> set[str]:
    """The numbers that stand in a text as words of their own."""
    return set(re.findall(r"\b\d+\b", text))


def ports_in(text: str) -> set[str]:
    """The numbers that stand in a text as ports do."""
    found = (group for match in BEFORE.finditer(text) for group in match.groups() if group)
    return {number for group in found for number in re.findall(r"\d+", group)}


def forbidden_in(text: str) -> set[str]:
    return (EVERYWHERE & numbers_in(text)) | (AS_PORTS & ports_in(text))


def numbers_of(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The whole numbers among these expressions, in tuples and lists too, as integers or as texts."""
    for node in nodes:
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            yield from numbers_of(node.elts)
        elif isinstance(node, ast.Constant) and re.fullmatch(r"\d+", str(node.value)):
            yield str(node.value)


def name_of(node: ast.expr | None) -> str:
    """The last part of a name: `bind` of `socket.bind`."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Constant(value=str(text)) if re.fullmatch(r"[\w.-]+", text):
            return text
    return ""


def named(node: ast.AST) -> Iterator[tuple[str, list[ast.expr]]]:
    """Pairs of a name and the values under it: arguments, defaults, assignments, keys and comparisons."""
    match node:
        case ast.Call(func=func, args=args):
            yield name_of(func), args
        case ast.keyword(arg=str(name), value=value):
            yield name, [value]
        case ast.Assign(targets=targets, value=value):
            yield from ((name_of(target), [value]) for target in targets)
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield name_of(target), [value]
        case ast.Dict(keys=keys, values=values):
            yield from ((name_of(key), [value]) for key, value in zip(keys, values, strict=True))
        case ast.Compare(left=left, comparators=others):
            yield from ((name_of(side), [left, *others]) for side in [left, *others])
        case ast.arguments():
            yield from defaults_of(node)
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            yield from (("port", [value]) for option, value in pairwise(elements) if is_option(option))


def defaults_of(node: ast.arguments) -> Iterator[tuple[str, list[ast.expr]]]:
    """Parameters with their default values."""
    positional = [*node.posonlyargs, *node.args]
    with_defaults = positional[len(positional) - len(node.defaults) :]
    yield from ((each.arg, [value]) for each, value in zip(with_defaults, node.defaults, strict=True))
    for each, default in zip(node.kwonlyargs, node.kw_defaults, strict=True):
        if default is not None:
            yield each.arg, [default]


def is_option(node: ast.expr) -> bool:
    """Whether this element of a command line says that the next is a port."""
    return isinstance(node, ast.Constant) and bool(OPTIONS.fullmatch(str(node.value)))


def forbidden(source: str) -> set[str]:
    """The numbers of ports in a module's literals: in integers, and in texts whether documentation or not."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str | bytes):
                text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
                found |= forbidden_in(text)
            elif type(node.value) is int:
                found |= EVERYWHERE & {str(node.value)}
        for name, values in named(node):
            if TAKES_PORTS.search(name):
                found |= AS_PORTS & set(numbers_of(values))
    return found


MODULES = sorted(path for path in PACKAGE.rglob("*.py") if TABLE not in path.parents)
FILES = sorted(path for path in PACKAGE.rglob("*") if path.suffix in RENDERED)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_other_module_holds_the_number_of_a_port(path: Path) -> None:
    """Neither as a number nor inside a text; it asks the table (flows.profiles.port)."""
    assert not forbidden(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_rendered_file_holds_the_number_of_a_port(path: Path) -> None:
    """Scripts and templates are given it."""
    assert not forbidden_in(path.read_text(encoding="utf-8"))


def test_the_rest_of_the_flows_is_searched_too() -> None:
    """Only `flows/profiles/` may hold numbers; the shape of a flow and the renderers beside it may not."""
    searched = {str(path.relative_to(PACKAGE)) for path in MODULES}
    assert {"flows/table.py", "flows/rules.py", "flows/nftables.py", "settings.py"} <= searched
    assert not [name for name in searched if name.startswith("flows/profiles/")]


def test_every_number_of_the_table_is_looked_for() -> None:
    """By one of the two searches; only small numbers are let off with the milder one."""
    assert {row.ports.first for row in ROWS if row.ports} <= {int(n) for n in EVERYWHERE | AS_PORTS | BOUNDS}
    assert {"22", "53", "80", "111", "123", "389", "500", "635", "636", *QUANTITIES} == AS_PORTS
    assert {"443", "6817", "6818", "60001", "63000", "4065", "2049", "29877"} <= EVERYWHERE


FOUND = {
    "A = 6_818": {"6818"},
    'B = "https://head:443/x"': {"443"},
    'C = f"{A}:6817"': {"6817"},
    'D = b"60001-63000"': {"60001", "63000"},
    '"""slurmd listens on 6818."""': {"6818"},
    "x = y[443:]": {"443"},
    'ssh = "ssh://proxy:22/"': {"22"},
    'ssh = f"{host}:22"': {"22"},
    'ssh = f"[{host}]:22"': {"22"},
    'to = "10.1.0.4:22"': {"22"},
    '"""Open port 22, 80 and 111 there."""': {"22", "80", "111"},
    'rule = "tcp dport 22 accept"': {"22"},
    'rule = "udp dport { 53, 123 } accept"': {"53", "123"},
    'line = "Port 22"': {"22"},
    'line = "SSH_PORT=22"': {"22"},
    "line = '{\"port\": 22}'": {"22"},
    'line = "22/tcp 500/udp"': {"22", "500"},
    'line = "udp/500"': {"500"},
    'run = "ssh -p 22 proxy"': {"22"},
    'run = "nft --dport=22"': {"22"},
    'run = ["ssh", "-p", "22", host]': {"22"},
    'run = ("iptables", "--dport", 53)': {"53"},
    'connect(("host", 22))': {"22"},
    'self.socket.bind(("", 53))': {"53"},
    "socket.create_connection((host, 389), 5)": {"389"},
    "loop.create_server(f, host, 80)": {"80"},
    "Ports(22, 22)": {"22"},
    "flows.table.tcp(22)": {"22"},
    "*udp(123),": {"123"},
    "open_it(port=22)": {"22"},
    "open_it(target_ports=((22, 80),))": {"22", "80"},
    "SSH_PORT = 22": {"22"},
    'mount = "-o port=2048"': {"2048"},
    "Ports(2_048, 2_048)": {"2048"},
    "self.port = 22": {"22"},
    "ldap_port: int = 389": {"389"},
    '{"port": 22}': {"22"},
    "def f(port=22): ...": {"22"},
    "def f(a, b=1, *, port=22): ...": {"22"},
    "if port == 22: ...": {"22"},
    "if rule.port in (22, 80): ...": {"22", "80"},
}
IGNORED = [
    "A = 64430",
    'B = "x443"',
    "version >= (22, 5)",
    "status < 500",
    "clip(text, 80)",
    "text[:80]",
    'network = IPv4Network("10.80.0.0/16")',
    '"""Tried on slurmctld 22.05.8: a pipe of 80 columns, 53 of 111 nodes, 123 ms, 500 rules, 22 %."""',
    'time = "at 12:22:05"',
    '"""A list: 22 of them."""',
    'report("steps", 22)[22]',
    '"""Each report 22 bytes, with support 80."""',
    "import_all(support=22, export=53)",
    "priority = 500",
    'Offer("small", 2, 2_048, 0.1)',
    '"""An RSA key of 2048 bits or more; aes256-sha256-modp2048."""',
    "nodes = [22, 53, 80]",
    '"""Node hpc-22 of release 22.05, uid 500."""',
    "rsa.generate(65537, 3072)",
    'style = "b{font-weight:500;margin:22px;width:80%}"',
    "copy(22)",
]


@pytest.mark.parametrize("source", FOUND)
def test_the_search_finds_what_it_looks_for(source: str) -> None:
    """A number, a URL, an option, an argument, a name and a byte string: whatever is a port."""
    assert forbidden(source) == FOUND[source]


@pytest.mark.parametrize("source", IGNORED)
def test_the_search_ignores_what_is_no_port(source: str) -> None:
    """Parts of longer numbers, and small numbers that count, measure or name something else."""
    assert not forbidden(source)


def test_a_rendered_file_is_searched_the_same_way() -> None:
    """Line by line, with the options and keywords of scripts and configuration files."""
    script = "ssh -p 22 proxy\nPort 22\nsleep 53\nListenStream=0.0.0.0:111\nhead -n 80\nslurmd -c h:6817\n"
    assert forbidden_in(script) == {"22", "111", "6817"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_says_what_it_is_for_and_who_says_so(row: Flow) -> None:
    """A flow without a purpose or a document could not be argued for before a network team."""
    assert len(row.purpose) > 20
    assert row.document.startswith(("https://", "docs/"))


def test_names_are_unique() -> None:
    """Over all profiles, since `port` asks by name alone."""
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names)
    assert [flow(name) for name in names] == ROWS
    with_ports = [row for row in ROWS if row.ports]
    assert [port(row.name) for row in with_ports] == [row.ports.first for row in with_ports if row.ports]


def test_an_unknown_flow_names_the_known_ones() -> None:
    """So that a typing error is seen at once."""
    with pytest.raises(UnknownError) as refused:
        flow("slurmdb")
    assert "slurmctld" in refused.value.remedy


@pytest.mark.parametrize(("first", "last", "size"), [(1, 1, 1), (65_535, 65_535, 1), (60_001, 63_000, 3_000)])
def test_a_range_of_ports_includes_both_ends(first: int, last: int, size: int) -> None:
    """Its length counts both, and one port is written as one number."""
    ports = Ports(first, last)
    assert len(ports) == size
    assert str(ports) == (str(first) if size == 1 else f"{first}-{last}")


@pytest.mark.parametrize(("first", "last"), [(0, 1), (-1, 5), (2, 1), (65_535, 65_536), (65_536, 65_536)])
def test_what_is_no_range_of_ports_is_refused(first: int, last: int) -> None:
    """Nothing can be rendered from it by mistake."""
    with pytest.raises(ValueError, match="is not a range of ports"):
        Ports(first, last)
