"""Templates over the API: kept by name, made into clusters, and what is kept with a cluster."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from running_plane import Plane

pytest_plugins = ["control_planes"]

TEMPLATE = """\
[cluster any]
FormLayout = selectionpanel

    [[nodearray hpc]]
    MachineType = $Machine
    tags.login = ada:$Secret
    MaxCount = $Count
    ImageName = image
    SubnetId = subnet
    KeyPairLocation = ~/.ssh/id
    Machinetpye = oops

        [[[configuration]]]
        slurm.partition = $ClusterName

        [[[configuration db]]]
        password = $Secret
        user = ada

[parameters About]

    [[parameter Machine]]
    Required = true

    [[parameter Count]]
    DefaultValue = 3

    [[parameter Secret]]
    ParameterType = Password
"""
BODY: dict[str, Any] = {"template": TEMPLATE, "file": "t.txt"}
MACHINE = {"Machine": "fake.c1"}


@pytest.fixture
def root(plane: Plane) -> Iterator[httpx.Client]:
    with plane.local() as local:
        yield local


def refused(answer: httpx.Response, status: int, code: str) -> str:
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), problem
    return f"{problem['what']} {problem['remedy']}"


def test_an_import_says_what_is_odd_and_what_is_not_acted_on(root: httpx.Client) -> None:
    """With lines, in a dry run too; and each thing once."""
    body = {**BODY, "name": "t1", "parameters": MACHINE, "dry_run": True}
    answer = root.post("/v1/clusters", json=body).raise_for_status().json()
    (warning,) = answer["warnings"]
    assert warning["warning"]
    assert (warning["file"], warning["line"]) == ("t.txt", 11)
    assert "Machinetpye" in warning["source"]
    found = {each["name"]: each["lines"] for each in answer["left_out"]}
    assert found["FormLayout"] == [2]
    assert found["KeyPairLocation"] == [10]
    assert all(each["reason"] for each in answer["left_out"])
    assert answer["cluster"]["arrays"][0]["most_nodes"] == 3


def test_a_cluster_knows_what_it_was_made_of(root: httpx.Client) -> None:
    """The text, its file's name and the values with their types."""
    given = {"machine": "fake.c1", "Count": 7}
    root.post("/v1/clusters", json={**BODY, "name": "t2", "parameters": given}).raise_for_status()
    kept = root.get("/v1/clusters/t2").json()
    assert (kept["template"], kept["file"], kept["template_cluster"]) == (TEMPLATE, "t.txt", None)
    assert kept["parameters"] == {"Machine": "fake.c1", "Count": 7}
    assert kept["arrays"][0]["most_nodes"] == 7
    assert root.delete("/v1/clusters/t2").is_success


def test_a_password_is_kept_nowhere(plane: Plane, root: httpx.Client) -> None:
    """Neither as a value nor where the template puts it, which is said; what stands beside it is kept."""
    secret = "Hush-hush 42"
    body = {**BODY, "name": "t6", "parameters": {**MACHINE, "SECRET": secret}}
    body["parameters"]["AdminPw"] = secret
    body["from_files"] = ["AdminPw"]
    warnings = root.post("/v1/templates", json=body).raise_for_status().json()["warnings"]
    assert any("given for Secret is secret" in warning["what"] for warning in warnings)
    answer = root.post("/v1/clusters", json=body).raise_for_status()
    assert root.get("/v1/clusters/t6").json()["parameters"] == MACHINE
    details = root.get("/v1/clusters/t6").json()["arrays"][0]["details"]
    assert details["tags"] == []
    assert details["configuration"] == [["db.user", "ada"], ["slurm.partition", "t6"]]
    said = {each["name"]: each["reason"] for each in answer.json()["left_out"]}
    assert "password" in said["db.password"]
    assert root.get("/v1/templates/t6").json()["parameters"] == MACHINE
    assert secret not in answer.text
    assert secret.encode() not in b"".join(file.read_bytes() for file in plane.state.glob("burstway.db*"))
    assert root.delete("/v1/clusters/t6").is_success
    assert root.delete("/v1/templates/t6").is_success


def test_another_cluster_of_the_file_may_be_broken(root: httpx.Client) -> None:
    """The chosen one is imported all the same, and what its parameters are is told by itself."""
    other = "[cluster other]\n[[parameter Secret]]\nDefaultValue := 1 ^+\n"
    other += "[[parameter Count]]\nSecret = true\n"
    body = {**BODY, "name": "t10", "template": TEMPLATE + other, "template_cluster": "any"}
    body["parameters"] = {**MACHINE, "Secret": "Hush-hush 43", "count": 2}
    assert root.post("/v1/clusters", json=body).is_success
    assert root.get("/v1/clusters/t10").json()["parameters"] == {**MACHINE, "Count": 2}
    assert root.delete("/v1/clusters/t10").is_success


def test_a_text_that_is_too_long_is_refused(root: httpx.Client) -> None:
    """At once, whether it is to be a cluster or a template."""
    body = {**BODY, "name": "t0", "template": "#" * 2_000_001, "parameters": {}}
    for path in ("/v1/clusters", "/v1/templates"):
        assert "more than 2,000,000" in refused(root.post(path, json=body), 422, "input")


def test_a_dry_run_is_refused_like_the_import(root: httpx.Client) -> None:
    """For what is there already, and says whether something would be replaced."""
    body = {**BODY, "name": "t7", "parameters": MACHINE}
    assert root.post("/v1/clusters", json=body).is_success
    dry = {**body, "dry_run": True}
    assert "there is a cluster t7 already" in refused(root.post("/v1/clusters", json=dry), 409, "conflict")
    forced = root.post("/v1/clusters", json={**dry, "force": True}).raise_for_status()
    assert forced.json()["replaced"] is True
    assert root.delete("/v1/clusters/t7").is_success


def test_a_partition_of_two_clusters(root: httpx.Client) -> None:
    """Is a warning when the second one comes: slurmctld would not start with both."""
    for name in ("t8", "t9"):
        body = {
            **BODY,
            "name": name,
            "template": TEMPLATE.replace("$ClusterName", "both"),
            "parameters": MACHINE,
        }
        answer = root.post("/v1/clusters", json=body).raise_for_status().json()
    assert "cluster t8 has a partition both too" in answer["warnings"][-1]["what"]
    for name in ("t8", "t9"):
        assert root.delete(f"/v1/clusters/{name}").is_success


def test_a_template_is_kept_without_values_and_becomes_clusters(root: httpx.Client) -> None:
    """Its own values are the clusters', unless others are given; it outlives them, and they it."""
    kept = root.post("/v1/templates", json={**BODY, "name": "k1", "parameters": {"Count": 5}})
    assert [each["line"] for each in kept.raise_for_status().json()["warnings"]] == [11]
    assert [each["name"] for each in root.get("/v1/templates").json()] == ["k1"]
    assert "k1" not in [each["name"] for each in root.get("/v1/clusters").json()]
    made = "/v1/templates/k1/clusters"
    assert "Machine" in refused(root.post(made, json={"name": "t3"}), 422, "template")
    first = root.post(made, json={"name": "t3", "parameters": MACHINE}).raise_for_status().json()
    assert first["cluster"]["arrays"][0]["most_nodes"] == 5
    again = {"name": "t3", "parameters": {**MACHINE, "count": 4}}
    assert "there is a cluster t3 already" in refused(root.post(made, json=again), 409, "conflict")
    second = root.post(made, json={**again, "force": True}).raise_for_status().json()
    assert (second["replaced"], second["cluster"]["arrays"][0]["most_nodes"]) == (True, 4)
    assert root.delete("/v1/templates/k1").is_success
    assert root.get("/v1/clusters/t3").json()["template"] == TEMPLATE
    assert root.delete("/v1/clusters/t3").is_success


def test_a_template_is_replaced_only_by_force(root: httpx.Client) -> None:
    """And a dry run neither keeps nor replaces."""
    body = {**BODY, "name": "k2"}
    assert root.post("/v1/templates", json={**body, "dry_run": True}).is_success
    assert root.get("/v1/templates/k2").status_code == 404
    assert root.post("/v1/templates", json=body).json()["replaced"] is False
    said = refused(root.post("/v1/templates", json=body), 409, "conflict")
    assert "--force" in said
    longer = {**body, "template": TEMPLATE + "# more\n", "force": True}
    assert root.post("/v1/templates", json={**longer, "dry_run": True}).is_success
    assert root.get("/v1/templates/k2").json()["template"] == TEMPLATE
    assert root.post("/v1/templates", json=longer).json()["replaced"] is True
    assert root.get("/v1/templates/k2").json()["template"] == TEMPLATE + "# more\n"
    assert root.delete("/v1/templates/k2").is_success


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"template": "[[[", "name": "k3"}, "template"),
    ({"template": TEMPLATE.replace("]]", "]"), "name": "k3"}, "template"),
    ({"template": TEMPLATE.replace("$Machine", "$Machin"), "name": "k3"}, "template"),
    ({"template": "", "name": "k3"}, "template"),
    ({"name": "a b"}, "input"),
    ({"name": "k3", "parameters": {"Count": float("nan")}}, "input"),
    ({"name": "k3", "parameters": {"Nobody": "x"}}, "template"),
    ({"name": "k3", "template_cluster": "nobody"}, "template"),
    ({"name": "k3", "template": TEMPLATE + "# \ud800"}, "input"),
    ({"name": "k3", "file": "\ud800"}, "input"),
    ({"name": "k3", "parameters": {"Count": ["\udfff"]}}, "input"),
    ({"name": "k3", "template": TEMPLATE.replace("[param", "[cluster b]\n[param")}, "template"),
    ({"name": "k3", "unknown": 1}, "input"),
]


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_a_wrong_template_is_not_kept(root: httpx.Client, number: int) -> None:
    """Whatever is wrong with it, or with what comes with it."""
    changes, code = REFUSED[number]
    answer = root.post(
        "/v1/templates", content=json.dumps({**BODY, **changes}), headers={"Content-Type": "application/json"}
    )
    refused(answer, 422, code)
    assert root.get("/v1/templates/k3").status_code == 404


def test_what_is_not_kept_is_named_with_what_is(root: httpx.Client) -> None:
    """Looking, making a cluster of it, deleting."""
    root.post("/v1/templates", json={**BODY, "name": "k4"}).raise_for_status()
    answers = (
        root.get("/v1/templates/none"), root.delete("/v1/templates/none"),
        root.post("/v1/templates/none/clusters", json={"name": "t9"}),
    )  # fmt: skip
    for answer in answers:
        assert "k4" in refused(answer, 404, "unknown")
    assert root.delete("/v1/templates/k4").is_success


def test_what_a_file_has_too_much_is_a_warning(root: httpx.Client) -> None:
    """One file may serve several templates; who types a name means it."""
    body = {**BODY, "name": "t5", "parameters": {**MACHINE, "Other": 1}, "dry_run": True}
    assert "Other" in refused(root.post("/v1/clusters", json=body), 422, "template")
    answer = root.post("/v1/clusters", json={**body, "from_files": ["Other"]}).raise_for_status().json()
    assert any("Other" in warning["what"] for warning in answer["warnings"])
