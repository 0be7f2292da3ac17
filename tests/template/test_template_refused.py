"""Templates that are refused: where, and with which words. `^` marks the place in the text."""

import pytest
from test_template_accepted import CORES, MINIMAL, read

from burstway.errors import InputError, TemplateError
from burstway.template.problems import MOST_PROBLEMS
from burstway.template.to_model import describe_parameters, read_cluster

ARRAY = "[cluster c]\n[[nodearray a]]\nMachineType = lab.c1\n"
"""MINIMAL without its limit."""

SYNTAX = {
    "a stray line": (MINIMAL + "  ^stray", "'stray' is neither a section nor an attribute"),
    "an attribute outside of sections": ("^x = 1\n" + MINIMAL, "x stands outside of every section"),
    "a key with blanks": (MINIMAL + "^two words = 1", "'two words' cannot be the name of an attribute"),
    "too few closing brackets": ("[cluster c]\n ^[[nodearray a]\n" + MINIMAL[28:], "opens 2 and closes 1"),
    "a header and more": (MINIMAL + "[[[configuration]]] ^= x", "'= x' stands behind the section's header"),
    "quotes without an end": (MINIMAL + r'ImageName = ^"a\"', "the text in quotes has no end"),
}

MEANING = {
    "a node array whose name has no value": (
        MINIMAL + "^[[nodearray $N]]\nMachineType = lab.c1\n[parameter N]",
        "the name of [[nodearray $N]] has no value (give the parameter in it a value)",
    ),
    "an expression that is none": (MINIMAL + "ImageName := a +^", "t.txt"),
    "an expression over lines": (MINIMAL + "ImageName = ${strcat(\n  a, ^)}", "t.txt"),
    "an expression in a list": (MINIMAL + "SubnetId = a, ${b +^}", "t.txt"),
    "an expression that nothing needs": (MINIMAL + "CloudInit = ${1 ^1}", "t.txt"),
    "an error where a value is needed": (
        MINIMAL + "ImageName := ^1 + {}",
        "the expression is an error: ",
    ),
    "an error in a text": (MINIMAL + "ImageName = ^a-${1 + {}}", "the expression is an error: "),
    "an error in a limit": (ARRAY + "MaxCount := ^nope()", "the expression is an error: "),
    "a list for a limit": (ARRAY + "MaxCount = ^1, 2", "is not a whole number"),
    "a list for an image": (MINIMAL + "ImageName = ^a, b", "is a list, and one is wanted"),
    "a negative limit": (ARRAY + "MaxCount = ^-3", "is less than 0"),
    "a limit with a fraction": (ARRAY + "MaxCount = ^2.5", "is not a whole number"),
    "a machine type of an undefined expression": (
        MINIMAL.replace("lab.c1", "${^ifThenElse(true, undefined, 1)}"),
        "MachineType has no value (write one)",
    ),
    "names that are made the same": (
        MINIMAL.replace("[[nodearray a", "[[nodearray a_b") + "^[[nodearray A.B]]\nExtends = a_b",
        "the nodes of [[nodearray A.B]] would be called a-b, as those of [[nodearray a_b]] are",
    ),
    "a circle of parameters": (
        MINIMAL + "ImageName = $b\n[parameter a]\nDefaultValue = ^$b\n[parameter b]\n"
        "DefaultValue = x-${c}\n[parameter c]\n[[record DefaultValue]]\nx = $a",
        "the parameters go in a circle: a → b → c → a (take one of them out)",
    ),
    "a parameter that needs itself": (
        MINIMAL + "ImageName = $a\n[parameter A]\nDefaultValue := ^a + 1",
        "the parameters go in a circle: A → A",
    ),
    "a parameter that its conditions require": (
        MINIMAL + "^[parameter x]\nConditions.Required := y\n[parameter y]\nDefaultValue = true",
        "the parameter x is required and has no value",
    ),
    "a broken default is not missing": (
        MINIMAL.replace("lab.c1", "$x") + "[parameter x]\nRequired=true\nDefaultValue := y +^",
        "t.txt",
    ),
    "a node in a wrong place": (
        MINIMAL + "[parameters x]\n^[[node y]]",
        "has no sections of the kind 'node'",
    ),
    "a section with a slip": (MINIMAL + "^[[nodearay b]]", "did you mean nodearray?"),
    "a section in a wrong place": (
        MINIMAL + "^[nodearray b]",
        "the file has no sections of the kind 'nodearray'",
    ),
    "an array without a name": (MINIMAL + "^[[nodearray]]", "needs a name"),
    "no machine type": ("[cluster c]\n^[[nodearray a]]\nMaxCount=2", "[[nodearray a]] has no MachineType"),
    "an empty machine type": (
        "[cluster c]\n[[nodearray a]]\nMaxCount=2\nMachineType =^",
        "MachineType has no value",
    ),
    "an undefined machine type": (
        "[cluster c]\n[[nodearray a]]\nMaxCount=2\nMachineType = ^$T\n[parameter T]",
        "MachineType has no value, for the parameter T has none (give one: -P T=…)",
    ),
    "an unknown machine type": (
        MINIMAL.replace("lab.c1", "^lab.c9"),
        "no machine type 'lab.c9' (did you mean lab.c",
    ),
    "an unlike machine type": (
        MINIMAL.replace("lab.c1", "^F2"),
        "no machine type 'F2' (it has lab.c1, lab.c4)",
    ),
    "an image of two words": (MINIMAL + "ImageName = ^a b", "has blanks inside"),
    "an image with a line end": (MINIMAL + r'ImageName = ^"a\nb"', "has blanks inside"),
    "a limit that is no number": (ARRAY + "MaxCount = ^many", "MaxCount = 'many' is not a whole number"),
    "a limit in other digits": (ARRAY + "MaxCount = ^\u0662", "is not a whole number"),
    "a limit without an end": (ARRAY + "MaxCount = ^" + "9" * 5000, "is not a whole number"),
    "too many nodes": (ARRAY + "MaxCount = ^65537", "can have 65,537 nodes, more than 65,536"),
    "too many nodes in all": (
        MINIMAL + "[[nodearray b]]\nMachineType = lab.c4\nMaxCoreCount = ^262140",
        "with [[nodearray b]] the cluster can have 65,537 nodes",
    ),
    "no boolean": (
        MINIMAL + "[[[configuration]]]\nslurm.autoscale = ^yes",
        "slurm.autoscale = 'yes' is neither true nor false",
    ),
    "Abstract without a boolean": (MINIMAL + "Abstract = ^1", "Abstract = '1' is neither true nor false"),
    "a partition that slurm.conf cannot carry": (
        MINIMAL + '[[[configuration]]]\nslurm.partition = ^"p/q"',
        "'p/q' cannot be a partition",
    ),
    "a partition with a line of its own": (
        MINIMAL + r"[[[configuration]]]" + "\n" + r'slurm.partition = ^"p\nNodeName=x"',
        "has blanks inside",
    ),
    "the partition DEFAULT": (
        MINIMAL.replace("[[nodearray a", "^[[nodearray Default"),
        "cannot be called Default",
    ),
    "an array called defaults": (MINIMAL + "^[[nodearray defaults]]", "that name is for [[node defaults]]"),
    "a node with an array's name": (
        MINIMAL + "^[[node A]]\nAbstract=true",
        "[[node A]] has the name of [[nodearray a]] in line 2",
    ),
    "an unknown base": (
        MINIMAL + "Extends = a1, ^bb",
        "Extends names 'bb', and the cluster has no such node",
    ),
    "a base with a slip": (
        MINIMAL + "[[node base]]\nAbstract=true\n[[nodearray b]]\nExtends = a,  ^bsae",
        "did you mean base?",
    ),
    "a base twice": (MINIMAL + "[[nodearray b]]\nExtends = a, ^A", "Extends names 'A' twice"),
    "a node that extends itself": (MINIMAL + "Extends = ^a", "Extends goes in a circle: a → a"),
    "a circle": (
        MINIMAL + "Extends = ^z\n[[node x]]\nAbstract=true\nExtends=a\n[[node y]]\nAbstract=true\nExtends=x\n"
        "[[node z]]\nAbstract=true\nExtends=y",
        "Extends goes in a circle: a → z → y → x → a",
    ),
    "a circle with the defaults": (
        MINIMAL + "Extends = ^defaults\n[[node defaults]]\nExtends = a",
        "Extends goes in a circle: a → defaults → a",
    ),
    "a required parameter": (
        MINIMAL + "ImageName = $x\n^[parameter x]\nRequired = True",
        "the parameter x is required and has no value (give one: -P x=…)",
    ),
    "a parameter's wrong value": (
        ARRAY + "MaxCount = ^$x\n[parameter x]\nDefaultValue = y",
        "MaxCount = 'y' (from the parameter x) is not a whole number",
    ),
    "several clusters": (
        MINIMAL + "^[cluster d]",
        "the template has several clusters: c, d (choose one: -c NAME)",
    ),
}


def refusal(text: str, **parameters: str) -> list[str]:
    with pytest.raises(TemplateError) as refused:
        read(text, **parameters)
    return [str(problem) for problem in refused.value.problems]


@pytest.mark.parametrize(("marked", "words"), (SYNTAX | MEANING).values(), ids=SYNTAX | MEANING)
def test_refused(marked: str, words: str) -> None:
    """Each of these templates is refused with these words at the marked line and column."""
    before, _, after = marked.partition("^")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    problems = refusal(before + after)
    assert any(problem.startswith(f"t.txt:{line}:{column}: ") and words in problem for problem in problems), (
        f"{words!r} at {line}:{column} is not in\n" + "\n".join(problems)
    )


@pytest.mark.parametrize("name", SYNTAX)
def test_one_slip_is_one_problem(name: str) -> None:
    """A slip in the syntax of an otherwise good template is not followed by problems that it causes."""
    assert len(refusal(SYNTAX[name][0].replace("^", "", 1))) == 1


def test_problems_come_together() -> None:
    """Problems of syntax, of names and of values are told at once, in the order of the file, with a caret."""
    text = "[cluster c]\n\t[[nodearray a]]\n\tMachinType = x\n"
    text += "\tMaxCount = ^2\n\tImageName := y +\n\tMachineType = z"
    assert "\n".join(refusal(text)) == (
        "t.txt:3:2: warning: [[nodearray a]] has no attribute MachinType (did you mean MachineType?)\n"
        "     MachinType = x\n"
        "     ^\n"
        "t.txt:4:13: MaxCount = '^2' is not a whole number (0 or more)\n"
        "     MaxCount = ^2\n"
        "                ^\n"
        "t.txt:5:18: expected a value, not the end\n"
        "     ImageName := y +\n"
        "                     ^\n"
        "t.txt:6:16: the cloud has no machine type 'z' (it has lab.c1, lab.c4)\n"
        "     MachineType = z\n"
        "                   ^"
    )


def test_the_same_problem_is_told_once() -> None:
    """A wrong value that several arrays inherit is one problem, where it is written."""
    text = "[cluster c]\n[[node defaults]]\nMachineType = x\nMaxCount = y\n[[nodearray a]]\n[[nodearray b]]"
    assert [problem.partition(" ")[0] for problem in refusal(text)] == ["t.txt:3:15:", "t.txt:4:12:"]


def test_problems_are_capped() -> None:
    """A file that is no template at all gives MOST_PROBLEMS problems and the number of the others."""
    problems = refusal("stray\n" * 1234)
    assert len(problems) == MOST_PROBLEMS + 1
    assert problems[-1].endswith(f"and {1234 + 1 - MOST_PROBLEMS:,} more problems")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"Imge": "x"}, "-P Imge: the template declares no such parameter (did you mean Image?)"),
        ({"Image": "x", "IMAGE": "y"}, "the parameter IMAGE is given twice, also as Image"),
    ],
)
def test_given_parameters_are_declared(given: dict[str, str], words: str) -> None:
    """A value for a parameter that the template does not declare, or two values for one, are refused."""
    assert words in refusal(MINIMAL + "[parameter Image]", **given)[0]


@pytest.mark.parametrize(
    ("text", "cluster", "words"),
    [
        ("", None, "t.txt: the template has no section [cluster NAME]"),
        (MINIMAL, "d", "t.txt: the template has no cluster 'd' (it has c)"),
        (MINIMAL.replace(" c", " slurm"), "slrum", "did you mean slurm?"),
    ],
)
def test_no_cluster(text: str, cluster: str | None, words: str) -> None:
    """A file without the cluster that is wanted says which clusters it has."""
    with pytest.raises(TemplateError) as refused:
        read(text, cluster)
    assert words in str(refused.value)


def test_here_string_without_an_end() -> None:
    """A text over several lines that is never closed is told where it begins."""
    assert any(
        "t.txt:5:13: the text over several lines has no end" in p
        for p in refusal(MINIMAL + "ImageName = '''\n[[[")
    )


def test_names_of_nodes_fit_a_host_name() -> None:
    """A cluster and an array whose nodes would have names of more than 63 characters are refused."""
    text = MINIMAL.replace("[[nodearray a", f"[[nodearray {'a' * 31}")
    assert read_cluster(text, "t", cluster_name="c" * 29, parameters={}, cores_of=CORES.get)
    with pytest.raises(TemplateError, match="would have 64 characters"):
        read_cluster(text, "t", cluster_name="c" * 30, parameters={}, cores_of=CORES.get)


def test_the_cluster_has_a_good_name() -> None:
    """The name that the cluster gets is no part of the template, so a bad one is an InputError of its own."""
    with pytest.raises(InputError, match="cannot be the name of a cluster") as refused:
        read_cluster(MINIMAL, "t", cluster_name="a_b", parameters={}, cores_of=CORES.get)
    assert not isinstance(refused.value, TemplateError)


def test_nothing_in_a_message_drives_a_terminal() -> None:
    """Control characters of a template do not reach the terminal of the person who reads the problems."""
    for problem in refusal(
        MINIMAL
        + "[[node \x1b[2J]]\n\x1b[2J\nImageName = \x1b[2J\n[[x\x1by z\x07]]\n[parameter \x07]\nRequired=true"
    ):
        assert problem.replace("\n", "").isprintable()


def test_describe_parameters_refuses_too() -> None:
    """Parameters are not described from a template that cannot be read."""
    with pytest.raises(TemplateError, match="neither a section"):
        describe_parameters("stray", "t.txt")


def test_a_template_is_bounded() -> None:
    """A text that is far larger than any template is refused without being read."""
    assert "more than 16,000,000 characters" in refusal("#" * 16_000_001)[0]
