"""How long a template takes: 83 kB parsed and expanded in at most 150 ms, and time that grows with the text.

The template is as large as the largest that is known, and like it: parameters with their forms, node arrays
that extend a base, configuration with references and expressions in it. Larger ones have more of the same
parameters, and of the same arrays, abstract ones, for a cluster has only so many nodes.
"""

import math
import statistics
import sys
import time

from burstway.template.layout import format_template
from burstway.template.problems import Problems
from burstway.template.source import Source
from burstway.template.syntax import parse
from burstway.template.to_model import read_cluster

CHARACTERS = 83_000
RUNS = 15
BOUND_MS = 150.0
LARGER = (100_000, 1_000_000, 10_000_000)
GROWTH = 3.0
"""How much longer a character may take in the largest template than in one a hundredth as large. It takes
twice as long, for Python's collector of garbage looks at all that lives; without it, hardly longer."""

HEAD = """\
[cluster bench]
FormLayout = selectionpanel
Category = Schedulers
Autoscale = $Autoscale

    [[node defaults]]
    Credentials = $Credentials
    SubnetId = $SubnetId
    ImageName = $ImageName
    MachineType = $MachineType

        [[[configuration]]]
        slurm.version = 23.11.10-1
        slurm.autoscale = true
        cyclecloud.mounts.shared.disabled = ${NFSType != "External"}

        [[[volume boot]]]
        Size = ${ifThenElse(BootDiskSize > 0, BootDiskSize, undefined)}
        SSD = True

    [[node base]]
    Abstract = true
"""
ARRAY = """
    [[nodearray a{number}]]
    Extends = base
    {abstract}MaxCoreCount = ${{MaxCores{number} is undefined ? 8 : MaxCores{number} * 2}}
    Interruptible = $UseSpot{number}
    Tags.Owner = team-${{ClusterName}}-$Region

        [[[configuration]]]
        slurm.hpc = false
        slurm.partition = p{number}
        # An expression as they are written for names of nodes.
        slurm.node_prefix = ${{ifThenElse(Prefix == "Cluster Prefix", StrJoin("-", ClusterName, ""), Prefix)}}

        [[[cluster-init cyclecloud/slurm:execute]]]

        [[[network-interface eth0]]]
        AssociatePublicIpAddress = false
"""
PARAMETERS = """
[parameters Settings]
Order = 10

    [[parameters General]]

        [[[parameter Autoscale]]]
        DefaultValue = true
        [[[parameter Credentials]]]
        ParameterType = Cloud.Credentials
        [[[parameter SubnetId]]]
        DefaultValue = lab/vnet/private
        [[[parameter ImageName]]]
        DefaultValue = lab/debian
        [[[parameter MachineType]]]
        DefaultValue = lab.c4
        [[[parameter NFSType]]]
        DefaultValue = Builtin
            [[[[list Config.Entries]]]]
            Label = "External NFS"
            Value = External
            [[[[list Config.Entries]]]]
            Label = "Builtin"
            Value = Builtin
        [[[parameter BootDiskSize]]]
        DefaultValue = 0
        [[[parameter Region]]]
        DefaultValue = lab
        [[[parameter Prefix]]]
        DefaultValue = Cluster Prefix
"""
PARAMETER = """
    [[parameters Array {number}]]
    Description = "Machines of the array {number}, which the autoscaler adds, removes and replaces."
    Order = {number}

        [[[parameter MaxCores{number}]]]
        Label = Max Cores
        Description = How many cores the array can have, or 0 for none at all
        DefaultValue = 100
        Config.Plugin = pico.form.NumberTextBox
        Config.MinValue = 1
        Config.MaxValue = 10,000
        Config.IntegerOnly = true

        [[[parameter UseSpot{number}]]]
        Label = Use Spot
        ParameterType = Boolean
        DefaultValue = false
        Config.Label = Use machines that the cloud can take back
        Conditions.Excluded := MaxCores{number} is undefined || MaxCores{number} == 0

        [[[parameter About{number}]]]
        HideLabel = true
        Config.Plugin = pico.widget.HtmlTemplateWidget
        Config.Template = '''<p>The directory <code>/shared</code> is a network file system and exists
        on all machines of the cluster.</p>'''
        Config.Entries := {{[Label="One"; Value="{number}"], [Label="Two"; Value="b"]}}
"""
CONCRETE = 40
"""Arrays that are not abstract, at most."""


def main() -> None:
    text = template(CHARACTERS)
    taken = [_read(text) * 1e3 for _ in range(RUNS)]
    parts = {"parsed": _parse, "formatted": _format}
    print(f"{len(text):,} characters, {text.count(chr(10)):,} lines, {RUNS} runs: median ms (least)")
    median = _report("parsed and expanded", taken)
    for name, part in parts.items():
        _report(f"{name} only", [part(text) * 1e3 for _ in range(RUNS)])
    print("larger ones: s, µs a character")
    each = [_grown(characters) for characters in LARGER]
    if median > BOUND_MS:
        sys.exit(f"it took more than {BOUND_MS:g} ms")
    if each[-1] > each[0] * GROWTH:
        sys.exit("the time grows faster than the text")


def _report(what: str, taken: list[float]) -> float:
    median = statistics.median(taken)
    print(f"  {what:22} {median:6.1f} ({min(taken):.1f})")
    return median


def _grown(characters: int) -> float:
    """How long a character of so large a template takes, in seconds."""
    text = template(characters)
    taken = min(_read(text) for _ in range(3 if characters < LARGER[-1] else 1))
    print(f"  {len(text):12,} characters {taken:7.2f} s {taken / len(text) * 1e6:6.2f} µs")
    return taken / len(text)


def template(characters: int) -> str:
    """A template of about so many characters."""
    pair = ARRAY.format(number=10, abstract="") + PARAMETER.format(number=10)
    pairs = max(1, math.ceil((characters - len(HEAD) - len(PARAMETERS)) / len(pair)))
    arrays = (
        ARRAY.format(number=number, abstract="Abstract = true\n    " * (number >= CONCRETE))
        for number in range(pairs)
    )
    parameters = (PARAMETER.format(number=number) for number in range(pairs))
    return "".join((HEAD, *arrays, PARAMETERS, *parameters))


def _read(text: str) -> float:
    started = time.process_time()
    read = read_cluster(
        text, "bench.txt", cluster_name="bench", parameters={"Credentials": "lab"}, cores_of={"lab.c4": 4}.get
    )
    taken = time.process_time() - started
    assert all(array.most_nodes == 50 for array in read.cluster.arrays)
    return taken


def _parse(text: str) -> float:
    started = time.process_time()
    source = Source.of(text, "bench.txt")
    problems = Problems(source)
    parse(source, problems)
    assert not problems.errors
    return time.process_time() - started


def _format(text: str) -> float:
    started = time.process_time()
    format_template(text, "bench.txt")
    return time.process_time() - started


if __name__ == "__main__":
    main()
