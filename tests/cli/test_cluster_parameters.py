"""Parameters as people and files see them."""

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from burstway.cli.cluster_parameters import exported, parameter_tables
from burstway.model.cluster import Cluster
from burstway.template.parameters import Entry, Parameter
from burstway.template.to_model import describe_parameters, read_cluster


def parameter(name: str, **differences: Any) -> Parameter:
    least: dict[str, Any] = {
        "label": "", "description": "", "type": "String", "groups": (), "default": None,
        "default_written": None, "required": False, "conditional": False, "hidden": False, "entries": (),
        "line": 1,
    }  # fmt: skip
    return Parameter(name=name, **{**least, **differences})


DECLARED = [
    parameter(
        "Machine", type="Cloud.MachineType", label="VM type", groups=("Required", "VMs"), required=True
    ),
    parameter("Cores", default=10, default_written="10", groups=("Required", "VMs")),
    parameter("Os", groups=("Advanced",), entries=tuple(Entry(f"os {n}", f"os-{n}") for n in range(8))),
    parameter("Home", default_written="${ClusterName}", groups=("Advanced",), hidden=True, conditional=True),
    parameter("Spot", default=False, default_written="false"),
]


def shown(values: dict[str, Any]) -> list[str]:
    console = Console(file=io.StringIO(), width=300)
    for title, made in parameter_tables(DECLARED, values):
        console.print(title)
        console.print(made)
    assert isinstance(console.file, io.StringIO)
    return [" ".join(line.split()) for line in console.file.getvalue().splitlines()]


def test_parameters_stand_in_the_groups_of_their_form() -> None:
    """With their types, defaults, choices, and which are required; a default as the template spells it."""
    assert shown({}) == [
        "Required / VMs",
        "PARAMETER TYPE REQUIRED DEFAULT LABEL",
        "Machine Cloud.MachineType yes VM type",
        "Cores String 10",
        "Advanced",
        "PARAMETER TYPE REQUIRED DEFAULT CHOICES HIDDEN",
        "Os String os-0, os-1, os-2, os-3, os-4, os-5, …",
        "Home String if ${ClusterName} yes",
        "parameters",
        "PARAMETER TYPE DEFAULT",
        "Spot String false",
    ]


def test_a_clusters_values_stand_beside_the_defaults() -> None:
    """As JSON writes them; null where a value was taken away."""
    found = shown({"cores": 20, "spot": None})
    assert "PARAMETER TYPE REQUIRED VALUE DEFAULT LABEL" in found
    assert "Cores String 20 10" in found
    assert "Spot String null false" in found


@pytest.mark.parametrize(
    ("values", "differences"),
    [
        ({}, {}),
        ({"cores": 20}, {"Cores": 20}),
        ({"machine": "D2", "spot": True}, {"Machine": "D2", "Spot": True}),
        ({"home": "/data", "os": ["os-1"]}, {"Home": "/data", "Os": ["os-1"]}),
        ({"spot": None}, {"Spot": None}),
    ],
)
def test_an_export_has_values_then_defaults_then_null(
    values: dict[str, Any], differences: dict[str, Any]
) -> None:
    """A default that depends on other values is none to be written down."""
    least = {"Machine": None, "Cores": 10, "Os": None, "Spot": False}
    assert exported(DECLARED, values) == {**least, **differences}


@pytest.mark.parametrize(
    ("default", "written", "value"),
    [
        (23.1, "23.10", "23.10"),
        (7, "007", "007"),
        (1000.0, "1e3", "1e3"),
        (5400.0, "1h30m", "1h30m"),
        (1.5, "1.5", 1.5),
        (7, "7", 7),
        (True, "True", "True"),
        (True, "true", True),
        (20, "20", 20),
        ("x y", '"x y"', "x y"),
        (["a", "b"], "a, b", ["a", "b"]),
    ],
)
def test_a_word_is_exported_as_it_is_spelled(default: Any, written: str, value: Any) -> None:
    """As a text where JSON would spell it otherwise: it may be a version. All else keeps its type."""
    assert exported([parameter("X", default=default, default_written=written)], {}) == {"X": value}


DATA = Path(os.environ.get("BURSTWAY_TEST_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")
SAMPLES = sorted((DATA / "templates").glob("*.txt"))


@pytest.mark.skipif(not SAMPLES, reason="there are no templates of others on this host")
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_an_export_of_defaults_changes_nothing(path: Path) -> None:
    """A real template is the same cluster with its defaults given as a file, also in its spelling."""
    text = path.read_text(encoding="utf-8-sig")
    declared = describe_parameters(text, path.name)
    given = {each.name: "x" for each in declared if each.default is None}
    defaults = {
        k: value for k, value in json.loads(json.dumps(exported(declared, {}))).items() if k not in given
    }

    def read(values: dict[str, Any]) -> Cluster:
        return read_cluster(
            text, path.name, cluster_name="c1", parameters=values, from_files=[*values], cores_of=lambda _: 4
        ).cluster

    assert read(given) == read({**given, **defaults})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=2)
)


@given(st.dictionaries(st.sampled_from([each.name.lower() for each in DECLARED]), JSON))
def test_an_export_is_a_file_of_what_was_given(values: dict[str, Any]) -> None:
    """Every value that was given is in it with its type, under the name that the template declares."""
    read = {name.lower(): value for name, value in json.loads(json.dumps(exported(DECLARED, values))).items()}
    assert {name: read.get(name) for name in values} == values
