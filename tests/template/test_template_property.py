"""Any text is a cluster or a TemplateError; and reading takes a bounded time."""

import time
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_template_accepted import CORES, MINIMAL, read

from burstway.errors import InputError
from burstway.model.cluster import Cluster
from burstway.model.names import MOST_NODES
from burstway.template.parameter_file import parse_json, parse_properties
from burstway.template.to_model import describe_parameters, read_cluster

KEYS = ("MachineType", "MaxCount", "MaxCoreCount", "ImageName", "Extends", "Abstract", "Autoscale", "Label")
MORE_KEYS = ("slurm.partition", "slurm.default_partition", "DefaultValue", "Required", "Zone", "x")
VALUES = (
    "lab.c1",
    "lab.c4",
    "1",
    "0",
    "-1",
    "true",
    "a",
    "a, b",
    "defaults",
    "$P",
    "$Q",
    "${P}",
    '"a\\"b"',
    '"',
    "'''",
    "",
)
KINDS = ("cluster", "node", "nodearray", "configuration", "parameters", "parameter", "volume", "")
NAMES = ("a", "b", "defaults", "P", "slurm", "", "a b")

values = st.sampled_from(VALUES) | st.text(max_size=8)
attributes = st.builds(
    "{} {} {}".format, st.sampled_from(KEYS + MORE_KEYS), st.sampled_from(["=", ":="]), values
)
headers = st.builds(
    lambda rank, kind, name: "[" * rank + f"{kind} {name}" + "]" * rank,
    st.integers(1, 4),
    st.sampled_from(KINDS),
    st.sampled_from(NAMES),
)
good = (
    st.just("[cluster c]")
    | st.just("[[nodearray a]]")
    | st.just("MachineType = lab.c1")
    | st.just("MaxCount = 2")
)
lines = good | headers | attributes | st.text(max_size=20)
templates = st.lists(lines, max_size=25).map("\n".join)
texts = st.text() | templates | templates.map(lambda text: MINIMAL + text)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=texts, parameters=st.dictionaries(st.sampled_from(["P", "p", "Q"]), values, max_size=2))
def test_any_text(text: str, parameters: dict[str, str]) -> None:
    """A text is a cluster that fits Slurm, or a TemplateError with problems; never another exception."""
    cluster = None
    with suppress(InputError):
        cluster = read(text, **parameters)
    if cluster is None:
        return
    assert isinstance(cluster, Cluster)
    assert 1 <= len(list(cluster.node_names())) <= MOST_NODES
    assert all(array.most_nodes >= 1 and array.cores >= 1 for array in cluster.arrays)


@settings(max_examples=100, deadline=None)
@given(text=texts)
def test_any_text_for_the_others(text: str) -> None:
    """The same holds for describing parameters and for reading their values."""
    for function in (describe_parameters, parse_json, parse_properties):
        with suppress(InputError):
            function(text, "t")


def chain(length: int) -> str:
    return "[cluster c]\n[[node n0]]\nAbstract=1\n" + "".join(
        f"[[node n{i}]]\nExtends=n{i - 1}\n" for i in range(1, length)
    )


LARGE = {
    "brackets": "[" * 100_000,
    "headers": MINIMAL + "".join(f"[[node n{i}]]\nAbstract=true\n" for i in range(4000)),
    "a value": MINIMAL + "ImageName = " + "a#" * 50_000,
    "quotes": MINIMAL + 'ImageName = "' + '\\"' * 50_000,
    "blanks": MINIMAL + "ImageName = " + " " * 100_000 + "x",
    "dots": MINIMAL + "a." * 50_000 + " = 1",
    "here-strings": MINIMAL + "ImageName = '''\n'''\n" * 5000,
    "unknown attributes": MINIMAL + "".join(f"MachineTyp{i} = 1\n" for i in range(5000)),
    "unknown parameters": MINIMAL
    + "[[[configuration]]]\n"
    + "".join(f"slurm.partitio{i} = $Parameter{i}x\n" for i in range(1500))
    + "".join(f"[parameter Parameter{i}]\n" for i in range(1500)),
    "a chain of bases": chain(4000),
    "a circle": chain(4000).replace("Abstract=1", "Extends=n3999"),
    "many circles": "[cluster c]\n"
    + "".join(f"[[node a{i}]]\nExtends=b{i}\n[[node b{i}]]\nExtends=a{i}\n" for i in range(2000)),
    "many bases": "[cluster c]\n"
    + "".join(f"[[node n{i}]]\nAbstract=true\nImageName=x\n" for i in range(1000))
    + "".join(f"[[node m{j}]]\nExtends={','.join(f'n{i}' for i in range(1000))}\n" for j in range(12)),
    "one base many times": MINIMAL + "Extends = " + "a," * 50_000,
}


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE)
def test_large_templates(text: str) -> None:
    """100 kB of anything are read or refused in well under the time that one waits."""
    said = ""
    start = time.process_time()
    try:
        read_cluster(text, "t", cluster_name="c", parameters={}, cores_of=CORES.get)
    except InputError as refused:
        said = str(refused)
    assert len(said) < 200_000
    assert time.process_time() - start < 3
