"""What templates mean beyond their arrays: details, parameters, warnings, and what is left out. `^` marks a
place."""

import json
from dataclasses import asdict, replace

import pytest
from test_template_accepted import CORES, MINIMAL, bare, read, reading

from burstway.errors import TemplateError
from burstway.model.cluster import Details, Endpoint, InitSpec, SingleNode, Volume
from burstway.template.to_model import (
    MOST_CLUSTERS,
    ParameterValue,
    check_template,
    describe_parameters,
    read_cluster,
)
from burstway.template.vocabulary import ONE_MACHINE

PUBLIC = "[[[network-interface eth0]]]\nAssociatePublicIpAddress = true\n"

DETAILS = {
    "nothing": ("", Details()),
    "where it stands": (
        "Region = westeurope\nZone = 1",
        Details(region="westeurope", zone="1"),
    ),
    "several zones": ("Zone = 1, 3", Details(zone="1,3")),
    "its price": (
        "Interruptible = ${1 < 2}\nMaxPrice = 0.05",
        Details(interruptible=True, max_price=0.05),
    ),
    "no limit to its price": ("MaxPrice = -1", Details()),
    "tags": (
        "Tags = $T\ntags.Owner = me\ntags.none := undefined\n[parameter T]\n[[record DefaultValue]]\n"
        "Owner = x\nCost centre = 7",
        Details(tags=(("Cost centre", "7"), ("Owner", "me"))),
    ),
    "volumes": (
        "[[[volume boot]]]\nSize = 30\nSSD = true\n[[[volume b]]]\nSize = ${undefined}\nPersistent = true\n"
        "Mount = nfs\n[[[volume c]]]\nDisabled = ${true || false}",
        Details(volumes=(Volume("boot", 30, True, False, ""), Volume("b", None, False, True, "nfs"))),
    ),
    "an endpoint and a public address": (
        PUBLIC + "[[[input-endpoint ssh]]]\nPrivatePort = 22\nPublicPort = 2222\n"
        "[[[input-endpoint dns]]]\nPrivatePort = 53\nProtocol = UDP",
        Details(
            public_address=True,
            endpoints=(Endpoint("ssh", "tcp", 22, 2222), Endpoint("dns", "udp", 53, 53)),
        ),
    ),
    "a public address of the node itself": (
        "AssociatePublicIpAddress = true",
        Details(public_address=True),
    ),
    "an endpoint without a public address is none": (
        "[[[input-endpoint ssh]]]\nPrivatePort = 22\nPublicPort = 22",
        Details(),
    ),
    "a disabled interface": (PUBLIC + "Disabled = true", Details()),
    "cluster-init": (
        "[[[cluster-init a/b:c:1.0.0]]]\n[[[cluster-init p]]]\n[[[cluster-init x:y:$V]]]\n"
        "[[[cluster-init z]]]\nproject = q\nversion = 2.10\n[parameter V]\nDefaultValue = 1.10",
        Details(
            init_specs=(
                InitSpec("a/b", "c", "1.0.0"),
                InitSpec("p", "default", ""),
                InitSpec("x", "y", "1.10"),
                InitSpec("q", "default", "2.10"),
            )
        ),
    ),
    "configuration": (
        "[[[configuration slurm]]]\nversion = 22.10\nhpc := undefined\n"
        '[[[configuration A.b]]]\nc = ${1 + 1}\nd = a, b\ne = "x"',
        Details(
            configuration=(("a.b.c", "2"), ("a.b.d", "a, b"), ("a.b.e", "x"), ("slurm.version", "22.10"))
        ),
    ),
}


@pytest.mark.parametrize(("lines", "details"), DETAILS.values(), ids=DETAILS)
def test_details(lines: str, details: Details) -> None:
    """An array that says these lines has these details."""
    assert read(MINIMAL + lines).arrays[0].details == details


@pytest.mark.parametrize(("lines", "details"), DETAILS.values(), ids=DETAILS)
def test_details_are_inherited(lines: str, details: Details) -> None:
    """Defaults, a base, and a node itself are three places to say the same."""
    inside, _, parameters = lines.partition("[parameter ")
    parameters = f"[parameter {parameters}" if parameters else ""
    rest = "MachineType = lab.c1\nMaxCount = 2\n"
    defaults = f"[cluster c]\n[[node defaults]]\n{inside}\n[[nodearray a]]\n{rest}{parameters}"
    base = defaults.replace("node defaults]]", "node b]]\nAbstract = true")
    base = base.replace("[[nodearray a]]", "[[nodearray a]]\nExtends = b")
    assert read(defaults).arrays[0].details == read(base).arrays[0].details == details


def test_sections_are_merged_key_by_key() -> None:
    """A node says what is different in a section of the same kind and name, and can switch it off."""
    text = MINIMAL + (
        "[[[volume v]]]\nSize = 10\nSSD = true\n[[[volume w]]]\n[[[configuration x]]]\ny = 1\nz = 1\n"
        "[[nodearray b]]\nExtends = a\n[[[volume V]]]\nSize = 20\n[[[volume w]]]\nDisabled = true\n"
        "[[[configuration]]]\nX.Z = 2"
    )
    a, b = (array.details for array in read(text).arrays)
    assert a.volumes == (Volume("v", 10, True, False, ""), Volume("w", None, False, False, ""))
    assert b.volumes == (Volume("V", 20, True, False, ""),)
    assert b.configuration == (("x.y", "1"), ("x.z", "2"))


def test_single_nodes() -> None:
    """Single nodes are kept with the cluster; nothing that is wrong with them keeps it from being read."""
    text = MINIMAL + (
        "[[node proxy]]\nMachineType = big, bigger\nIsReturnProxy = true\nImageName = i\nSubnetId = a/b/c\n"
        "[[node odd]]\nInterruptible = perhaps\nZone := 1 + {}\n[[node off]]\nDisabled = true"
    )
    cluster = read(text)
    proxy = SingleNode("proxy", "big", "i", "a/b/c", return_proxy=True)
    assert cluster.nodes == (proxy, SingleNode("odd", "", "", ""))
    told = [warning.what for warning in reading(text).warnings]
    assert told == [
        "[[node odd]] has no MachineType",
        "Interruptible = 'perhaps' is neither true nor false",
        "the expression is an error: + does not work on a whole number and a list",
    ]


SCRIPT = "echo $P ${P} ${x} $x ${P:-1} $(date) $ClusterName"
QUOTED = {
    "three quotes": (f"'''{SCRIPT}'''", "echo v v ${x} $x ${P:-1} $(date) hpc1"),
    "quotes": (f'"{SCRIPT}"', "echo v v ${x} $x ${P:-1} $(date) hpc1"),
    "an undefined parameter": ("'''a $U'''", None),
    "a list": ("a $P, ${P}b, 'c'", "a v, vb, 'c'"),
    "a name at its longest": ("$P1$P", None),
    "an undefined piece": ("a-$U", None),
    "a list without the undefined": ("$P, $U, x", "v, x"),
    "the spelling of a parameter": ("$N", "1.10"),
    "the spelling of a parameter in a text": ("v$N", "v1.10"),
    "a value of an expression": ("${N}", "1.1"),
    "a time": ("`10m`", "10m"),
    "noderef": ("${filer.instance.privateip}", None),
    "environment": ('${vnet.resources["x"].id}', None),
    "a record's member": ('${R["b c"]}', "2"),
    "a list's member": ("${L[1].x}", "2"),
}


@pytest.mark.parametrize(("written", "text"), QUOTED.values(), ids=QUOTED)
def test_values(written: str, text: str | None) -> None:
    """Each of these values in a configuration is this text; None is undefined."""
    configured = read(
        f"{MINIMAL}[[[configuration]]]\nx = {written}\n[parameter P]\nDefaultValue = v\n[parameter U]\n"
        "[parameter N]\nDefaultValue = 1.10\n[parameter R]\n[[record DefaultValue]]\nb c = 2\n"
        "[parameter L]\n[[list DefaultValue]]\nx = 1\n[[list DefaultValue]]\nx = 2\n"
        "[noderef filer]\nSourceClusterName = x\n[environment vnet]\nTemplateURL = y"
    ).arrays[0]
    assert dict(configured.details.configuration).get("x") == text


GIVEN: dict[str, tuple[str, ParameterValue, str | None]] = {
    "a word": ("", "abc", "abc"),
    "a number": ("", 7, "7"),
    "a spelling": ("", "1.10", "1.10"),
    "a boolean": ("", True, "true"),
    "null": ("DefaultValue = x", None, None),
    "a list": ("", ["a", 2], '{"a", 2}'),
    "an object": ("", {"a": [1]}, "[a = {1}]"),
    "a list of words": ("DefaultValue = x, y", "a,b", "a,b"),
    "nothing": ("DefaultValue = x", "", ""),
}


@pytest.mark.parametrize(("lines", "given", "text"), GIVEN.values(), ids=GIVEN)
def test_given_values(lines: str, given: ParameterValue, text: str | None) -> None:
    """What is given wins over the default, and is this text where a text is needed."""
    template = f"{MINIMAL}[[[configuration]]]\nx = $P\n[parameter p]\n{lines}"
    assert dict(read(template, P=given).arrays[0].details.configuration).get("x") == text


TYPED: dict[str, tuple[str, ParameterValue, bool]] = {
    "a word that is a number": ("", "10", True),
    "a number in quotes before": ('DefaultValue = "2019"', "10", False),
    "a number before": ("DefaultValue = 7", "10", True),
    "a text by its type": ("ParameterType = String", "10", False),
    "a number by its type": ("ParameterType = Integer", "10", True),
    "a number": ('DefaultValue = "2019"', 10, True),
    "no number": ("DefaultValue = 7", "10 or so", False),
}


@pytest.mark.parametrize(("lines", "given", "number"), TYPED.values(), ids=TYPED)
def test_given_texts_are_typed(lines: str, given: ParameterValue, number: bool) -> None:
    """A text is a number where the default, the type or the looks say so."""
    template = f"{MINIMAL}ImageName = ${{isInteger(P)}}\n[parameter P]\n{lines}"
    assert read(template, P=given).arrays[0].image == str(number).lower()


FITTING: dict[str, tuple[str, tuple[ParameterValue, ...], tuple[ParameterValue, ...]]] = {
    "Boolean": (
        "true or false",
        (True, False, "true", "FALSE", None, ""),
        ("maybe", "1", 1, 0.5, ["true"], {"a": True}),
    ),
    "integer": (
        "a whole number",
        (7, 2.0, "-7", "7.0", None, ""),
        ("2.5", 2.5, "x", True, "true", [1], "7 "),
    ),
    "NUMBER": ("a number", (7, 2.5, "2.5", "-1", None, ""), ("x", True, [1], "1.2.3")),
    "Float": ("a number", (7, "1e3"), ("x",)),
    "String": ("", ("maybe", 7, True, [1]), ()),
    "Intger": ("", ("maybe", 7, True, [1]), ()),
    "Azure.Subnet": ("", ("7",), ()),
}


@pytest.mark.parametrize("kind", FITTING)
def test_given_values_are_of_their_type(kind: str) -> None:
    """A given value that is not of its parameter's type is refused, also where nothing uses it; only common
    types have a meaning, and nothing and the empty text are no value."""
    wanted, fitting, others = FITTING[kind]
    text = f"{MINIMAL}[parameter P]\nParameterType = {kind}"
    for value in fitting:
        assert reading(text, P=value).warnings == []
    for value in others:
        with pytest.raises(TemplateError, match=rf"-P p=.*: P is an? {kind}: {wanted}"):
            read(text, p=value)


def test_a_value_of_another_type_is_told_once() -> None:
    """What a file gives is named as such, what wins over it is what counts, and nothing that follows from a
    value that is refused is a problem of its own."""
    text = MINIMAL.replace("2", "$N") + "Interruptible = $Spot\n" + TYPES
    given: dict[str, ParameterValue] = {"N": "many", "spot": "x", "Spot": "y"}
    found = check_template(text, "t", parameters=given, from_files=["N", "spot"], cores_of=CORES.get)
    assert [str(problem) for problem in found] == [
        "t: the value that a file gives for N is 'many': N is an Integer: a whole number",
        "t: -P Spot=y: Spot is a boolean: true or false",
    ]


TYPES = "[parameter N]\nParameterType = Integer\n[parameter Spot]\nParameterType = boolean\n"
OFFERED: dict[str, tuple[str, ParameterValue, str]] = {
    "a choice": ("Config.Entries = slow, fast", "FAST", ""),
    "a slip": (
        "Config.Entries = slow, fast",
        "fats",
        "-P Mode=fats: Mode has no choice 'fats' (did you mean fast?)",
    ),
    "something else": (
        "Config.Entries = slow, fast",
        "x",
        "Mode has no choice 'x' (there are slow, fast)",
    ),
    "a number": ('Config.Entries := {[Label="x"; Value=7]}', "7", ""),
    "another number": ('Config.Entries := {[Label="x"; Value=7]}', 8, "-P Mode=8: Mode has no choice '8'"),
    "a section": ("[[list Config.Entries]]\nName = a", "b", "(there are a)"),
    "free": ("Config.Entries = slow, fast\nConfig.FreeForm = true", "x", ""),
    "not free": ("Config.Entries = slow, fast\nConfig.FreeForm = false", "x", "no choice"),
    "several": ("Config.Entries = a, b, c", ["a", "c"], ""),
    "one of several": ("Config.Entries = a, b, c", ["a", "d"], "Mode has no choice 'd' (there are a, b, c)"),
    "several in a text": ("Config.Entries = a, b, c", "a,c", ""),
    "a choice with a comma": ('Config.Entries = "a, x", b', "a, X", ""),
    "one of several in a text": ("Config.Entries = a, b, c", "a, d", "Mode has no choice 'd'"),
    "choices of an expression": ("Config.Entries := f(Other)\n[parameter Other]", "x", ""),
    "the default": ("Config.Entries = a, b\nDefaultValue = None", "None", ""),
    "nothing": ("Config.Entries = a, b", "", ""),
}


@pytest.mark.parametrize(("lines", "given", "words"), OFFERED.values(), ids=OFFERED)
def test_given_values_are_choices(lines: str, given: ParameterValue, words: str) -> None:
    """A given value that the form does not offer is a warning, unless the form takes any."""
    told = [str(warning) for warning in reading(f"{MINIMAL}[parameter Mode]\n{lines}", Mode=given).warnings]
    assert bool(told) == bool(words)
    assert all(words in one for one in told)


def test_files_give_way() -> None:
    """A value of a file gives way to one that is given by itself, and may be for another template."""
    result = read_cluster(
        MINIMAL + "ImageName = $P\n[parameter P]",
        "t",
        cluster_name="c",
        parameters={"p": "file", "P": "single", "Q": 1, "ClusterName": "x"},
        from_files=["p", "Q", "ClusterName"],
        cores_of=CORES.get,
    )
    assert result.cluster.arrays[0].image == "single"
    assert [warning.what for warning in result.warnings] == [
        "a file of values gives Q, but the template declares no such parameter"
    ]


@pytest.mark.parametrize("written", ["$P", "a-$P", "${strcat(P, 1)}", "$Q, b", "'''$Q'''"])
def test_passwords_are_not_kept(written: str) -> None:
    """What is made of a password is not in the cluster, which others may look at, nor in a message."""
    text = (
        f"{MINIMAL}Zone = 1\nMaxPrice = $P\ntags.x = {written}\n[[[configuration]]]\nx = {written}\n"
        "[parameter P]\nParameterType = Password\n[parameter Q]\nDefaultValue = $P"
    )
    found = reading(text, P="s3cret")
    assert "s3cret" not in str(found)
    assert {left_out.name: left_out.reason for left_out in found.left_out}["x"].startswith("a password")


def test_given_values_are_bounded() -> None:
    """A number or a list that is larger than anything in use is refused before anything is made of it."""
    deep: ParameterValue = 1
    for _ in range(40):
        deep = [deep]
    for value in (1 << 64, [-(1 << 70_000)], deep):
        with pytest.raises(TemplateError, match="the value that is given for 'P' is too large"):
            read(MINIMAL + "ImageName = $P\n[parameter P]", P=value)


def test_a_parameter_that_the_form_does_not_show_is_not_required() -> None:
    """What others are can hide a required parameter, and then it need not be given."""
    text = MINIMAL + "[parameter x]\nRequired = true\nConditions.Excluded := !y\n[parameter y]\n"
    assert read(text + "DefaultValue = false")
    with pytest.raises(TemplateError, match="the parameter x is required and has no value"):
        read(text + "DefaultValue = true")


WARNED = {
    "two return proxies": (
        MINIMAL + "[[node x]]\nExtends = a\nIsReturnProxy = true\n"
        "[[node y]]\nExtends = a\n^IsReturnProxy = ${1 < 2}",
        "[[node y]] is a return proxy as well as [[node x]], which counts",
    ),
    "an attribute with a slip": (MINIMAL + "^ImageNmae = x", "did you mean ImageName?"),
    "an attribute nobody has": (
        MINIMAL + "^Qwertz = x",
        "[[nodearray a]] has no attribute Qwertz (it is passed over)",
    ),
    "an attribute of a volume": (
        MINIMAL + "[[[volume x]]]\n^Sise = 3",
        "[[[volume x]]] has no attribute Sise (did you mean Size?)",
    ),
    "a parameter's attribute": (MINIMAL + "[parameter x]\n^Requied = true", "did you mean Required?"),
    "a parameter's condition": (
        MINIMAL + "[parameter x]\n^Condition:Required := true",
        "did you mean Conditions.Required?",
    ),
    "a value for a group of parameters": (MINIMAL + "[parameters x]\n^DefaultValue = 1", "has no attribute"),
    "configuration with a slip": (
        MINIMAL + "[[[configuration slurm]]]\n^partitoin=p",
        "nothing acts on slurm.partitoin (did you mean slurm.partition?)",
    ),
    "a kind of section nobody has": (
        MINIMAL + "^[[[qwertz]]]",
        "[[nodearray a]] has no sections of the kind 'qwertz' (it is passed over; there are configuration",
    ),
    "a section in configuration": (
        MINIMAL + "[[[configuration]]]\n^[[[[x]]]]",
        "no sections of the kind 'x'",
    ),
    "configuration twice by two ways": (
        MINIMAL + "[[[configuration]]]\nslurm.partition=p\n[[[configuration slurm]]]\n^partition=q",
        "slurm.partition stands in [[nodearray a]] a second time, after line 6",
    ),
    "two default partitions": (
        MINIMAL + "[[[configuration]]]\nslurm.default_partition=true\n"
        "[[nodearray b]]\nExtends=a\n[[[configuration]]]\nslurm.default_partition = ^true",
        "the partition b is the default as well as a (Slurm has one default partition: a)",
    ),
    "no limit": (
        "[cluster c]\n^[[nodearray a]]\nMachineType = lab.c1",
        "[[nodearray a]] has no MaxCount or MaxCoreCount, so it can have 10 nodes (add MaxCount here",
    ),
    "an undefined limit": (
        MINIMAL.replace("2", "^$X") + "[parameter X]",
        "so it can have 10 nodes (give a value: -P X=…)",
    ),
    "a limit of zero": (
        MINIMAL.replace("2", "^0"),
        "MaxCount = 0, so [[nodearray a]] can have no node and is left out",
    ),
    "a limit below one machine": (
        MINIMAL.replace("lab.c1", "lab.c4") + "MaxCoreCount = ^3",
        "MaxCoreCount = 3 is less than the 4 cores of one node, so [[nodearray a]] can have no node",
    ),
    "no array for jobs": ("^[cluster c]", "[cluster c] has no node array for jobs"),
    "a parameter with a slip": (
        MINIMAL + "ImageName = ^$Imge\n[parameter Image]",
        "no parameter 'Imge', so it has no value (did you mean Image?)",
    ),
    "an undeclared parameter": (MINIMAL + "ImageName = ^$x", "(declare it: [parameter x])"),
    "an undeclared parameter where it changes nothing": (MINIMAL + "Label = a ^$x", "no parameter 'x'"),
    "an undeclared name": (MINIMAL + "ImageName = ${ifUndefined(^Imge, 1)}", "no parameter 'Imge'"),
    "an undeclared name in a default": (
        MINIMAL + "ImageName = $a\n[parameter a]\nDefaultValue := size(^x)",
        "no parameter 'x'",
    ),
    "a parameter twice": (
        MINIMAL + "[parameter x]\n[parameters y]\n^[[parameter X]]",
        "the parameter X is declared a second time, after line 5 (keep one; this one counts)",
    ),
    "an error that nothing needs": (
        MINIMAL + "ComputerName := ^1 + {}",
        "the expression is an error: + does not work",
    ),
    "an error in a configuration": (
        MINIMAL + "[[[configuration]]]\nx := ^nope(1)",
        "the expression is an error: there is no function 'nope' (the attribute has no value)",
    ),
    "no boolean where none is needed": (
        MINIMAL + "Interruptible = ^perhaps",
        "Interruptible = 'perhaps' is neither true nor false",
    ),
    "no number where none is needed": (MINIMAL + "MaxPrice = ^cheap", "MaxPrice = 'cheap' is not a number"),
    "a default that is no whole number": (
        MINIMAL + "[parameter N]\nParameterType = integer\nDefaultValue = ^abc",
        "DefaultValue = abc: N is an integer: a whole number",
    ),
    "a default that is no boolean": (
        MINIMAL + "[parameter B]\nParameterType = Boolean\nDefaultValue := ^1 + 1",
        "DefaultValue = 2: B is a Boolean: true or false",
    ),
    "a default that is a record": (
        MINIMAL + "[parameter B]\nParameterType = Number\n^[[record DefaultValue]]\nx = 1",
        "DefaultValue = [x = 1]: B is a Number: a number",
    ),
    "more at first than there can be": (
        MINIMAL + "InitialCount = ^3",
        "InitialCount = 3 is more than [[nodearray a]] can have (raise the most, which is 2 nodes",
    ),
    "more cores at first than there can be": (
        MINIMAL + "InitialCoreCount = ^9",
        "InitialCoreCount = 9 is more than",
    ),
    "configuration of Slurm with a slip": (
        MINIMAL + "[[[configuration]]]\n^slrum.partition = q",
        "nothing acts on slrum.partition (did you mean slurm.partition?)",
    ),
    "a member of a record without braces": (
        MINIMAL + "[[[configuration]]]\nx = a^$T.x.y\n[parameter T]\n[[record DefaultValue]]\nx = 1",
        "$T is all of the record, and .x.y a text behind it (did you mean ${T.x.y}?)",
    ),
    "no price": (MINIMAL + "MaxPrice = ^0", "MaxPrice = 0 is no price (-1 is no limit)"),
    "no port": (
        MINIMAL + "[[[input-endpoint x]]]\nPrivatePort = ^70000",
        "PrivatePort = 70000 is no port (1 to 65535)",
    ),
    "an endpoint without a port": (
        MINIMAL + "^[[[input-endpoint x]]]\nPublicPort = 1",
        "[[[input-endpoint x]]] has no PrivatePort",
    ),
    "an unknown protocol": (
        MINIMAL + "[[[input-endpoint x]]]\nPrivatePort = 1\nProtocol = ^icmp",
        "Protocol = 'icmp' is neither tcp nor udp",
    ),
}


def place(marked: str) -> tuple[str, str]:
    """The text without its mark, and `file:line:column: ` of the mark."""
    before, _, after = marked.partition("^")
    return before + after, f"t.txt:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}: "


@pytest.mark.parametrize(("marked", "words"), WARNED.values(), ids=WARNED)
def test_warned(marked: str, words: str) -> None:
    """Each of these templates is read, with a warning of these words at the marked line and column."""
    text, where = place(marked)
    warnings = [str(warning) for warning in reading(text).warnings]
    assert any(one.startswith(f"{where}warning: ") and words in one for one in warnings), "\n".join(warnings)


LEFT_OUT = {
    "the form": ("[cluster c]\nFormLayout = x\n" + MINIMAL[12:], "FormLayout", (2,), "web page"),
    "autoscale": (
        "[cluster c]\nAutoscale = false\n" + MINIMAL[12:],
        "Autoscale",
        (2,),
        "Burstway starts nodes when Slurm asks for them, whatever Autoscale says",
    ),
    "credentials": (MINIMAL + "Credentials = $Credentials", "Credentials", (5,), "own settings"),
    "a family": (MINIMAL + "azure.MaxScalesetSize = 3", "azure.MaxScalesetSize", (5,), "does not order"),
    "each line": (
        MINIMAL + "CloudInit = x\n[[node defaults]]\nCLOUDINIT = '''a\nb'''",
        "CloudInit",
        (5, 7),
        "user data",
    ),
    "a single node": (MINIMAL + "[[node x]]", "[[node x]]", (5,), "starts no single nodes yet"),
    "an array that is not for jobs": (
        MINIMAL + "[[[configuration]]]\nslurm.autoscale = false",
        "[[nodearray a]]",
        (2, 3, 4, 5, 6),
        "it is not for Slurm's jobs: slurm.autoscale is false",
    ),
    "an array of another role": (
        MINIMAL + "[[[configuration slurm]]]\nrole = Login",
        "[[nodearray a]]",
        (2, 3, 4, 5, 6),
        "it is not for Slurm's jobs: slurm.role is Login",
    ),
    "a disabled array": (
        MINIMAL + "Disabled = true",
        "[[nodearray a]]",
        (2, 3, 4, 5),
        "it says Disabled = true",
    ),
    "an array that can have no node": (
        MINIMAL.replace("2", "0"),
        "[[nodearray a]]",
        (2, 3, 4),
        "it can have no node",
    ),
    "a name": (
        MINIMAL.replace("ray a", "ray a_b"),
        "the name a_b",
        (2,),
        "no host can be called so; its nodes are called a-b",
    ),
    "several machine types": (
        MINIMAL.replace("lab.c1", "lab.c1, lab.c4"),
        "MachineType",
        (3,),
        "of several machine types Burstway orders the first; [[nodearray a]] has 2",
    ),
    "spot": (MINIMAL + "Interruptible = true", "Interruptible", (5,), "not ordered yet"),
    "a volume": (MINIMAL + "[[[volume x]]]\nSize = 3", "[[[volume x]]]", (5, 6), "disks are not made yet"),
    "an endpoint": (
        MINIMAL + "[[[input-endpoint x]]]\nPrivatePort = 3",
        "[[[input-endpoint x]]]",
        (5, 6),
        "an endpoint is nothing without one",
    ),
    "cluster-init": (MINIMAL + "[[[cluster-init x]]]", "[[[cluster-init x]]]", (5,), "does not run yet"),
    "a single node's limit": (
        MINIMAL + "[[node x]]\nMaxCount = 3\n[[node y]]\nMaxCount = 1",
        "MaxCount",
        (6,),
        "a single node is one machine",
    ),
    "a single node's limit that one array has too": (
        MINIMAL + "[[node x]]\nMaxCount = 3\nMaxCoreCount = 5\n[[nodearray b]]\nExtends = x, a\nMaxCount = 2",
        "MaxCount",
        (6,),
        "a single node is one machine",
    ),
    "a name that has Slurm's in it": (
        MINIMAL + "[[[configuration]]]\nmyslurm.partition = q",
        "myslurm.partition",
        (6,),
        "programs on the node",
    ),
    "another scheduler's configuration": (
        MINIMAL + "[[[configuration pbspro]]]\nslot_type = x",
        "pbspro.slot_type",
        (6,),
        "another scheduler",
    ),
    "configuration of Slurm": (
        MINIMAL + "[[[configuration]]]\nslurm.hpc = true",
        "slurm.hpc",
        (6,),
        "the site's own Slurm",
    ),
    "configuration of programs": (MINIMAL + "[[[configuration]]]\na = b", "a", (6,), "programs on the node"),
    "an environment": (
        MINIMAL + "[environment x]\nTemplateURL = y\n[[variables z]]\na = b",
        "[environment x]",
        (5, 6, 7, 8),
        "does not start it",
    ),
    "a noderef": (MINIMAL + "[noderef x]", "[noderef x]", (5,), "does not start it"),
    "a parameter's form": (
        MINIMAL + "[parameters x]\nOrder = 1\n[[parameter y]]\nOrder = 2",
        "Order",
        (6, 8),
        "web page",
    ),
    "a list of the form": (
        MINIMAL + "[parameter y]\n[[list Config.Options]]\nx = 1",
        "[[list Config.Options]]",
        (6, 7),
        "web page",
    ),
}


@pytest.mark.parametrize(("text", "name", "lines", "reason"), LEFT_OUT.values(), ids=LEFT_OUT)
def test_left_out(text: str, name: str, lines: tuple[int, ...], reason: str) -> None:
    """What Burstway does not act on is listed by its name with all its lines and the reason."""
    found = [one for one in reading(text).left_out if one.name == name]
    assert [(one.lines, reason in one.reason) for one in found] == [(lines, True)]


SILENT = {
    "an empty default": "[parameter N]\nParameterType = Integer\nDefaultValue =",
    "an undefined default": "[parameter N]\nParameterType = Boolean\nDefaultValue := undefined",
    "a default by another without a value": (
        "[parameter N]\nParameterType = Integer\nDefaultValue = $M\n[parameter M]"
    ),
    "a number in quotes": '[parameter N]\nParameterType = Integer\nDefaultValue = "5"',
    "a boolean in any case": "[parameter N]\nParameterType = BOOLEAN\nDefaultValue = TRUE",
    "a type that nobody has": "[parameter N]\nParameterType = Intger\nDefaultValue = x",
    "a text with a dot behind it": "[[[configuration]]]\nx = $T.x\n[parameter T]\nDefaultValue = a",
    "as many at first as there can be": "InitialCount = 2",
    "limits for all": "[[node defaults]]\nMaxCount = 9\n[[node b]]\nAbstract = true\nMaxCount = 3",
}


@pytest.mark.parametrize("lines", SILENT.values(), ids=SILENT)
def test_not_warned(lines: str) -> None:
    """These are no mistakes."""
    found = reading(MINIMAL + lines)
    assert found.warnings == []
    assert [one.name for one in found.left_out if one.reason == ONE_MACHINE] == []


def test_what_does_not_exist_is_told_once() -> None:
    """A function that does not exist is one problem at its place, wherever it stands; names that are merely a
    little alike are not suggested."""
    text = (
        f'{MINIMAL}TestName = x\nImageName = a-${{foo(1)}}\nSubnetId := toLowr("A")\nZone := 1 + foo(2)\n'
        "[[[configuration]]]\nx := foo(3)\n[[parameter P]]\nDefaultValue := foo(4)"
    )
    found = [(each.line, each.what, each.remedy) for each in check_template(text, "t")]
    nope = "there is no function 'foo'"
    failed = "the expression is an error: "
    assert found == [
        (5, "[[nodearray a]] has no attribute TestName", "it is passed over"),
        (6, f"{failed}{nope}", ""),
        (7, f"{failed}there is no function 'toLowr', did you mean toLower?", ""),
        (8, f"{failed}{nope}", ""),
        (10, f"{failed}{nope}", "the attribute has no value"),
        (12, nope, ""),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "Interruptible = false",
        "MaxPrice = -1",
        "IsReturnProxy = $No",
        "Zone := undefined",
        "InitialCount = 0",
    ],
)
def test_what_is_so_anyway_is_not_left_out(line: str) -> None:
    """An attribute that says what Burstway does anyway is acted on."""
    assert [
        one.name for one in reading(f"{MINIMAL}{line}\n[parameter No]\nDefaultValue=False").left_out
    ] == []


FORM = """
[parameters A]
[[parameters B]]
[[[parameter x]]]
Label = L
Description = a, b
ParameterType = Integer
DefaultValue = 1.10
Required = true
[[[[list Config.Entries]]]]
Name = 1
Label = one
[[[[list Config.Entries]]]]
Value = 2
[[parameter y]]
Config.Entries := {[Label="p"; Value="q"], "r"}
Conditions.Required := x > 1
DefaultValue := {x, true, undefined}
[[parameter z]]
ParameterType = hidden
Config.Entries := f(x)
[[[record DefaultValue]]]
a b = c
[parameter u]
DefaultValue := undefined
Hidden = true
"""


def test_describe_parameters() -> None:
    """Everything that a template says of a parameter, in the order of the file, as JSON has it."""
    described = [asdict(parameter) for parameter in describe_parameters(MINIMAL + FORM, "t.txt")]
    assert json.dumps(described)
    x, y, z, u = described
    assert x == {
        "name": "x",
        "label": "L",
        "description": "a, b",
        "type": "Integer",
        "groups": ("A", "B"),
        "default": 1.1,
        "default_written": "1.10",
        "required": True,
        "conditional": False,
        "hidden": False,
        "entries": ({"label": "one", "value": 1}, {"label": "2", "value": 2}),
        "line": 8,
    }
    assert (y["default"], y["required"], y["groups"]) == ([1.1, True, None], True, ("A",))
    assert y["entries"] == ({"label": "p", "value": "q"}, {"label": "r", "value": "r"})
    assert (z["default"], z["hidden"], z["entries"]) == ({"a b": "c"}, True, ())
    assert (u["default"], u["default_written"], u["hidden"], u["groups"]) == (None, None, True, ())


REQUIRED = {
    "always": ("Required = true", True, False),
    "never": ("Required = false\nConditions.Hidden := y", False, False),
    "by the default of another": ("Conditions.Required := y", True, True),
    "not by the default of another": ("Conditions.Required := !y", False, True),
    "excluded by another": ("Required = true\nConditions.Excluded := y", False, True),
    "not excluded by another": ("Required = true\nConditions.Hidden := !y", True, True),
    "always, whatever its condition": ("Required = true\nConditions.Required := y", True, False),
    "never shown": ("Required = true\nConditions.Hidden = true\nConditions.Excluded := y", False, False),
    "by what nobody declares": ("Conditions.Required := z is undefined", True, False),
}


@pytest.mark.parametrize(("lines", "required", "conditional"), REQUIRED.values(), ids=REQUIRED)
def test_described_as_required(lines: str, required: bool, conditional: bool) -> None:
    """A parameter is described as required when it is with all defaults, and whether others can change it."""
    described, _ = describe_parameters(
        f"{MINIMAL}[parameter x]\n{lines}\n[parameter y]\nDefaultValue = true", "t"
    )
    assert (described.required, described.conditional) == (required, conditional)


CHECKED = MINIMAL + (
    "ImageName = $Image\n[cluster d]\n[[nodearray e]]\nMachineType = $Type\nMaxCount = ${1 ^+}\nQwertz = 1\n"
    "[parameter Type]\nRequired = true\nConditions.Hidden := nope(Image) && Imge\n[parameter Image]\n"
    "[parameter Never]\nConditions.Excluded := (Image"
)


def test_check_template() -> None:
    """All problems of all clusters at once, errors and warnings, without a cloud and without values."""
    found = check_template(CHECKED.replace("^", ""), "t.txt")
    assert [(problem.line, problem.warning) for problem in found] == [
        (9, False),
        (10, True),
        (13, True),
        (13, True),
        (16, False),
    ]


def test_check_template_with_values() -> None:
    """With values, those that are missing count, and with a cloud its machine types."""
    text = MINIMAL + "ImageName = $I\n[parameter I]\nRequired = true\n[parameter M]"
    assert check_template(text, "t") == []
    found = check_template(text, "t", parameters={"M": 1}, cores_of={"x": 1}.get, machine_types=["x"])
    assert [problem.what for problem in found] == [
        "the cloud has no machine type 'lab.c1'",
        "the parameter I is required and has no value",
    ]


def test_check_template_waits_for_values() -> None:
    """Without values nothing that follows from a parameter without one is a problem."""
    text = (
        MINIMAL.replace("lab.c1", "$T").replace("= 2", ":= T + 100000")
        + "ImageName = ${[a=1].a + size(T)}-x\nMaxCoreCount = $M\nSubnetId = $ClusterName/$T\n"
        "[parameter T]\nRequired = true\n[parameter M]\nDefaultValue = 1000000\n"
    )
    assert check_template(text, "t", cores_of=CORES.get) == []


def test_defaults_that_wait_for_values() -> None:
    """A default that depends on what has no value yet is of no type yet."""
    text = (
        f"{MINIMAL}[parameter N]\nParameterType = Integer\nDefaultValue := M + 1\n[parameter M]\n"
        "[parameter B]\nParameterType = Boolean\nDefaultValue = $ClusterName\n"
        "[parameter S]\nParameterType = Integer\nDefaultValue = $P\n[parameter P]\nParameterType = Password\n"
    )
    assert check_template(text, "t") == []
    told = str(reading(text, M="x", P="s3cret").warnings)
    assert "DefaultValue = …: S is an Integer" in told
    assert "s3cret" not in told


def test_check_template_of_several_clusters() -> None:
    """A value can be for any of the clusters, but must be for one of them."""
    text = MINIMAL + "[[parameter P]]\n[cluster d]\n[[nodearray a]]\nMachineType = x\nMaxCount = 1\n"
    text += "[[parameter Q]]"
    assert check_template(text, "t", parameters={"P": 1, "q": 2}) == []
    found = check_template(text, "t", parameters={"R": 1})
    assert {problem.what for problem in found} == {"-P R: the template declares no such parameter"}


def test_check_template_of_too_many_clusters() -> None:
    """A file of clusters without end is a problem, for each is read with all parameters of the file."""
    text = "".join(f"[cluster c{i}]\n" for i in range(MOST_CLUSTERS + 1))
    found = [problem for problem in check_template(text, "t") if not problem.warning]
    assert [(problem.line, problem.what) for problem in found] == [
        (MOST_CLUSTERS + 1, "the file has 31 clusters; no more than 30 of them are checked")
    ]


def test_check_template_without_a_cluster() -> None:
    """A file without a cluster is one problem."""
    assert [problem.what for problem in check_template("# x", "t")] == [
        "the template has no section [cluster NAME]"
    ]


def test_texts_do_not_explode() -> None:
    """A text that doubles at each of forty steps is an error at the step that is too much, not a wait."""
    steps = "".join(f"[parameter p{i}]\nDefaultValue = $p{i + 1}$p{i + 1}\n" for i in range(40))
    text = f"{MINIMAL}ImageName = $p0\n{steps}[parameter p40]\nDefaultValue = x"
    with pytest.raises(TemplateError, match="the value is too large: more than 200,000 characters"):
        read(text)
    lists = text.replace("DefaultValue = $", "DefaultValue := { $").replace("$p", " , p").replace("{  ,", "{")
    lists = "\n".join(line + " }" if ":=" in line else line for line in lists.splitlines())
    with pytest.raises(TemplateError, match=r"too (large|costly)"):
        read(lists.replace("ImageName =  , p0", "ImageName = $p0"))


def test_what_is_too_deep() -> None:
    """Records inside of each other, made of a chain of parameters, end at some depth and not in a crash."""
    chain = "".join(f"[parameter p{i}]\n[[record DefaultValue]]\nx = $p{i + 1}\n" for i in range(3000))
    with pytest.raises(TemplateError, match="the value is too large"):
        read(f"{MINIMAL}ImageName = $p0\n{chain}[parameter p3000]\nDefaultValue = x")
    lists = "".join(f"[parameter p{i}]\nDefaultValue = $p{i + 1}, x\n" for i in range(300))
    machine = read(
        f"[cluster c]\n[[nodearray a]]\nMachineType = $p0\n{lists}[parameter p300]\nDefaultValue = lab.c1"
    )
    assert machine.arrays[0].alternatives == ("x",) * 300


def test_a_long_chain_of_parameters() -> None:
    """Parameters that need each other in a chain as long as the file need no stack as deep."""
    chain = "".join(f"[parameter p{i}]\nDefaultValue = $p{i + 1}\n" for i in range(3000))
    text = f"{MINIMAL}ImageName = $p0\n{chain}[parameter p3000]\nDefaultValue = x"
    assert bare(read(text)).arrays == (replace(bare(read(MINIMAL)).arrays[0], image="x"),)
