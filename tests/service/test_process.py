"""The control plane as a process: it starts or says why not, ends when told, and forgets nothing."""

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from running_plane import CLUSTER, WAIT_S, Plane, wait_until

pytest_plugins = ["control_planes"]

NewPlane = Callable[..., Plane]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system")


def refused(plane: Plane) -> str:
    """What it says when it does not start."""
    before = plane.log.stat().st_size if plane.log.exists() else 0
    process = plane.spawn()
    assert process.wait(WAIT_S) == 2
    said = plane.log.read_text()[before:]
    assert "Traceback" not in said
    return said


def test_sigterm_ends_it_though_nodes_wait(new_plane: NewPlane) -> None:
    """Within five seconds, with code 0; the long poll is answered and the socket removed."""
    plane = new_plane()
    plane.start()
    plane.import_cluster()
    _, certificate = plane.joined()
    answers: list[int] = []

    def wait() -> None:
        with plane.network(certificate) as agent:
            known = agent.get("/v1/agent/configuration").json()["version"]
            answers.append(agent.get("/v1/agent/work", params={"version": known, "wait": 60}).status_code)

    with plane.network(certificate) as idle, plane.raw():
        idle.get("/v1/agent/configuration")
        waiting = threading.Thread(target=wait)
        waiting.start()
        time.sleep(1)
        started = time.monotonic()
        assert plane.end(signal.SIGTERM) == 0
        assert time.monotonic() - started < 5
        waiting.join(WAIT_S)
    assert answers == [204]
    assert not plane.socket.exists()
    assert "Traceback" not in plane.log.read_text()


def test_ctrl_c_ends_it(new_plane: NewPlane) -> None:
    """As SIGTERM does."""
    plane = new_plane()
    plane.start()
    assert plane.end(signal.SIGINT) == 0


def test_kill_9_loses_nothing(new_plane: NewPlane) -> None:
    """After a restart clusters, nodes, stories, people and certificates are as they were."""
    plane = new_plane()
    plane.start()
    plane.import_cluster()
    name, certificate = plane.joined()
    token = plane.post("/v1/people", {"name": "eve", "role": "viewer"})["token"]
    join_token = plane.token(name)
    story = plane.node(name)["story"]
    authority = (plane.state / "authority" / "ca.pem").read_bytes()
    plane.end(signal.SIGKILL)
    assert plane.socket.exists(), "it had no time to remove it"
    plane.start()
    node = plane.node(name)
    assert node["story"][: len(story)] == story
    assert plane.token(name) == join_token
    assert (plane.state / "authority" / "ca.pem").read_bytes() == authority
    with plane.network(certificate) as agent, plane.network(token=token) as eve:
        assert eve.get(f"/v1/clusters/{CLUSTER}").is_success
        assert agent.get("/v1/agent/configuration").status_code in (200, 403)
    assert not any(path.stat().st_mode & 0o077 for path in plane.state.rglob("*") if path.is_file())


def test_a_store_has_one_control_plane(plane: Plane, tmp_path: Path) -> None:
    """The second one says which process has it, ends with code 2, and harms nothing."""
    second = Plane(tmp_path)
    text = second.settings.read_text().replace(str(second.state), str(plane.state))
    second.settings.write_text(text)
    said = refused(second)
    assert f"another control plane (pid {plane.get('/v1/status')['pid']}) uses this store" in said
    assert "stop it first" in said
    second.remove()


def test_the_same_settings_twice_leave_the_first_one_its_socket(plane: Plane) -> None:
    """The second is refused before it touches anything of the first."""
    assert "another control plane" in refused(plane)
    assert plane.get("/v1/status")["site"] == "hq"


def test_a_port_that_is_taken_is_named(new_plane: NewPlane) -> None:
    """And the settings that say which port it is."""
    plane = new_plane()
    with closing(socket.create_server((plane.address, plane.port))):
        said = refused(plane)
    assert f"cannot listen on {plane.address}:{plane.port}: Address already in use" in said
    assert "control_plane.port" in said


def test_an_address_of_another_host_is_named(new_plane: NewPlane) -> None:
    """site.address must be one of this host's own."""
    plane = new_plane()
    text = (
        plane.settings.read_text().replace("127.0.0.0/8", "192.0.2.0/24").replace(plane.address, "192.0.2.1")
    )
    plane.settings.write_text(text)
    assert "cannot listen on 192.0.2.1" in refused(plane)


def test_what_stands_where_the_socket_must_be_is_left_alone(new_plane: NewPlane) -> None:
    """A file of that name is not ours to remove."""
    plane = new_plane()
    plane.socket.write_text("precious")
    assert "this is not a socket" in refused(plane)
    assert plane.socket.read_text() == "precious"


def test_a_damaged_authority_is_named(new_plane: NewPlane) -> None:
    """It is never replaced by a new one: every node's trust hangs on it."""
    plane = new_plane()
    folder = plane.state / "authority"
    folder.mkdir(parents=True)
    (folder / "ca.key").write_text("garbage")
    assert str(folder / "ca.key") in refused(plane)
    assert (folder / "ca.key").read_text() == "garbage"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], check=True)
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def fill(place: Path) -> Path:
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            return filler


@pytest.mark.lab
@as_root
def test_a_full_disk_refuses_and_then_goes_on(new_plane: NewPlane, small_disk: Path) -> None:
    """Requests are refused as a whole with the reason; once there is space, all goes on by itself."""
    plane = new_plane(folder=small_disk)
    plane.log = small_disk.parent / "serve.log"
    plane.start()
    plane.import_cluster()
    before = plane.story_length()
    filler = fill(small_disk)
    every = f"{CLUSTER}-hpc-[1-400]"
    with plane.local() as root:
        answer = root.post("/v1/nodes/start", json={"nodes": every})
        assert (answer.status_code, answer.json()["code"]) == (507, "store")
        assert answer.json()["what"] == "the disk is full"
        assert "free space" in answer.json()["remedy"]
        assert root.get("/v1/nodes").json() == []
    filler.unlink()
    assert plane.story_length() == before
    plane.post("/v1/nodes/start", {"nodes": every})
    wait_until(lambda: {n["state"] for n in plane.get("/v1/nodes")} == {"booting"}, "all boot")


@pytest.mark.lab
@as_root
def test_a_start_on_a_full_disk_says_so(new_plane: NewPlane, small_disk: Path) -> None:
    """With code 2; and with space again it starts, though it was cut off before."""
    plane = new_plane(folder=small_disk)
    plane.log = small_disk.parent / "serve.log"
    filler = fill(small_disk)
    assert "No space left on device" in (said := refused(plane)) or "the disk is full" in said
    for kibibytes in (40, 120, 260):
        with filler.open("r+b") as file:
            file.truncate(filler.stat().st_size - kibibytes * 1024)
        before = plane.log.stat().st_size
        process = plane.spawn()
        wait_until(
            lambda: process.poll() is not None or "'serving'" in plane.log.read_text()[before:],  # noqa: B023
            "it serves or has ended",
        )
        process.terminate()
        assert process.wait(WAIT_S) in (0, 2), plane.log.read_text()
        assert "Traceback" not in plane.log.read_text()
    filler.unlink()
    plane.start()
    plane.import_cluster()
