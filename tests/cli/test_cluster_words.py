"""What is printed of clusters, problems and what is not acted on."""

import io
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table

from burstway.cli.cluster_left_out import left_out_lines, line_ranges
from burstway.cli.cluster_words import cluster_tables, compact, one_line, problem_text, totals
from burstway.errors import Problem
from burstway.model.cluster import Cluster, Details, Endpoint, InitSpec, NodeArray, SingleNode, Volume

ANY_TEXT = st.text(max_size=40)


def printed(*tables: Table) -> str:
    console = Console(file=io.StringIO(), width=300)
    for each in tables:
        console.print(each)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def lines(text: str) -> list[list[str]]:
    """The words of each line."""
    return [line.split() for line in text.splitlines()]


# --- tables ----------------------------------------------------------------------------------------------


def test_a_table_has_only_columns_with_something_in_them() -> None:
    """The first one stays, whatever is in it."""
    shown = printed(compact(("A", "B", "C"), [("1", "", "x"), ("", "", "y")]))
    assert lines(shown) == [["A", "C"], ["1", "x"], ["y"]]
    assert lines(printed(compact(("A", "B"), []))) == [["A"]]


@given(ANY_TEXT, st.integers(1, 20))
def test_a_cell_is_one_short_printable_line(text: str, most: int) -> None:
    """Whatever a template has in a value."""
    line = one_line(text, most)
    assert len(line) <= most + 1
    assert line.isprintable()


LEAST = NodeArray("hpc", "D2", "", "", 20, 2, "hpc")
FULL = NodeArray(
    "htc", "F2", "alma", "rg/vnet/s", 5, 2, "htc", True, ("F4",), 1,
    Details(
        "westeurope", "1", True, 0.05, True, (Endpoint("ganglia", "tcp", 8652, 8652),),
        (Volume("boot", None, True, False, ""), Volume("shared", 1024, False, True, "nfs")),
        (InitSpec("cyclecloud/slurm", "execute", "1.0"),), (("team", "cfd"),), (("slurm.hpc", "true"),),
    ),
)  # fmt: skip
PROXY = SingleNode("proxy", "B1", "alma", "", True, Details(configuration=(("slurm.hpc", "true"),)))

TABLES: list[tuple[str, Cluster, dict[str, list[str]]]] = [
    ("the least", Cluster("c1", (LEAST,)), {
        "node arrays": ["ARRAY NODES MACHINE TYPE CORES PARTITION", "hpc c1-hpc-[1-20] D2 2 hpc"]}),
    ("no array", Cluster("c1", (), (SingleNode("head", "D2", "", ""),)), {
        "nodes": ["NODE NAME MACHINE TYPE", "head c1-head D2"]}),
    ("everything", Cluster("c1", (LEAST, FULL), (PROXY,)), {
        "node arrays": [
            "ARRAY NODES MACHINE TYPE CORES PARTITION IMAGE SUBNET AT START REGION ZONE INTERRUPTIBLE "
            "PUBLIC ADDRESS",
            "hpc c1-hpc-[1-20] D2 2 hpc",
            "htc c1-htc-[1-5] F2 or F4 2 htc (default) alma rg/vnet/s 1 westeurope 1 "
            "yes, at most 0.05 an hour yes"],
        "nodes": ["NODE NAME MACHINE TYPE IMAGE RETURN PROXY", "proxy c1-proxy B1 alma yes"],
        "endpoints": ["ENDPOINT PROTOCOL PORT PUBLIC PORT OF", "ganglia tcp 8652 8652 htc"],
        "volumes": ["VOLUME SIZE SSD PERSISTENT MOUNT OF", "boot as the image yes htc",
                    "shared 1,024 GB yes nfs htc"],
        "cluster-init": ["PROJECT SPEC VERSION OF", "cyclecloud/slurm execute 1.0 htc"],
        "tags": ["TAG VALUE OF", "team cfd htc"],
        "configuration": ["KEY VALUE OF", "slurm.hpc true proxy, htc"]}),
]  # fmt: skip


@pytest.mark.parametrize(("cluster", "expected"), [row[1:] for row in TABLES], ids=[row[0] for row in TABLES])
def test_a_cluster_is_shown_in_tables(cluster: Cluster, expected: dict[str, list[str]]) -> None:
    """Each for what there is, and a row that several nodes have once."""
    found = {title: printed(made) for title, made in cluster_tables(asdict(cluster))}
    assert {title: lines(text) for title, text in found.items()} == {
        title: [line.split() for line in text] for title, text in expected.items()
    }


def test_what_all_nodes_have_is_said_of_all() -> None:
    """Of several; a single one is called by its name."""
    both = Details(tags=(("team", "cfd"),))
    arrays = [NodeArray(name, "D2", "", "", 1, 2, name, details=both) for name in "ab"]

    def owners(some: Iterable[NodeArray]) -> str:
        tables = dict(cluster_tables(asdict(Cluster("c1", tuple(some)))))
        return lines(printed(tables["tags"]))[1][-1]

    assert owners(arrays) == "all"
    assert owners(arrays[:1]) == "a"


# --- problems --------------------------------------------------------------------------------------------


SAID = st.text(st.characters(exclude_categories=["C", "Z"]) | st.sampled_from(" :^"), max_size=20)
COUNT = st.integers(0, 9)


@given(
    st.builds(
        Problem,
        st.text("ab/.: ", min_size=1),
        COUNT,
        COUNT,
        what=SAID,
        remedy=SAID,
        source=SAID,
        warning=st.booleans(),
    )
)
def test_a_problem_has_the_same_words_in_colours(problem: Problem) -> None:
    """As an import that is refused has it."""
    assert problem_text(problem).plain == str(problem)


def test_colours_are_where_the_eye_should_go() -> None:
    """On the place, the mistake or the word "warning", and the caret."""
    text = problem_text(Problem("t.txt", 3, 2, "no such word", "drop it", "xy"))
    styled = {str(span.style): text.plain[span.start : span.end] for span in text.spans}
    assert styled == {"bold": "t.txt:3:2", "red": "no such word", "bold green": "^"}
    text = problem_text(Problem("t.txt", 0, 0, "odd", warning=True))
    assert {str(span.style): text.plain[span.start : span.end] for span in text.spans} == {
        "bold": "t.txt", "yellow": "warning:",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("errors", "warnings", "files", "said"),
    [
        (0, 0, 1, "no problems in 1 file"),
        (1, 0, 1, "1 error in 1 file"),
        (0, 2, 3, "2 warnings in 3 files"),
        (2, 1, 1, "2 errors, 1 warning in 1 file"),
    ],
)
def test_a_check_ends_with_counts(errors: int, warnings: int, files: int, said: str) -> None:
    """Of what there is."""
    problems = [Problem("t", 1, 1, "x", warning=number >= errors) for number in range(errors + warnings)]
    assert totals(problems, files) == said


# --- what is not acted on --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ([3], "line 3"),
        ([3, 3], "line 3"),
        ([4, 3], "lines 3-4"),
        ([1, 3, 7, 8, 9, 12], "lines 1, 3, 7-9, 12"),
    ],
)
def test_lines_are_said_in_ranges(numbers: list[int], said: str) -> None:
    """In rising order, each once."""
    assert line_ranges(numbers) == said


FORM = "CycleCloud's web form"
LEFT_OUT: list[dict[str, Any]] = [
    {"name": "FormLayout", "lines": [2], "reason": FORM},
    {"name": "Category", "lines": [3], "reason": FORM},
    {"name": "KeyPairLocation", "lines": [9], "reason": "keys come from the site"},
    {"name": "Config.Plugin", "lines": [20, 30], "reason": FORM},
    {"name": "Config.MinValue", "lines": [21], "reason": FORM},
    {"name": "Credentials", "lines": [8, 12, 13], "reason": "keys come from the site"},
    {"name": "Order", "lines": [40], "reason": FORM},
    {"name": "HideLabel", "lines": [41], "reason": FORM},
    {"name": "[[network-interface]]", "lines": [], "reason": "the network is the site's"},
]


def test_what_concerns_machines_is_named_and_the_form_is_counted() -> None:
    """The form comes last, however much of it there is."""
    assert list(left_out_lines(LEFT_OUT, [FORM], everything=False)) == [
        "  keys come from the site:",
        "    KeyPairLocation (line 9), Credentials (lines 8, 12-13)",
        "  the network is the site's:",
        "    [[network-interface]]",
        f"  {FORM}: 7 lines (FormLayout, Category, Config.*, Order, …)",
    ]


@given(
    st.lists(st.builds(dict, name=ANY_TEXT, lines=st.lists(st.integers(1, 9)), reason=st.sampled_from("ab")))
)
def test_everything_names_everything(left_out: list[dict[str, Any]]) -> None:
    """Each name with its lines, and no line of output that a terminal would break."""
    said = list(left_out_lines(left_out, ["a"], everything=True))
    for each in left_out:
        assert any(one_line(each["name"]) in line for line in said)
    assert all(line.isprintable() for line in said)
