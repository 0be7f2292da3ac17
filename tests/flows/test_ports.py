"""The number of a port stands in the table of flows and nowhere else."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import burstway
from burstway.errors import UnknownError
from burstway.flows.profiles import PROFILES, flow, flows, port
from burstway.flows.table import Flow, Ports

PACKAGE = Path(burstway.__file__).parent
ROWS = flows(PROFILES)
NUMBERS = {str(number) for row in ROWS if row.ports for number in (row.ports.first, row.ports.last)}
RENDERED = (".sh", ".j2", ".conf", ".service", ".html")


def numbers_in(text: str) -> set[str]:
    """The numbers that stand in a text as words of their own."""
    return set(re.findall(r"\b\d+\b", text))


def constants(source: str) -> Iterator[str]:
    """The numbers in the literals of a module: in integers, and in texts whether documentation or not."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                yield from numbers_in(node.value)
            elif isinstance(node.value, bytes):
                yield from numbers_in(node.value.decode("latin-1"))
            elif type(node.value) is int:
                yield str(node.value)


MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] != "flows")
FILES = sorted(path for path in PACKAGE.rglob("*") if path.suffix in RENDERED)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_other_module_holds_the_number_of_a_port(path: Path) -> None:
    """Neither as a number nor inside a text; it asks the table (flows.table.port)."""
    assert not NUMBERS & set(constants(path.read_text()))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_rendered_file_holds_the_number_of_a_port(path: Path) -> None:
    """Scripts and templates are given it."""
    assert not NUMBERS & numbers_in(path.read_text())


def test_the_search_finds_what_it_looks_for() -> None:
    """A number, a URL, an option and a byte string would all be found; a part of a longer number not."""
    source = 'A = 6_818\nB = "https://head:443/x"\nC = f"{A}:6817"\nD = b"60001-63000"\nE = 64430\nF = "x443"'
    assert NUMBERS & set(constants(source)) == {"6818", "443", "6817", "60001", "63000"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_says_what_it_is_for_and_who_says_so(row: Flow) -> None:
    """A flow without a purpose or a document could not be argued for before a network team."""
    assert len(row.purpose) > 20
    assert row.document.startswith(("https://", "docs/"))


def test_names_are_unique() -> None:
    """Over all profiles, since `port` asks by name alone."""
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names)
    assert [flow(name) for name in names] == list(ROWS)
    assert [port(name) for name in names] == [row.ports.first for row in ROWS if row.ports]


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
