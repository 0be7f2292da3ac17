"""The table for the network team: the same rows as Markdown, CSV and a page, each read back by a reader."""

import csv
import io
from collections.abc import Callable
from dataclasses import astuple
from html.parser import HTMLParser
from ipaddress import IPv4Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from burstway.flows.rules import Place, Rule
from burstway.flows.table import Flow, Need, Ports, Protocol, Role
from burstway.flows.team import HEADINGS, TeamRow, Way, render_csv, render_markdown, team_rows, unplaced_rows
from burstway.flows.team_page import render_html
from golden import is_golden
from sample_rules import CLOUD, FILES, HEAD, NODES, RULES, SITE

GOLDEN = Path(__file__).with_name("golden")
FLOWS = [
    Flow(
        rule.name,
        Role.NODE,
        Role.SCHEDULER,
        rule.protocol,
        rule.ports,
        rule.purpose,
        "https://example.org/a_b?c=1&d#e",
    )
    for rule in RULES
]
ROWS = team_rows(FLOWS, RULES, [SITE])

RENDERERS: dict[str, Callable[[list[TeamRow]], str]] = {
    "md": lambda rows: render_markdown(rows, "Connections of hpc1"),
    "csv": render_csv,
    "html": lambda rows: render_html(rows, "Connections of hpc1", {"Networks": f"{SITE} <and> {CLOUD}"}),
}


@pytest.mark.parametrize("form", RENDERERS)
def test_the_sample_is_the_golden_file(form: str) -> None:
    """People have printed it, and compare."""
    assert is_golden(GOLDEN / f"team.{form}", RENDERERS[form](ROWS))


NETWORKS: dict[str, tuple[tuple[Place, ...], tuple[Place, ...], Way | None]] = {
    "to the cloud": ((HEAD,), (NODES,), Way.OUTBOUND),
    "from the cloud": ((NODES,), (HEAD,), Way.INBOUND),
    "to elsewhere": ((HEAD,), (IPv4Network("192.0.2.1/32"),), Way.OUTBOUND),
    "one end on both sides": ((HEAD, NODES), (HEAD, NODES), Way.BOTH),
    "of two targets one crosses": ((NODES,), (NODES, FILES), Way.INBOUND),
    "inside the cloud": ((NODES,), (CLOUD,), None),
    "inside the site": ((HEAD,), (FILES,), None),
}


@pytest.mark.parametrize("case", NETWORKS)
def test_a_direction_is_as_the_sites_firewall_sees_it(case: str) -> None:
    """What it does not see is no row."""
    sources, targets, way = NETWORKS[case]
    flow = Flow("x", Role.LOGIN, Role.NODE, Protocol.TCP, Ports(7, 9), "a purpose", "a document")
    rule = Rule("x", sources, targets, Protocol.TCP, Ports(7, 9))
    assert [row.direction for row in team_rows([flow], [rule], [SITE])] == ([way.value] if way else [])


def test_a_row_has_all_that_is_argued_with() -> None:
    """Role and addresses, a single address without its length; when it is optional, that too."""
    flow = Flow(
        "x",
        Role.FILE_SERVER,
        Role.NODE,
        Protocol.ESP,
        None,
        "why",
        "https://d",
        "there is one",
        Need.OPTIONAL,
    )
    rule = Rule("x", (HEAD, FILES), (NODES,), Protocol.ESP, None)
    assert team_rows([flow], [rule], [SITE]) == [
        TeamRow(
            "x", "file server: 10.10.0.10, 10.10.1.0/28", "node: 10.80.0.0/20", "ESP", "none",
            "outbound, to the cloud", "why", "optional: there is one", "https://d",
        )
    ]  # fmt: skip


def test_a_flow_without_a_place_is_a_row_that_says_so() -> None:
    """What is not asked for by its address is still asked for; the end that is known stands there."""
    flow = Flow("x", Role.NODE, Role.DIRECTORY, Protocol.TCP, Ports(7, 9), "why", "docs/architecture.md")
    (row,) = unplaced_rows([flow], {Role.NODE: (NODES,)})
    assert (row.source, row.target, row.direction) == (
        "node: 10.80.0.0/20",
        "directory: not placed",
        "not placed",
    )
    assert "<h2>Not placed</h2>" in render_html([row], "x")


def test_a_text_of_ours_is_no_source_that_an_outsider_can_open() -> None:
    """Its path says nothing outside of the checkout."""
    flow = Flow("x", Role.NODE, Role.DIRECTORY, Protocol.TCP, Ports(7, 9), "why", "docs/architecture.md")
    (row,) = unplaced_rows([flow], {})
    assert row.document == "Burstway's documentation"


def test_an_address_is_not_broken_into_two_lines() -> None:
    """Each of a list is one item, and between them a line may end."""
    flow = Flow("x", Role.NODE, Role.DIRECTORY, Protocol.TCP, Ports(7, 9), "why", "https://d")
    (row,) = unplaced_rows([flow], {Role.NODE: (HEAD, FILES)})
    page = render_html([row], "x")
    assert '<span class="item">node: 10.10.0.10</span>, <span class="item">10.10.1.0/28</span>' in page
    assert ".item { white-space: nowrap; }" in page


CELL = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])),
    st.text("|\\`*_<>[]()&;#~$!\"'=+-@ ab1.:/", max_size=12),
    st.sampled_from(
        ["=1+1", "-2", "+a", "@x", "\t=x", "\rx", "a\r\nb", '"', "<script>alert(1)</script>", "&amp;", "a|b"]
    ),
    st.sampled_from(
        ["https://example.org/a_b*c*", "https://a/\"onload='x'", "javascript:x", "www.example.org"]
    ),
)
ANY_ROW = st.builds(
    TeamRow, CELL, CELL, CELL, CELL, CELL, st.sampled_from([way.value for way in Way]), CELL, CELL, CELL
)


def as_one_line(text: str) -> str:
    return " ".join(text.split())


@given(st.lists(ANY_ROW, max_size=4))
def test_markdown_reads_back_as_the_same_cells(rows: list[TeamRow]) -> None:
    """Nothing in them is taken for Markdown's own, but an address, which is a link."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    cells: list[str] = []
    for token in parser.parse(render_markdown(rows, "x")):
        if token.type == "inline":
            assert {child.type for child in token.children or ()} <= {
                "text",
                "text_special",
                "link_open",
                "link_close",
            }
            cells.append("".join(child.content for child in token.children or ()))
    expected = [as_one_line(cell) for row in rows for cell in astuple(row)]
    assert cells == ["x", *HEADINGS, *expected]


@given(st.lists(ANY_ROW, max_size=4))
def test_csv_reads_back_and_no_cell_is_a_formula(rows: list[TeamRow]) -> None:
    """RFC 4180: lines end in CRLF, quotes are doubled. A cell that a spreadsheet would evaluate begins with
    an apostrophe, and only such a cell."""
    text = render_csv(rows)
    assert text.endswith("\r\n")
    headings, *read = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert tuple(headings) == HEADINGS
    for row, cells in zip(rows, read, strict=True):
        for cell, written in zip(astuple(row), cells, strict=True):
            assert written in (cell, f"'{cell}")
            assert (written != cell) == (cell[:1] in set("=+-@\t\r\n"))


class Cells(HTMLParser):
    """The text of headings and cells, and every tag and attribute that there is."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag in ("td", "h1", "h2"):
            self.cells.append("")
            self.open.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open:
            self.cells[-1] += data


@given(st.lists(ANY_ROW, max_size=4), CELL)
def test_the_page_reads_back_and_runs_nothing(rows: list[TeamRow], title: str) -> None:
    """No script, no handler, no frame, nothing fetched, and links only to where https leads."""
    page = Cells()
    page.feed(render_html(rows, title))
    expected = [as_one_line(title)]
    for way in Way:
        found = [row for row in rows if row.direction == way.value]
        if found:
            expected.append(way.value.capitalize())
        expected += [as_one_line(cell) for row in found for cell in astuple(row) if cell is not row.direction]
    assert [as_one_line(cell) for cell in page.cells] == expected
    assert not page.tags & {"script", "iframe", "img", "link", "object", "form"}
    assert page.attributes <= {"lang", "charset", "name", "content", "class", "scope", "href"}
    assert all(link.startswith("https://") for link in page.links)


def test_a_page_without_rows_says_so() -> None:
    """An empty table looks like a mistake."""
    assert "Nothing crosses the site&#39;s firewall" in render_html(
        [], "x"
    ) or "Nothing crosses" in render_html([], "x")


def test_the_page_is_for_the_dark_and_for_paper() -> None:
    """Both are a matter of style alone."""
    page = render_html(ROWS, "x")
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page
    assert page.count("<td") == len(ROWS) * (len(HEADINGS) - 1)
