"""Any text is a cluster or a TemplateError; nothing is dropped in silence; reading takes a bounded time."""

import time
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_template_accepted import CORES, MINIMAL, reading

from burstway.errors import InputError
from burstway.model.cluster import Cluster
from burstway.model.names import MOST_NODES
from burstway.template.parameter_file import parse_json, parse_properties
from burstway.template.to_model import (
    ParameterValue,
    Reading,
    check_template,
    describe_parameters,
    read_cluster,
)

KEYS = ("MachineType", "MaxCount", "MaxCoreCount", "ImageName", "Extends", "Abstract", "Autoscale", "Label")
MORE_KEYS = (
    *(
        "slurm.partition",
        "slurm.default_partition",
        "slurm.autoscale",
        "DefaultValue",
        "Required",
        "Zone",
        "x",
    ),
    *("Conditions.Required", "Config.Entries", "Size", "PrivatePort", "Interruptible", "MaxPrice", "Tags"),
)
VALUES = (
    *("lab.c1", "lab.c4", "1", "0", "-1", "true", "a", "a, b", "defaults", "$P", "$Q", "${P}", '"a\\"b"'),
    *('"', "'''", "", "${P + Q}", "${strcat(P, Q, P)}", "$P-${Q}", "$P, $Q, x", "'''$P ${Q} ${x y}'''"),
    *("`10m`", "{1, [a = P]}", "undefined", "${size(P) > 2 ? P : Q}", "P isnt Q && regexp(P, Q)"),
)
KINDS = (
    *("cluster", "node", "nodearray", "configuration", "parameters", "parameter", "volume", "", "noderef"),
    *("input-endpoint", "network-interface", "cluster-init", "record", "list", "environment"),
)
NAMES = ("a", "b", "defaults", "P", "slurm", "", "a b", "DefaultValue", "a:$P")

values = st.sampled_from(VALUES) | st.text(max_size=8)
given_values = values | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=5,
)
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
    | st.just("[parameter P]")
)
lines = good | headers | attributes | st.text(max_size=20)
templates = st.lists(lines, max_size=25).map("\n".join)
texts = st.text() | templates | templates.map(lambda text: MINIMAL + text)
given_parameters = st.dictionaries(st.sampled_from(["P", "p", "Q"]), given_values, max_size=2)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=texts, parameters=given_parameters)
def test_any_text(text: str, parameters: dict[str, ParameterValue]) -> None:
    """A text is a cluster that fits Slurm, or a TemplateError with problems; never another exception."""
    found: Reading | None = None
    with suppress(InputError):
        found = reading(text, None, **parameters)
    if found is None:
        return
    cluster = found.cluster
    assert isinstance(cluster, Cluster)
    assert len(list(cluster.node_names())) <= MOST_NODES
    assert len({array.name.lower() for array in cluster.arrays}) == len(cluster.arrays)
    assert all(array.most_nodes >= 1 and array.cores >= 1 for array in cluster.arrays)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=texts)
def test_any_text_for_the_others(text: str) -> None:
    """The same holds for describing parameters and for reading their values; a check never refuses."""
    assert isinstance(check_template(text, "t"), list)
    for function in (describe_parameters, parse_json, parse_properties):
        with suppress(InputError):
            function(text, "t")


sections = st.sampled_from(
    [
        *("[[nodearray b]]", "[[node c]]", "[[node defaults]]", "[[[volume v]]]", "[[[configuration x]]]"),
        *("[[[network-interface]]]", "[[[input-endpoint e]]]", "[[[cluster-init i]]]", "[parameters f]"),
        *("[[parameters g]]", "[[parameter P]]", "[[[parameter Q]]]", "[environment v]", "[noderef r]"),
        *("[[[list Config.Options]]]", "[[[record Widget.x]]]"),
    ]
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(headers=st.lists(sections, max_size=20))
def test_nothing_is_dropped_in_silence(headers: list[str]) -> None:
    """An attribute that nobody has is left out or warned of at its line, wherever it stands."""
    text = MINIMAL + "".join(f"{header}\nQwertz{i} = {i}\n" for i, header in enumerate(headers))
    try:
        found = reading(text)
    except InputError:
        return
    told = {line for left_out in found.left_out for line in left_out.lines}
    told |= {warning.line for warning in found.warnings}
    lost = [line for number, line in enumerate(text.splitlines(), start=1) if number not in told]
    assert [line for line in lost if line.startswith("Qwertz")] == []


def chain(length: int) -> str:
    return "[cluster c]\n[[node n0]]\nAbstract=1\n" + "".join(
        f"[[node n{i}]]\nExtends=n{i - 1}\n" for i in range(1, length)
    )


def parameters(number: int, default: str) -> str:
    """So many parameters p0, p1 …, each with a default in which {} is the next one's name."""
    return "".join(
        f"[parameter p{i}]\nDefaultValue {default.replace('{}', f'p{i + 1}')}\n" for i in range(number)
    )


CONFIGURED = MINIMAL + "[[[configuration]]]\n"
RECORD = "[a=b+b;b=c+c;c=d+d;d=e+e;e=f+f;f=g+g;g=h+h;h=i+i;i=j+j;j=1].a"
LARGE = {
    "brackets": "[" * 100_000,
    "headers": MINIMAL + "".join(f"[[node n{i}]]\nAbstract=true\n" for i in range(4000)),
    "a value": MINIMAL + "ImageName = " + "a#" * 50_000,
    "quotes": MINIMAL + 'ImageName = "' + '\\"' * 50_000,
    "blanks": MINIMAL + "ImageName = " + " " * 100_000 + "x",
    "dots": MINIMAL + "a." * 50_000 + " = 1",
    "here-strings": MINIMAL + "ImageName = '''\n'''\n" * 5000,
    "unknown attributes": MINIMAL + "".join(f"MachineTyp{i} = 1\n" for i in range(5000)),
    "unknown parameters": CONFIGURED
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
    "a text that doubles": MINIMAL + "ImageName = $p0\n" + parameters(2000, "= ${}${}"),
    "a list that doubles": MINIMAL + "ImageName = $p0\n" + parameters(2000, ":= {{}, {}}"),
    "a long chain of parameters": MINIMAL + "ImageName = $p0\n" + parameters(2500, ":= {} + 1"),
    "a circle of parameters": MINIMAL + "ImageName = $p0\n" + parameters(2500, "= ${}") + "[parameter p2500]"
    "\nDefaultValue = $p0",
    "expressions": CONFIGURED
    + "".join(f'a{i} = ${{ifThenElse(p > {i}, strcat("a", p), undefined)}}\n' for i in range(2000))
    + "[parameter p]\nDefaultValue = 1000",
    "costly expressions": CONFIGURED + "".join(f"a{i} = ${{{RECORD}}}\n" for i in range(1300)),
    "costly functions": CONFIGURED
    + "".join(f"a{i} = ${{size(toUpper(p)) + size(toLower(p))}}\n" for i in range(1500))
    + f"[parameter p]\nDefaultValue = {'x' * 30_000}",
    "a large value many times": CONFIGURED
    + "".join(f"a{i} = $p\n" for i in range(5000))
    + f"[parameter p]\nDefaultValue = {'x' * 30_000}",
    "many settings many times": "[cluster c]\n[[node defaults]]\n[[[configuration]]]\n"
    + "".join(f"a{i} = 1\n" for i in range(5000))
    + "".join(f"[[nodearray n{i}]]\n" for i in range(2500)),
    "defaults with a large base": "[cluster c]\n[[node base]]\nAbstract=1\n"
    + "".join(f"a{i}=\n" for i in range(20_000))
    + "[[node defaults]]\nExtends=base\n"
    + "".join(f"[[nodearray n{i}]]\n" for i in range(10_000)),
    "a large section many times": "[cluster c]\n[[node base]]\nAbstract=1\n[[[volume a]]]\n"
    + "".join(f"a{i}=\n" for i in range(20_000))
    + "".join(f"[[nodearray n{i}]]\nExtends=base\n[[[volume a]]]\nx=1\n" for i in range(4_000)),
    "sections whose names are one": MINIMAL + "".join(f"[[[volume $a{i}]]]\nx{i}=1\n" for i in range(4000)),
    "bases that are not there": "[cluster c]\n"
    + "".join(f"[[node n{i}]]\nExtends=b{i}\n" for i in range(6000)),
    "circles through one node": "[cluster c]\n"
    + f"[[node a]]\nExtends={','.join(f'n{i}' for i in range(6000))}\n"
    + "".join(f"[[node n{i}]]\nExtends=a\n" for i in range(6000)),
    "records in an expression": CONFIGURED
    + "".join(f"a{i} = ${{[{''.join(f'a{j}=[];' for j in range(1500))}].a.b}}\n" for i in range(8)),
    "members outside in a circle": MINIMAL
    + "ImageName=$A\n[parameter A]\nDefaultValue := [x=1].B\n[parameter B]\nDefaultValue := [x=1].A\n",
    "members outside in a chain": MINIMAL + "ImageName=$p0\n" + parameters(1500, ":= [x=1].{}"),
    "members outside that are hidden": MINIMAL
    + "ImageName=$p0\n"
    + parameters(200, f":= [{''.join(f'a{j}=a{j + 1};' for j in range(50))}a50=[x=1]; b=a0.{{}}].b").replace(
        "{{", "{"
    ),
    "nodes of the same name": "[cluster c]\n" + "[[nodearray a]]\nMaxCount = 1\n" * 3000,
    "lists": CONFIGURED + "".join(f"a{i} = $x, b, c\n" for i in range(5000)),
    "endpoints": MINIMAL + "".join(f"[[[input-endpoint e{i}]]]\nPrivatePort=x\n" for i in range(2500)),
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
    assert time.process_time() - start < 6
