"""Settings whose values are lists, records and numbers, and those that another one hides."""

import json
import time
from dataclasses import asdict

import pytest
from test_template_accepted import MINIMAL, read, reading

from burstway.errors import TemplateError
from burstway.template.to_model import check_template, describe_parameters

TYPES = {
    "an undefined one among them": (':= {undefined, "lab.c1"}', ("lab.c1",)),
    "a boolean": (':= {"lab.c1", true}', ("lab.c1", "true")),
    "a record": (':= {[Name="lab.c1"]}', ("lab.c1",)),
}


@pytest.mark.parametrize(("written", "types"), TYPES.values(), ids=TYPES)
def test_machine_types(written: str, types: tuple[str, ...]) -> None:
    """Elements of a list are texts as the language writes them."""
    array = read(MINIMAL.replace("= lab.c1", written)).arrays[0]
    assert (array.machine_type, *array.alternatives) == types


@pytest.mark.parametrize("written", [":= {}", "= ,", ":= {undefined}"])
def test_a_list_of_no_machine_type(written: str) -> None:
    """Is no value."""
    with pytest.raises(TemplateError, match="MachineType has no value"):
        read(MINIMAL.replace("= lab.c1", written))


COUNTS = {
    "a real that is whole": ("MaxCount = 1e3", 1000, 0),
    "a text": ('MaxCount = "7"', 7, 0),
    "a list of one": ("MaxCount := {7}", 7, 0),
    "no most, and few at first": ("InitialCount = 3", 10, 3),
    "no most, and many at first": ("InitialCount = 20", 20, 20),
    "no most, and many cores at first": ("InitialCoreCount = 20", 20, 20),
}


@pytest.mark.parametrize(("lines", "most", "initial"), COUNTS.values(), ids=COUNTS)
def test_counts(lines: str, most: int, initial: int) -> None:
    """A number is a number however it is written; an array without a most can start as it says."""
    array = read(MINIMAL.replace("MaxCount = 2", lines)).arrays[0]
    assert (array.most_nodes, array.initial_nodes) == (most, initial)


@pytest.mark.parametrize("written", ["1.5", "1e30", "0x10", "1,2", ":= 1.0e300"])
def test_no_counts(written: str) -> None:
    """Fractions and what is endless are refused."""
    with pytest.raises(TemplateError, match=r"MaxCount = .* is not a whole number"):
        read(MINIMAL.replace("= 2", written if written[0] == ":" else f"= {written}"))


def test_values_in_texts() -> None:
    """Tags are written as the language has it, and a list of one image is that image."""
    text = f"{MINIMAL}Tags := [a=true; b=[c=1]; d=undefined]\nImageName = $I\n[parameter I]"
    array = read(text, I=["img"]).arrays[0]
    assert array.details.tags == (("a", "true"), ("b", "[c = 1]"))
    assert array.image == "img"


def test_what_is_hidden_is_left_out() -> None:
    """Images that do not count, all lines of single nodes, and a default beside its section."""
    text = (
        f"{MINIMAL}ImageId = a\nImageName = b\nAzure.Publisher = p\n[[node x]]\nDisabled = true\n"
        "[[node y]]\nMachineType = z\n[parameter p]\nDefaultValue = 5\n[[record DefaultValue]]\na = 1"
    )
    made = reading(text)
    assert [(one.name, one.lines) for one in made.left_out] == [
        ("ImageName", (6,)),
        ("Azure.Publisher", (7,)),
        ("[[node x]]", (8, 9)),
        ("[[node y]]", (10, 11)),
    ]
    assert [(one.line, one.what) for one in made.warnings] == [
        (13, "DefaultValue stands here and as [[record DefaultValue]] in line 14")
    ]


def test_the_place_of_a_name_in_a_header() -> None:
    """A problem with a parameter in a section's name points at it."""
    (warning,) = reading(f"{MINIMAL}  [[[ cluster-init  p:s:$Vers]]]").warnings
    assert (warning.source or "")[warning.column - 1 :].startswith("$Vers")


ENTRIES = {
    "nothing": ("undefined", []),
    "an error": ("1 + {}", []),
    "labels": ('{[Label=undefined; Value=true], false, undefined}', ["true", "false"]),
}  # fmt: skip


@pytest.mark.parametrize(("written", "labels"), ENTRIES.values(), ids=ENTRIES)
def test_entries_and_defaults_as_json(written: str, labels: list[str]) -> None:
    """What has no value is no entry, and no number that JSON has not is a default."""
    text = f'{MINIMAL}[parameter p]\nConfig.Entries := {written}\nDefaultValue := {{real("NaN")}}'
    (described,) = describe_parameters(text, "t")
    assert [entry.label for entry in described.entries] == labels
    assert json.dumps(asdict(described), allow_nan=False)


def test_many_values_for_many_clusters() -> None:
    """Take a time that grows with their number, and not with its square."""
    clusters = "".join(f"[cluster c{i}]\n[[nodearray a]]\nMachineType=x\nMaxCount=1\n" for i in range(30))
    text = clusters + "".join(f"[parameter p{i}]\nDefaultValue := {i} + 1\n" for i in range(2000))
    start = time.process_time()
    declared = {f"P{i}": 1 for i in range(2000)}
    assert check_template(text, "t", parameters=declared, from_files=[*declared]) == []
    unknown = {f"Other{i}": 1 for i in range(2000)}
    assert len(check_template(text, "t", parameters=unknown, from_files=[*unknown])) == 101
    assert time.process_time() - start < 10
