"""Templates of real sites: all of them are read, checked, and accounted for line by line."""

import os
from pathlib import Path

import pytest

from burstway.errors import TemplateError
from burstway.model.cluster import Endpoint
from burstway.template.problems import Problems
from burstway.template.source import Source
from burstway.template.syntax import Section, parse
from burstway.template.to_model import (
    Parameter,
    ParameterValue,
    Reading,
    check_template,
    describe_parameters,
    read_cluster,
)
from burstway.template.vocabulary import CONFIGURATION, NODE

DATA = Path(os.environ.get("BURSTWAY_TEST_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")
SAMPLES = sorted((DATA / "templates").glob("*.txt"))

pytestmark = pytest.mark.skipif(not SAMPLES, reason="no templates of real sites")
sample = pytest.mark.parametrize("path", SAMPLES, ids=[path.stem for path in SAMPLES])

BY_TYPE: dict[str, ParameterValue] = {
    "azure.subnet": "group/network/subnet",
    "cloud.machinetype": "Standard_F2s_v2",
    "cloud.region": "westeurope",
    "boolean": True,
    "integer": 1,
}


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def values(parameters: list[Parameter]) -> dict[str, ParameterValue]:
    """Something for each parameter that must have a value and has none."""
    return {
        parameter.name: BY_TYPE.get(parameter.type.lower(), "something")
        for parameter in parameters
        if parameter.required and parameter.default in (None, "")
    }


def reading(path: Path, **given: ParameterValue) -> Reading:
    text = text_of(path)
    return read_cluster(
        text,
        path.name,
        cluster_name="c1",
        parameters={**values(describe_parameters(text, path.name)), **given},
        cores_of=lambda _: 4,
    )


def named(name: str) -> Path:
    found = [path for path in SAMPLES if path.name.endswith(f"__{name}.txt")]
    if not found:
        pytest.skip(f"no template {name}")
    return found[0]


@sample
def test_samples_are_read(path: Path) -> None:
    """A real template is read once the parameters that it requires are given, without an error."""
    cluster = reading(path).cluster
    assert cluster.arrays or cluster.nodes
    assert [problem for problem in check_template(text_of(path), path.name) if not problem.warning] == []


@sample
def test_samples_say_what_they_require(path: Path) -> None:
    """Without its parameters a real template is read, or refused for the parameters that are not given."""
    missing = values(describe_parameters(text_of(path), path.name))
    try:
        read_cluster(text_of(path), path.name, cluster_name="c1", parameters={}, cores_of=lambda _: 4)
    except TemplateError as refused:
        errors = [problem.what for problem in refused.problems if not problem.warning]
        assert missing
        assert all("has no value" in what and any(name in what for name in missing) for what in errors)


@sample
def test_samples_are_accounted_for(path: Path) -> None:
    """Each attribute of a real cluster is acted on, listed as left out, or warned of."""
    result = reading(path)
    told = {line for left_out in result.left_out for line in left_out.lines}
    told |= {warning.line for warning in result.warnings}
    source = Source.of(text_of(path), path.name)
    root = parse(source, Problems(source))
    lost = [str(line) for section in root.sections for line in unaccounted(section, told)]
    assert lost == []


def unaccounted(section: Section, told: set[int]) -> list[str]:
    """The attributes in the section, and in those inside, that nothing is said of and nothing acts on."""
    lost = [
        f"{attribute.place.line}: {section} {attribute.key}"
        for attribute in section.attributes.values()
        if attribute.place.line not in told and not is_acted_on(section, attribute.key)
    ]
    return [*lost, *(line for inner in section.sections for line in unaccounted(inner, told))]


def is_acted_on(section: Section, key: str) -> bool:
    """By name alone; what is kept and says what is so anyway counts too."""
    if section.kind in ("node", "nodearray"):
        return NODE.knows(key) and (NODE.keeps(key) or NODE.reason(key) is None)
    if section.kind == "configuration":
        return ".".join(word for word in (section.name, key) if word).lower() in CONFIGURATION.acted_on
    if section.kind == "parameter":
        return key.lower() in PARAMETERS
    return section.kind in ("list", "record")


PARAMETERS = (
    *("label", "description", "parametertype", "defaultvalue", "required", "hidden"),
    *("config.entries", "conditions.required", "conditions.excluded", "conditions.hidden"),
)


def test_a_cluster_of_slurm() -> None:
    """CycleCloud's own template for Slurm: four arrays are for jobs, the others for its head and logins."""
    result = reading(named("slurm"), HTCUseLowPrio="true", HTCSpotMaxPrice="0.5", UsePublicNetwork=True)
    arrays = result.cluster.arrays
    assert [(array.name, array.partition, array.most_nodes) for array in arrays] == [
        ("hpc", "hpc", 16),
        ("htc", "htc", 100),
        ("gpu", "gpu", 8),
        ("dynamic", "dynamic", 25),
    ]
    assert [array.default_partition for array in arrays] == [True, False, False, False]
    assert [array.details.interruptible for array in arrays] == [False, True, False, False]
    assert arrays[1].details.max_price == 0.5
    assert {array.subnet for array in arrays} == {"group/network/subnet"}
    configured = dict(arrays[0].details.configuration)
    assert configured["slurm.node_prefix"] == "c1-"
    assert "slurm.accounting.url" not in configured
    (scheduler,) = result.cluster.nodes
    assert (scheduler.name, scheduler.details.public_address) == ("scheduler", True)
    assert [volume.name for volume in scheduler.details.volumes] == ["boot", "sched", "shared"]
    reasons = {left_out.name: left_out.reason for left_out in result.left_out}
    assert reasons["[[nodearray login]]"] == "it is not for Slurm's jobs: autoscale.enabled is false"
    assert "[[nodearray scheduler-ha]]" in reasons


def test_a_cluster_of_another_scheduler() -> None:
    """CycleCloud's template for Grid Engine with Blender: a partition, and a node with an endpoint."""
    cluster = reading(named("blender"), UsePublicNetwork=True, ReturnProxy=True, UseLowPrio=True).cluster
    (execute,) = cluster.arrays
    assert (execute.partition, execute.details.interruptible) == ("execute", True)
    (master,) = cluster.nodes
    assert master.return_proxy
    assert master.details.endpoints == (Endpoint("ganglia", "tcp", 8652, 8652),)
    assert "cyclecloud.mounts.nfs.address" not in dict(execute.details.configuration)
