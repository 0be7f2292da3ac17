"""The agent itself against the control plane itself, on a scratch /etc: from booting to gone."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from running_plane import CLUSTER, WAIT_S, Plane, wait_until

from burstway.agent.archive import agent_archive

pytest_plugins = ["control_planes"]
pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(os.geteuid() != 0, reason="makes mount and host name namespaces"),
]

ETC = {
    "passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "shadow": "root:*:19000:0:99999:7:::\n",
    "group": "root:x:0:\n",
    "nsswitch.conf": "passwd: files\ngroup: files\n",
    "hosts": "127.0.0.1 localhost\n",
}


class Agent:
    """The agent of one node, with /etc and a host name of its own."""

    def __init__(self, plane: Plane, folder: Path, name: str, token: str = "") -> None:
        self.folder, self.etc = folder / "agent", folder / "etc"
        self.folder.mkdir()
        self.etc.mkdir()
        for file, text in ETC.items():
            (self.etc / file).write_text(text)
        plain = {
            "url": f"https://{plane.address}:{plane.port}",
            "authority": (plane.state / "authority" / "ca.pem").read_text(),
            "node": name,
            "token": token or plane.token(name),
        }
        (self.folder / "boot.json").write_text(json.dumps(plain))
        script = 'cp /etc/ssl/openssl.cnf "$0"/ && mount --bind "$0" /etc && exec "$@"'
        delivered = self.folder / "agent.pyz"
        delivered.write_bytes(agent_archive())
        started = [sys.executable, "-I", "-S", str(delivered), str(self.folder)]
        self.log = self.folder / "agent.log"
        environment = {**os.environ, "OPENSSL_CONF": "/etc/openssl.cnf"}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                ["unshare", "--mount", "--uts", "sh", "-c", script, str(self.etc), *started],
                stdout=log,
                stderr=log,
                env=environment,
            )

    def hosts(self) -> str:
        return (self.etc / "hosts").read_text()


def test_an_agent_takes_its_node_from_booting_to_gone(plane: Plane, tmp_path: Path) -> None:
    """It joins, sets up what it must, is ready, learns of other nodes, and ends when it is given back."""
    name = plane.booting()
    agent = Agent(plane, tmp_path, name)
    try:
        plane.reaches(name, "ready")
        assert (agent.etc / "hostname").read_text() == f"{name}\n"
        address = plane.node(name)["address"]
        assert f"{address} {name}\n" in agent.hosts()
        assert f"{plane.address} head\n" in agent.hosts()
        other = plane.booting()
        wait_until(lambda: f" {other}\n" in agent.hosts(), "the other node is in its hosts")
        plane.post("/v1/nodes/stop", {"nodes": name})
        plane.reaches(name, "gone")
        assert agent.process.wait(WAIT_S) == 1
        assert "the control plane refused" in agent.log.read_text()
    finally:
        agent.process.kill()
        agent.process.wait()
    assert not any(
        path.stat().st_mode & 0o077 for path in agent.folder.glob("node.*") if path.suffix != ".csr"
    )


def test_an_agent_with_a_worthless_token_ends(plane: Plane, tmp_path: Path) -> None:
    """It does not ask for ever, and its log says why."""
    agent = Agent(plane, tmp_path, f"{CLUSTER}-hpc-398", token="0" * 64)
    assert agent.process.wait(WAIT_S) == 1
    assert "this join token is not for this node" in agent.log.read_text()


def test_an_agent_outlives_a_restart_of_the_control_plane(
    new_plane: Callable[..., Plane], tmp_path: Path
) -> None:
    """A long poll that breaks off is asked again."""
    own = new_plane()
    own.start()
    own.import_cluster()
    name = own.booting()
    agent = Agent(own, tmp_path, name)
    try:
        own.reaches(name, "ready")
        own.end(signal.SIGKILL)
        own.start()
        wait_until(lambda: "again in" in agent.log.read_text(), "it has noticed")
        assert agent.process.poll() is None
    finally:
        agent.process.kill()
        agent.process.wait()
