"""Who may do what: people by the role of their token, local users by the kernel's word, Slurm by its UID."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from running_plane import CLUSTER, TEMPLATE, Plane

ROLES = ("nobody", "viewer", "operator", "administrator")
IMPORT = {"name": "c2", "template": TEMPLATE, "file": "t.txt", "dry_run": True}
NOTHING: dict[str, Any] = {"nodes": f"{CLUSTER}-hpc-390"}

REQUESTS: list[tuple[str, str, object, str]] = [
    ("GET", "/v1/status", None, "viewer"),
    ("GET", "/v1/nodes", None, "viewer"),
    ("GET", f"/v1/nodes/{CLUSTER}-hpc-390", None, "viewer"),
    ("GET", "/v1/events", None, "viewer"),
    ("GET", "/v1/rentals", None, "viewer"),
    ("GET", "/v1/clusters", None, "viewer"),
    ("GET", f"/v1/clusters/{CLUSTER}", None, "viewer"),
    ("POST", "/v1/nodes/stop", NOTHING, "operator"),
    ("POST", "/v1/nodes/stop", {**NOTHING, "force": True}, "operator"),
    ("POST", "/v1/nodes/start", NOTHING, "operator"),
    ("POST", "/v1/clusters", IMPORT, "administrator"),
    ("GET", "/v1/templates", None, "viewer"),
    ("POST", "/v1/templates", IMPORT, "administrator"),
    ("GET", "/v1/people", None, "administrator"),
]
"""Method, path, body, and the least role that may."""


@pytest.fixture(scope="module")
def tokens(plane: Plane) -> dict[str, str]:
    made = {
        role: plane.post("/v1/people", {"name": f"a-{role}", "role": role})["token"] for role in ROLES[1:]
    }
    return {"nobody": "", **made}


@pytest.mark.parametrize(("method", "path", "body", "least"), REQUESTS)
def test_each_role_may_what_the_table_says(
    plane: Plane, tokens: dict[str, str], method: str, path: str, body: object, least: str
) -> None:
    """From the least role on it is answered; below it is refused, with the role it needs."""
    for role in ROLES:
        with plane.network(token=tokens[role]) as person:
            answer = person.request(method, path, json=body)
        if ROLES.index(role) >= ROLES.index(least):
            assert answer.is_success, (role, answer.text)
        else:
            assert (role, answer.status_code) == (role, 403)
            assert answer.json()["remedy"] == f"it needs the role {least}"


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer nonsense", "Basic cm9vdDo=", "bearer \x80\xff", "Bearer a b c", "x" * 9000],
)
def test_what_is_no_token_opens_nothing(plane: Plane, header: str) -> None:
    """Whatever stands in the header."""
    with plane.network() as person:
        answer = person.get("/v1/status", headers={b"Authorization": header.encode("latin-1")})
    assert answer.status_code == 403


def test_a_token_is_shown_once_and_worthless_once_revoked(plane: Plane) -> None:
    """It is not on record, one person has one, and revoking works at once."""
    person = {"name": "eve", "role": "viewer"}
    token = plane.post("/v1/people", person)["token"]
    assert token not in json.dumps(plane.get("/v1/people"))
    assert token.encode() not in b"".join(file.read_bytes() for file in plane.state.glob("burstway.db*"))
    with plane.local() as root, plane.network(token=token) as eve:
        assert root.post("/v1/people", json=person).status_code == 409
        assert eve.get("/v1/status").is_success
        assert root.delete("/v1/people/eve").is_success
        assert eve.get("/v1/status").status_code == 403
        assert root.delete("/v1/people/eve").status_code == 404


SLURM = {"hostlist": f"{CLUSTER}-hpc-391", "resume_file": None, "time": 0.0, "id": "who-may"}


def test_slurms_requests_do_not_come_over_the_network(plane: Plane, tokens: dict[str, str]) -> None:
    """Not even an administrator's token stands for Slurm."""
    for role in ROLES:
        with plane.network(token=tokens[role]) as person:
            assert person.post("/v1/slurm/suspend", json=SLURM).status_code == 403


LOOK = """
import os, sys, httpx

pytest_plugins = ["control_planes"]
os.setgroups([]); os.setgid({gid}); os.setuid({uid})
with httpx.Client(transport=httpx.HTTPTransport(uds={socket!r}), base_url="http://x") as local:
    for method, path, body in {requests!r}:
        print(local.request(method, path, json=body).status_code)
"""


@pytest.mark.lab
@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_on_the_socket_the_kernel_says_who_asks(plane: Plane) -> None:
    """Root is administrator and may speak for Slurm; any other local user may look, and no more."""
    requests = [
        ("GET", "/v1/status", None, (200, 200)),
        ("GET", "/v1/nodes", None, (200, 200)),
        ("POST", "/v1/nodes/stop", NOTHING, (202, 403)),
        ("POST", "/v1/clusters", IMPORT, (200, 403)),
        ("GET", "/v1/people", None, (200, 403)),
        ("POST", "/v1/slurm/suspend", SLURM, (202, 403)),
        ("POST", "/v1/slurm/resume", SLURM, (202, 403)),
    ]
    Path(plane.socket.parent).chmod(0o755)
    for column, (uid, gid) in enumerate([(0, 0), (65_534, 65_534)]):
        asked = [(method, path, body) for method, path, body, _ in requests]
        code = LOOK.format(uid=uid, gid=gid, socket=str(plane.socket), requests=asked)
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert [int(line) for line in ran.stdout.split()] == [expected[column] for *_, expected in requests]


def test_a_token_on_the_socket_does_not_matter(plane: Plane, tokens: dict[str, str]) -> None:
    """There the kernel's word counts: root stays administrator whatever it shows."""
    transport = httpx.HTTPTransport(uds=str(plane.socket))
    headers = {"Authorization": f"Bearer {tokens['viewer']}"}
    with httpx.Client(transport=transport, base_url="http://x", headers=headers) as root:
        assert root.get("/v1/people").is_success
