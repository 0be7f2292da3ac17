"""A node joins once, with its own token, and from then on speaks only with its own certificate."""

import datetime
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from running_plane import Plane, make_key

from burstway.identity.authority import Authority

pytest_plugins = ["control_planes"]

NOW = datetime.datetime.now(datetime.UTC)


def test_a_node_lives_its_whole_life_without_slurm(plane: Plane) -> None:
    """Started it boots, joins, is configured and ready; stopped it is gone, and every step has a reason."""
    name, certificate = plane.joined()
    with plane.network(certificate) as agent:
        configuration = agent.get("/v1/agent/configuration").raise_for_status().json()
        assert configuration["node"] == name
        assert configuration["hosts"][name].startswith("10.80.1.")
        assert abs(configuration["time"] - time.time()) < 5
        assert not {"munge", "slurm"} & set(configuration), "there is no Slurm here"
        report = {"steps": [{"name": "hosts", "seconds": 0.01}], "configured": True, "failed": ""}
        assert agent.post("/v1/agent/report", json=report).is_success
    plane.reaches(name, "ready")
    plane.post("/v1/nodes/stop", {"nodes": name})
    plane.reaches(name, "gone")
    story = plane.node(name)["story"]
    states = list(dict.fromkeys(event["state"] for event in story))
    assert states == ["requested", "launching", "booting", "joined", "ready", "stopping", "gone"]
    assert all(event["cause"] and event["reason"] for event in story)
    (rental,) = [rental for rental in plane.get("/v1/rentals") if rental["node"] == name]
    assert rental["ended_at"] > rental["started_at"]


def test_a_node_that_reports_a_failure_is_given_back(plane: Plane) -> None:
    """What the agent says becomes the reason, and the machine does not stay."""
    name, certificate = plane.joined()
    report = {"steps": [], "configured": False, "failed": "users: UID 1000 is somebody else's"}
    with plane.network(certificate) as agent:
        assert agent.post("/v1/agent/report", json=report).is_success
        assert plane.reaches(name, "gone")["reason"] == report["failed"]
        assert agent.get("/v1/agent/configuration").status_code == 403


def other_node(plane: Plane, name: str) -> str:
    return plane.token(plane.booting())


def other_life(plane: Plane, name: str) -> str:
    token = plane.token(name)
    plane.post("/v1/nodes/stop", {"nodes": name})
    plane.reaches(name, "gone")
    plane.post("/v1/nodes/start", {"nodes": name})
    plane.reaches(name, "booting")
    return token


def used(plane: Plane, name: str) -> str:
    plane.joined(name)
    return plane.token(name)


def of_a_node_given_back(plane: Plane, name: str) -> str:
    plane.post("/v1/nodes/stop", {"nodes": name})
    plane.reaches(name, "gone")
    return plane.token(name)


def garbage(plane: Plane, name: str) -> str:
    return "0" * 64


def not_ascii(plane: Plane, name: str) -> str:
    return "ü" * 64


REFUSED_TOKENS: list[tuple[Callable[[Plane, str], str], str]] = [
    (other_node, "is not for this node"),
    (other_life, "is not for this node"),
    (garbage, "is not for this node"),
    (not_ascii, "is not for this node"),
    (used, "was used before"),
    (of_a_node_given_back, "the node is gone and cannot join"),
]


@pytest.mark.parametrize(("token", "why"), REFUSED_TOKENS, ids=[make.__name__ for make, _ in REFUSED_TOKENS])
def test_a_token_is_for_one_node_in_one_life_once(
    plane: Plane, token: Callable[[Plane, str], str], why: str
) -> None:
    """Any other use is refused, says why, and leaves the node as it was."""
    name = plane.booting()
    shown = token(plane, name)
    before = plane.node(name)
    answer = plane.join(name, shown)
    assert (answer.status_code, answer.json()["code"]) == (403, "refused")
    assert why in answer.json()["what"]
    assert plane.node(name)["story"] == before["story"]


def test_a_node_that_does_not_exist_cannot_join(plane: Plane) -> None:
    """And the answer does not tell it from a wrong token."""
    answer = plane.join("c1-hpc-399", "0" * 64)
    assert answer.status_code == 403
    assert "is not for this node" in answer.json()["what"]


def test_a_token_expires(new_plane: Callable[..., Plane]) -> None:
    """After limits.token_lifetime_s it is worth nothing."""
    plane = new_plane("token_lifetime_s = 0.5")
    plane.start()
    plane.import_cluster()
    name = plane.booting()
    time.sleep(0.6)
    answer = plane.join(name)
    assert answer.status_code == 403
    assert "has expired" in answer.json()["what"]


def test_a_request_that_cannot_be_signed_does_not_use_up_the_token(plane: Plane) -> None:
    """The node may ask again with a proper key."""
    name = plane.booting()
    answer = plane.join(
        name, csr="-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----"
    )
    assert answer.status_code == 422
    assert "signing request" in answer.json()["what"]
    assert plane.join(name).is_success


AGENT_PATHS = (
    ("GET", "/v1/agent/configuration", None),
    ("GET", "/v1/agent/work?version=0&wait=0", None),
    ("POST", "/v1/agent/report", {"steps": [], "configured": True, "failed": ""}),
)


@pytest.mark.parametrize(("method", "path", "body"), AGENT_PATHS)
def test_what_nodes_ask_needs_the_certificate_on_record(
    plane: Plane, method: str, path: str, body: object
) -> None:
    """Without one, or once the node was given back, it is refused; with it, answered."""
    with plane.network() as nobody:
        assert nobody.request(method, path, json=body).status_code == 403
    with plane.local() as root:
        assert root.request(method, path, json=body).status_code == 403, "root is no node"
    name, certificate = plane.joined()
    with plane.network(certificate) as agent:
        assert agent.request(method, path, json=body).is_success
        plane.post("/v1/nodes/stop", {"nodes": name})
        plane.reaches(name, "gone")
        answer = agent.request(method, path, json=body)
    assert answer.status_code == 403
    assert "no longer" in answer.json()["what"]


def test_a_certificate_of_an_earlier_life_is_worth_nothing(plane: Plane) -> None:
    """The node of that name has a new one now, and only that one speaks for it."""
    name, old = plane.joined()
    plane.post("/v1/nodes/stop", {"nodes": name})
    plane.reaches(name, "gone")
    plane.post("/v1/nodes/start", {"nodes": name})
    plane.reaches(name, "booting")
    first = old.rename(old.with_suffix(".old"))
    _, new = plane.joined(name)
    for certificate, status in ((first, 403), (new, 200)):
        with plane.network(certificate) as agent:
            assert agent.get("/v1/agent/configuration").status_code == status


def test_a_certificate_of_another_authority_ends_the_connection(plane: Plane, tmp_path: Path) -> None:
    """It is refused by TLS itself, also when the other authority bears the same name."""
    name, _ = plane.joined()
    key, csr = make_key()
    foreign = tmp_path / "foreign.pem"
    foreign.write_text(Authority(tmp_path / "other", "hq", NOW).sign_node(csr, name, NOW).pem + key)
    with plane.network(foreign) as agent, pytest.raises(httpx.TransportError):
        agent.get("/v1/agent/configuration")
    assert plane.get("/v1/status")["site"] == "hq"


def test_the_control_plane_is_known_by_its_certificate(plane: Plane) -> None:
    """A client that trusts only the system's authorities does not speak with it."""
    with (
        httpx.Client(verify=ssl.create_default_context()) as stranger,
        pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        stranger.get(f"https://{plane.address}:{plane.port}/v1/status")


def test_tls_before_1_2_is_refused(plane: Plane) -> None:
    """Old protocols are not spoken."""
    context = plane.context()
    with pytest.warns(DeprecationWarning, match="TLSv1_1 is deprecated"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with httpx.Client(verify=context) as old, pytest.raises(httpx.ConnectError):
        old.get(f"https://{plane.address}:{plane.port}/v1/status")


PEOPLES_PATHS = (
    ("GET", "/v1/status"), ("GET", "/v1/nodes"), ("GET", "/v1/nodes/c1-hpc-1"), ("GET", "/v1/clusters"),
    ("GET", "/v1/events"), ("GET", "/v1/rentals"), ("GET", "/v1/people"), ("DELETE", "/v1/clusters/c1"),
)  # fmt: skip


def test_a_node_sees_only_what_concerns_itself(plane: Plane) -> None:
    """Its certificate opens nothing of what people may read or do."""
    _, certificate = plane.joined()
    with plane.network(certificate) as agent:
        answers = {(method, path): agent.request(method, path).status_code for method, path in PEOPLES_PATHS}
    assert answers == dict.fromkeys(PEOPLES_PATHS, 403)


def test_the_hosts_of_a_node_are_those_of_its_cluster(plane: Plane) -> None:
    """And the head node; nothing else."""
    _, certificate = plane.joined()
    with plane.network(certificate) as agent:
        hosts = agent.get("/v1/agent/configuration").json()["hosts"]
    assert hosts.pop("head") == plane.address
    assert all(host.startswith("c1-hpc-") for host in hosts)
