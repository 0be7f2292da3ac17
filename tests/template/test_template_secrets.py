"""What is secret is kept nowhere: neither the value itself nor what a template makes of it."""

import pytest
from test_template_accepted import MINIMAL

from burstway.errors import TemplateError
from burstway.template.to_model import ParameterValue, Reading, check_template, kept_values, read_cluster

SECRET = "hush42"

DECLARED: dict[str, tuple[str, ParameterValue]] = {
    "a password": ("ParameterType = Password", SECRET),
    "in any case": ("parametertype = PASSWORD", SECRET),
    "in quotes": ('ParameterType = "Password"', SECRET),
    "by an expression": ('ParameterType := "Pass" + "word"', SECRET),
    "by another parameter": ("ParameterType = $Kind\n[parameter Kind]\nDefaultValue = password", SECRET),
    "an attribute": ("Secret = true", SECRET),
    "an attribute by an expression": ("Secret := 1 < 2", SECRET),
    "an attribute that is an error": ("Secret := 1 + {}", SECRET),
    "a default": (f"Secret = true\nDefaultValue = {SECRET}", None),
    "a list": ("Secret = true\nDefaultValue = a, b", f"{SECRET}, x"),
    "a list of JSON": ("Secret = true", [SECRET, "x"]),
    "one in a list": ("Secret = true", [SECRET]),
    "a record": ("Secret = true", {"k": SECRET}),
    "made of another": (f"DefaultValue = $Q\n[parameter Q]\nDefaultValue = {SECRET}\nSecret = true", None),
    "in a structure of another": (
        f"[[record DefaultValue]]\nk = $Q\n[parameter Q]\nDefaultValue = {SECRET}\nSecret = true",
        None,
    ),
}
"""How the parameter Pw is declared, and what is given for it."""

SINGLE = ("Region", "Zone", "Tags", "tags.a", "MaxPrice", "Interruptible", "ImageName", "SubnetId", "Extends",
          "InitialCount", "MaxCount", "MaxCoreCount", "Azure.Publisher", "IsReturnProxy", "Disabled",
          "KeyPairLocation", "[[[configuration]]]\nx", "[[[configuration slurm]]]\nrole",
          "[[[configuration slurm]]]\npartition", "[[[volume v]]]\nMount", "[[[volume v]]]\nSize",
          "[[[cluster-init p]]]\nversion", "[[[cluster-init p]]]\nproject",
          "[[[input-endpoint e]]]\nProtocol")  # fmt: skip
USED = {
    **{key: f"{key} = $Pw" for key in SINGLE},
    "a name": "[[[volume $Pw]]]",
    "an init spec": "[[[cluster-init p:s:$Pw]]]",
    "a text": "tags.a = x-$Pw",
    "quotes": 'tags.a = "x $Pw"',
    "a list": "tags.a = x, $Pw",
    "a list that is used": "Zone = $PL, 1\n[parameter PL]\nDefaultValue = $Pw, b",
    "an expression": 'tags.a := strcat("x", Pw)',
    "an expression that hides it": "tags.a := [q = 1].Pw",
    "an expression of a record": "Tags := [a = Pw]",
    "an error": "Region := Pw + {}",
    "a record": "Tags = $R\n[parameter R]\n[[record DefaultValue]]\np = $Pw",
    "a record in a record": "Tags = $R\n[parameter R]\n[[record DefaultValue]]\n[[[record p]]]\nq = $Pw",
    "a part of a record": "tags.a := R.p\n[parameter R]\n[[record DefaultValue]]\np = $Pw",
    "a list of records": "Zone := R[0].p\n[parameter R]\n[[list DefaultValue]]\np = $Pw",
}
"""How the template uses it."""


def read(text: str, **given: ParameterValue) -> Reading:
    return read_cluster(text, "t", cluster_name="c", parameters=given, cores_of=lambda _: 1)


@pytest.mark.parametrize(("declared", "given"), DECLARED.values(), ids=DECLARED)
def test_a_secret_is_kept_nowhere(declared: str, given: ParameterValue) -> None:
    """Whatever declares it and wherever it is used, neither what is kept nor what is said has it; where a
    template cannot do without it, it is refused."""
    values = {"pW": given} if given is not None else {}
    for name, used in USED.items():
        text = f"{MINIMAL}{used}\n[parameter Pw]\n{declared}\n"
        try:
            made = read(text, **values)
        except TemplateError as refused:
            said = [problem.what + problem.remedy for problem in refused.problems]
            assert SECRET not in "".join(said), name
            continue
        without_source = [warning.what + warning.remedy for warning in made.warnings]
        assert SECRET not in repr((made.cluster, made.left_out, made.kept, without_source)), name
        assert not made.kept


def test_what_is_kept() -> None:
    """What the chosen cluster declares and is not secret, as the template spells it."""
    text = f"{MINIMAL}[[parameter UseSpot]]\n[parameter Pw]\nSecret = true\n[parameter P]\nSecret = false\n"
    other = "[cluster d]\n[[parameter AdminPw]]\n[[parameter Pw]]\n[[nodearray x]]\nMaxCount = oops\n"
    given: dict[str, ParameterValue] = {
        "usespot": 1,
        "PW": SECRET,
        "p": None,
        "AdminPw": SECRET,
        "Nobody": SECRET,
    }
    files = ["AdminPw", "Nobody"]
    made = read_cluster(
        text + other, "t", cluster_name="c", template_cluster="c", parameters=given, from_files=files,
        cores_of=lambda _: 1,
    )  # fmt: skip
    assert made.kept == {"UseSpot": 1, "P": None}
    assert kept_values(text + other, "t", "c", given, files) == (made.kept, ["Pw"])


def test_a_secret_in_a_circle() -> None:
    """A type that depends on its own parameter, shown or not, is a problem and no endless search."""
    for written in ("ParameterType = $P", "Secret := [q = 1].P", "DefaultValue := [q = 1].P"):
        found = check_template(f"{MINIMAL}ImageName = $P\n[parameter P]\n{written}", "t")
        assert any("in a circle: P → P" in problem.what for problem in found), written
