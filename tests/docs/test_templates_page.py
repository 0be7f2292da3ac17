"""docs/templates.md: every example in it means what the page says."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from burstway.cli.cluster_words import problem_text, totals
from burstway.model.cluster import Cluster
from burstway.template.data import UNDEFINED, Datum, Record
from burstway.template.expressions import evaluate, parse, unparse
from burstway.template.expressions.functions import NAMES
from burstway.template.parameter_file import parse_json, parse_properties
from burstway.template.to_model import check_template, describe_parameters, read_cluster

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "templates.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```([a-z ]*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
"""The kind of each block, and its text."""


def rows(heading: str) -> Iterator[tuple[str, str]]:
    """Those of all tables with this heading, both cells without their backquotes."""
    for table in re.findall(rf"^\| {heading} \|\n\| --- \| --- \|\n((?:\|.*\n)+)", PAGE, re.MULTILINE):
        for first, second in re.findall(r"^\| (`+.+?`+) \| (`+.+?`+) \|$", table, re.MULTILINE):
            yield _plain(first), _plain(second)


def _plain(cell: str) -> str:
    inner = cell.strip("`") if cell.startswith("`` ") else cell[1:-1]
    return (inner.strip() if cell.startswith("`` ") else inner).replace("\\|", "|")


TEMPLATES = [(number, text) for number, (kind, text) in enumerate(BLOCKS) if kind == "ini"]


@pytest.mark.parametrize("text", [text for _, text in TEMPLATES])
def test_a_template_of_the_page_has_nothing_wrong(text: str) -> None:
    """Not even a warning."""
    assert [str(problem) for problem in check_template(text, "t.txt")] == []


def cluster(section: str) -> Cluster:
    """What the template below this heading describes, in a cloud whose machines have 120 cores."""
    text = PAGE.split(f"\n## {section}\n")[1].split("```ini\n")[1].split("```")[0]
    return read_cluster(text, "t.txt", cluster_name="hpc1", parameters={}, cores_of=lambda _: 120).cluster


def test_sections_mean_what_the_comments_beside_them_say() -> None:
    """Defaults, the lower of two limits, and a prefix of a configuration."""
    (array,) = cluster("Sections").arrays
    assert (array.image, array.subnet) == ("almalinux8", "hpc-group/hpc-vnet/compute")
    assert (array.most_nodes, array.partition) == (4, "cfd")
    assert [volume.size_gb for volume in array.details.volumes] == [100]
    assert [(spec.project, spec.spec) for spec in array.details.init_specs] == [
        ("cyclecloud/slurm", "execute")
    ]


def test_inheritance_is_as_the_page_says() -> None:
    """What a node says itself wins, undefined hides, and an abstract node is none."""
    hpc, htc = cluster("Inheritance").arrays
    assert (hpc.machine_type, hpc.image, hpc.most_nodes) == ("Standard_HB120rs_v3", "almalinux8", 10)
    assert (htc.machine_type, htc.image, htc.most_nodes) == ("Standard_F2s_v2", "almalinux9", 10)
    assert dict(hpc.details.configuration) == {"slurm.role": "execute", "cluster.owner": "cfd"}
    assert dict(htc.details.configuration) == {"slurm.role": "execute"}


def test_a_mistake_is_said_as_the_page_shows_it() -> None:
    """Word for word, with the line and the caret."""
    shown = 0
    for (kind, text), (_, said) in pairwise(BLOCKS):
        if kind == "ini wrong":
            problems = check_template(text, "t.txt")
            lines = [*(problem_text(problem).plain for problem in problems), totals(problems, 1)]
            assert "\n".join(lines) + "\n" == said
            shown += 1
    assert shown == 1


@pytest.mark.parametrize("kind", ["json", "properties"])
def test_files_of_values_fit_the_template_above_them(kind: str) -> None:
    """Each value is for a parameter, and none that is required is missing."""
    ((number, text),) = [(number, text) for number, (its, text) in enumerate(BLOCKS) if its == kind]
    template = [its for before, its in TEMPLATES if before < number][-1]
    values = {"json": parse_json, "properties": parse_properties}[kind](text, "values")
    assert [
        str(each) for each in check_template(template, "t.txt", parameters=values, from_files=[*values])
    ] == []


@pytest.mark.parametrize(("written", "value"), list(rows(r"written \| is")))
def test_a_value_is_what_the_page_says(written: str, value: str) -> None:
    """As JSON has it."""
    (parameter,) = describe_parameters(f"[parameter P]\nDefaultValue = {written}\n", "t.txt")
    assert parameter.default == json.loads(value)
    assert type(parameter.default) is type(json.loads(value))


EXPRESSIONS = list(rows(r"expression \| value"))


def scope() -> dict[str, Datum]:
    """The parameters of the template that stands before the expressions."""
    (text,) = [text for _, text in TEMPLATES if "[[parameter Sizes]]" in text]
    found: dict[str, Datum] = {}
    for parameter in describe_parameters(text, "t.txt"):
        default = parameter.default
        if isinstance(default, list):
            found[parameter.name.lower()] = tuple(default)
        elif isinstance(default, dict):
            found[parameter.name.lower()] = Record(tuple(default.items()))
        else:
            found[parameter.name.lower()] = UNDEFINED if default is None else default  # type: ignore[assignment]
    return found


@pytest.mark.parametrize(("expression", "value"), EXPRESSIONS)
def test_an_expression_has_the_value_that_the_page_says(expression: str, value: str) -> None:
    """With the parameters of the template before them."""
    names = scope()
    assert unparse(evaluate(parse(expression), lambda name: names.get(name.lower(), UNDEFINED))) == value


def test_every_function_has_an_example() -> None:
    """With its value, so that nobody has to guess."""
    used = {name.lower() for expression, _ in EXPRESSIONS for name in re.findall(r"(\w+)\(", expression)}
    assert {name for name in NAMES if name.lower() not in used} == set()


COMMANDS = [
    line.split("#")[0].strip()
    for name in ("README.md", "docs/templates.md")
    for block in re.findall(r"```sh\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)
    for line in block.splitlines()
    if line.startswith("burstway cluster")
]
ASKS_NOBODY = ("check", "format", "parameters -f")


@pytest.mark.parametrize("line", list(dict.fromkeys(COMMANDS)))
def test_a_command_of_the_page_works(line: str) -> None:
    """As written, in the checkout. Where it needs a control plane it gets as far as asking for one."""
    program = Path(sys.executable).with_name("burstway")
    done = subprocess.run(
        [program, *shlex.split(line)[1:]], capture_output=True, text=True, cwd=ROOT, check=False,
        env={**os.environ, "BURSTWAY_SOCKET": "/nonexistent"},
    )  # fmt: skip
    alone = any(line.startswith(f"burstway cluster {words}") for words in ASKS_NOBODY)
    if alone:
        assert done.returncode == 0, done.stderr
    else:
        assert (done.returncode, done.stdout) == (2, "")
        assert "/nonexistent: the control plane does not answer" in done.stderr
