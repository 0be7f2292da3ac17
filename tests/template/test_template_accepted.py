"""Templates that are read, and what they mean. Those that are refused stand in test_template_refused.py."""

from dataclasses import replace
from pathlib import Path

import pytest

from burstway.model.cluster import Cluster, NodeArray
from burstway.template.sizes import DEFAULT_MOST_NODES
from burstway.template.to_model import ParameterValue, Reading, read_cluster

CORES = {"lab.c1": 1, "lab.c4": 4}
EXAMPLE = Path(__file__).parents[2] / "examples" / "hpc1.txt"


def reading(text: str, cluster: str | None = None, **parameters: ParameterValue) -> Reading:
    return read_cluster(
        text,
        "t.txt",
        cluster_name="hpc1",
        template_cluster=cluster,
        parameters=parameters,
        cores_of=CORES.get,
        machine_types=list(CORES),
    )


def read(text: str, cluster: str | None = None, **parameters: ParameterValue) -> Cluster:
    return reading(text, cluster, **parameters).cluster


def array(name: str = "a", **differences: object) -> NodeArray:
    """What `[[nodearray a]]` with MachineType = lab.c1 and MaxCount = 2 is, but for the differences."""
    least = NodeArray(name, "lab.c1", image="", subnet="", most_nodes=2, cores=1, partition=name)
    return replace(least, **differences)  # type: ignore[arg-type]


def bare(cluster: Cluster) -> Cluster:
    """The cluster without its arrays' configuration, which test_template_meaning.py looks at."""
    arrays = (replace(one, details=replace(one.details, configuration=())) for one in cluster.arrays)
    return replace(cluster, arrays=tuple(arrays))


MINIMAL = "[cluster c]\n[[nodearray a]]\nMachineType = lab.c1\nMaxCount = 2\n"

ACCEPTED = {
    "the least": (MINIMAL, [array()]),
    "CRLF": (MINIMAL.replace("\n", "\r\n"), [array()]),
    "CR alone": (MINIMAL.replace("\n", "\r"), [array()]),
    "a byte order mark": ("\ufeff" + MINIMAL, [array()]),
    "tabs and blank lines": (MINIMAL.replace("\n", "\n\n\t \t"), [array()]),
    "no blanks around the =": (MINIMAL.replace(" = ", "="), [array()]),
    "kinds and keys in any case": (
        "[CLUSTER c]\n[[NodeArray a]]\nmachineTYPE = lab.c1\nMAXcount = 2",
        [array()],
    ),
    "blanks in headers": (
        "[ cluster  c ]\n [[ nodearray  a ]]  # x\nMachineType=lab.c1\nMaxCount=2",
        [array()],
    ),
    "comments": ("# x\n[cluster c] # x\n" + MINIMAL[12:].replace("\n", " # = x\n  # y\n"), [array()]),
    "a # inside of a word": (MINIMAL + "ImageName = a#b", [array(image="a#b")]),
    "an empty value": (MINIMAL + "ImageName =\nSubnetId = # nothing", [array()]),
    "quotes": (MINIMAL + 'ImageName = "a#b" # c', [array(image="a#b")]),
    "escapes": (MINIMAL + r'ImageName = "a\"b\\c"', [array(image='a"b\\c')]),
    "a $ that begins no name": (MINIMAL + "ImageName = a$1\n[parameter About it]", [array(image="a$1")]),
    "quotes around a number": (MINIMAL.replace("2", '"2"'), [array()]),
    "MaxCoreCount": (MINIMAL.replace("MaxCount = 2", "MaxCoreCount = 7"), [array(most_nodes=7)]),
    "MaxCoreCount, rounded down": (
        MINIMAL.replace("lab.c1", "lab.c4").replace("MaxCount = 2", "MaxCoreCount = 11"),
        [array(machine_type="lab.c4", cores=4)],
    ),
    "the smaller of both limits": (MINIMAL + "MaxCoreCount = 1", [array(most_nodes=1)]),
    "the smaller of both limits, the other way": (MINIMAL + "MaxCoreCount = 9", [array()]),
    "configuration": (
        MINIMAL + "[[[configuration]]]\nslurm.partition = p\nslurm.default_partition = TRUE",
        [array(partition="p", default_partition=True)],
    ),
    "configuration with a prefix": (
        MINIMAL + "[[[configuration slurm]]]\npartition = p\ndefault_partition = false",
        [array(partition="p")],
    ),
    "a number with a point": (MINIMAL.replace("2", "2.0"), [array()]),
    "a boolean as a number": (MINIMAL + "InitialCount = true", [array(initial_nodes=1)]),
    "several machine types": (
        MINIMAL.replace("lab.c1", "lab.c1, lab.c4,lab.c2"),
        [array(alternatives=("lab.c4", "lab.c2"))],
    ),
    "several machine types of an expression": (
        MINIMAL.replace("= lab.c1", ':= {"lab.c1", "lab.c4"}'),
        [array(alternatives=("lab.c4",))],
    ),
    "an expression": (MINIMAL + 'ImageName = ${strcat("a", 1 + 1)}', [array(image="a2")]),
    "an expression from := on": (MINIMAL + 'ImageName := "a" # b', [array(image="a")]),
    "a text with an expression and a parameter in it": (
        MINIMAL + "ImageName = a-${1 + 1}-$P/b\n[parameter P]\nDefaultValue = c",
        [array(image="a-2-c/b")],
    ),
    "a text in three quotes": (MINIMAL + "ImageName = '''a[b'''", [array(image="a[b")]),
    "an image's identifier hides its name": (MINIMAL + "ImageName = a\nImageId = /b", [array(image="/b")]),
    "an undefined identifier does not": (
        MINIMAL + "ImageName = a\nImageId := undefined",
        [array(image="a")],
    ),
    "an image from its parts": (
        MINIMAL + "Azure.Publisher = p\nazure.offer = o\nAzure.Sku = 7.9\nAzure.ImageVersion = 1.10",
        [array(image="p:o:7.9:1.10")],
    ),
    "the latest of an image": (
        MINIMAL + "Azure.Publisher = p\nAzure.Offer = o\nAzure.Sku = s",
        [array(image="p:o:s:latest")],
    ),
    "a subnet of the network interface": (
        MINIMAL + "[[[network-interface eth0]]]\nSubnetId = r/v/s",
        [array(subnet="r/v/s")],
    ),
    "nodes that start with the cluster": (
        MINIMAL.replace("lab.c1", "lab.c4") + "InitialCoreCount = 5",
        [array(machine_type="lab.c4", cores=4, initial_nodes=2)],
    ),
    "no more of them than there can be": (MINIMAL + "InitialCount = 7", [array(initial_nodes=2)]),
    "no limit": (MINIMAL.replace("MaxCount = 2", ""), [array(most_nodes=DEFAULT_MOST_NODES)]),
    "an array without nodes": (
        MINIMAL + "[[nodearray b]]\nExtends = a\nMaxCount = 0\n[[nodearray c]]\nExtends = a\n"
        "MachineType = lab.c4\nMaxCoreCount = 3",
        [array()],
    ),
    "arrays that are not for jobs": (
        MINIMAL + "[[nodearray b]]\nExtends = a\n[[[configuration]]]\nslurm.autoscale = false\n"
        "[[nodearray d]]\nExtends = a\n[[[configuration autoscale]]]\nenabled = ${1 > 2}\n"
        "[[nodearray e]]\nExtends = a\n[[[configuration slurm]]]\nrole = login\n"
        "[[nodearray f]]\nExtends = a\nDisabled = true\n"
        "[[nodearray g]]\nExtends = a\n[[[configuration slurm]]]\nrole = execute\nautoscale = true",
        [array(), array("g")],
    ),
    "names that no host can have": (
        MINIMAL.replace("[[nodearray a", "[[nodearray Execute_HB 1")
        + "[[nodearray 2nd_one]]\nExtends = Execute_HB 1",
        [array("execute-hb-1"), array("n2nd-one", partition="2nd_one")],
    ),
    "the first of two default partitions": (
        MINIMAL + "[[[configuration]]]\nslurm.default_partition=true\n[[nodearray b]]\nExtends=a",
        [array(default_partition=True), array("b")],
    ),
    "bases of a list in quotes, and of a parameter": (
        MINIMAL + '[[nodearray b]]\nExtends = $P\n[[nodearray c]]\nExtends = "b"\n[parameter P]\n'
        "DefaultValue = A",
        [array(), array("b"), array("c")],
    ),
    "undefined hides what is inherited": (
        MINIMAL + "ImageName = x\n[[nodearray b]]\nExtends = a\nImageName := undefined",
        [array(image="x"), array("b")],
    ),
    "no array": ("[cluster c]\n[[node x]]\nAbstract=true", []),
    "what changes nothing": (
        "[cluster c]\nAutoscale = True\nFormLayout = x\nCategory = a, b\n" + MINIMAL[12:] + "Priority = 3\n",
        [array()],
    ),
    "defaults for all": (
        "[cluster c]\n[[node defaults]]\nMachineType=lab.c1\nMaxCount=2\n[[[configuration]]]\n"
        "slurm.partition=p\n[[nodearray a]]\n[[nodearray b]]\nMaxCount=3\n[[[configuration]]]\n"
        "slurm.default_partition=true",
        [array(partition="p"), array("b", most_nodes=3, partition="p", default_partition=True)],
    ),
    "defaults behind what they are for": (
        "[cluster c]\n[[nodearray a]]\nMaxCount=2\n[[node DEFAULTS]]\nMachineType=lab.c1",
        [array()],
    ),
    "the later base wins, own values win over all": (
        "[cluster c]\n[[node x]]\nAbstract=true\nMachineType=lab.c4\nMaxCount=9\nImageName=x\nSubnetId=x\n"
        "[[node Y]]\nAbstract=true\nMachineType=lab.c1\nImageName=y\n"
        "[[nodearray a]]\nExtends = x, y\nMaxCount=2",
        [array(image="y", subnet="x")],
    ),
    "a base's base; Abstract is not inherited": (
        "[cluster c]\n[[nodearray a]]\nExtends=y\nMaxCount=2\n[[node y]]\nExtends=x\nAbstract=true\n"
        "ImageName=y\n[[node x]]\nAbstract=true\nMachineType=lab.c1\nImageName=x",
        [array(image="y")],
    ),
    "a base below another: what defaults say does not hide what an earlier base says": (
        "[cluster c]\n[[node defaults]]\nMachineType=lab.c1\nMaxCount=9\n[[node x]]\nAbstract=true\n"
        "MaxCount=2\n[[node y]]\nAbstract=true\n[[nodearray a]]\nExtends=x, y, defaults",
        [array()],
    ),
    "an array as a base": (
        MINIMAL + "[[nodearray b]]\nExtends = A\nMaxCount = 5",
        [array(), array("b", most_nodes=5)],
    ),
    "arrays that share a default partition": (
        MINIMAL
        + "[[[configuration slurm]]]\npartition=p\ndefault_partition=true\n[[nodearray b]]\nExtends=a",
        [array(partition="p", default_partition=True), array("b", partition="p", default_partition=True)],
    ),
    "another cluster in the file is not looked into": (
        MINIMAL + "[cluster other]\nNonsense = $nothing",
        [array()],
    ),
}


@pytest.mark.parametrize(("text", "arrays"), ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(text: str, arrays: list[NodeArray]) -> None:
    """Each of these templates is read as these arrays."""
    cluster = "c" if "[cluster other]" in text else None
    assert bare(read(text, cluster)) == Cluster("hpc1", tuple(arrays))


def test_example() -> None:
    """The example that comes with Burstway is one array of 20 machines in the default partition."""
    text = EXAMPLE.read_text(encoding="utf-8")
    hpc = NodeArray("hpc", "lab.c1", "lab/debian", "lab/vnet/private", 20, 1, "hpc", default_partition=True)
    assert bare(read(text)) == Cluster("hpc1", (hpc,))
    assert read(text, "slurm", maxhpcexecutecorecount="4").arrays[0].most_nodes == 4


PARAMETERS = """
[cluster c]
Category = $Unset
[[nodearray a]]
MachineType = $Type
MaxCount = $Most
ImageName = $Unset
[[parameter Type]]
Required = true
[parameters Form]
Order = 1
[[parameters Inner]]
[[[parameter Most]]]
Label = "How many"
Description = a, b
ParameterType = Integer
DefaultValue = 2
Config.MinValue = 1
[[parameter Unset]]
"""


def test_parameters() -> None:
    """A given value wins over the default, names have no case, and an undefined parameter is an absence."""
    assert read(PARAMETERS, type="lab.c1").arrays == (array(),)
    assert read(PARAMETERS, Type="lab.c4", MOST="5", unset="i").arrays == (
        array(machine_type="lab.c4", cores=4, most_nodes=5, image="i"),
    )


def test_undefined_hides_what_is_inherited() -> None:
    """An attribute that refers to an undefined parameter is as absent as if no base had it."""
    text = MINIMAL + "ImageName = x\n[[nodearray b]]\nExtends = a\nImageName = $P\n[parameter P]"
    assert read(text).arrays == (array(image="x"), array("b"))


def test_a_given_value_is_taken_as_it_is() -> None:
    """A value from the command line is no template: nothing in it is replaced."""
    text = MINIMAL + "ImageName = $P\n[parameter P]"
    assert read(text, P="${x}").arrays == (array(image="${x}"),)


def test_the_name_of_the_cluster_is_a_parameter() -> None:
    """`$ClusterName` is the name that the cluster gets, and the template need not declare it."""
    assert read(MINIMAL + "ImageName = $clustername").arrays == (array(image="hpc1"),)


def test_a_cluster_is_chosen_by_its_name() -> None:
    """With several clusters in a file the one that is asked for is read, whatever the case of its name."""
    text = MINIMAL + MINIMAL.replace("cluster c", "cluster d").replace("a]]", "b]]")
    assert read(text, "D").arrays == (array("b"),)
