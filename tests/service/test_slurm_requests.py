"""Slurm's requests, by socket and by spool: each carried out once, in order, or refused as a whole."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from running_plane import BURSTWAY, CLUSTER, Plane, wait_until

from burstway.slurm.programs import request_body, spool

pytest_plugins = ["control_planes"]


def request(hostlist: str, unique: str) -> dict[str, object]:
    return {"hostlist": hostlist, "resume_file": None, "time": 0.0, "id": unique}


def test_resume_and_suspend_make_a_node_come_and_go(plane: Plane) -> None:
    """As an operator's start and stop do, with Slurm as the cause."""
    name = plane.fresh_name()
    resume = json.dumps({"jobs": [{"job_id": 7, "nodes": name}], "all_nodes": name})
    plane.post("/v1/slurm/resume", {**request(name, "come"), "resume_file": resume})
    node = plane.reaches(name, "booting")
    assert node["origin"] == "slurm"
    assert node["story"][0]["reason"] == "for job 7"
    plane.post("/v1/slurm/suspend", request(name, "go"))
    plane.reaches(name, "gone")


def test_what_slurm_gave_up_is_given_back(plane: Plane) -> None:
    """resume-fail ends a machine that did not register in time."""
    name = plane.fresh_name()
    plane.post("/v1/slurm/resume", request(name, "slow"))
    plane.reaches(name, "booting")
    plane.post("/v1/slurm/resume-fail", request(name, "too slow"))
    assert "the scheduler gave it up" in plane.reaches(name, "gone")["reason"]


def test_the_same_request_is_carried_out_once(plane: Plane) -> None:
    """Sent again after its answer was lost, a resume does not bring back what was suspended meanwhile."""
    name = plane.fresh_name()
    plane.post("/v1/slurm/resume", request(name, "once"))
    plane.reaches(name, "booting")
    plane.post("/v1/slurm/suspend", request(name, "and gone"))
    plane.reaches(name, "gone")
    before = plane.story_length()
    plane.post("/v1/slurm/resume", request(name, "once"))
    assert plane.story_length() == before


def test_a_damaged_resume_file_does_not_stop_a_resume(plane: Plane) -> None:
    """The hostlist alone says which nodes are meant."""
    name = plane.fresh_name()
    plane.post("/v1/slurm/resume", {**request(name, "damaged"), "resume_file": "{"})
    assert plane.reaches(name, "booting")["story"][0]["reason"] == "Slurm asks for it"


def test_the_programs_themselves_are_understood(plane: Plane) -> None:
    """burstway-resume and its like hand over what the API takes, and tell a refusal with code 2."""
    name = plane.fresh_name()
    environment = {**os.environ, "BURSTWAY_SOCKET": str(plane.socket), "BURSTWAY_SPOOL": str(plane.spool)}

    def run(program: str, hostlist: str) -> "subprocess.CompletedProcess[str]":
        command = [str(BURSTWAY.with_name(f"burstway-{program}")), hostlist]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert run("resume", name).returncode == 0
    plane.reaches(name, "booting")
    assert run("suspend", name).returncode == 0
    plane.reaches(name, "gone")
    refused = run("resume", "elsewhere-[1-2]")
    assert refused.returncode == 2
    assert "elsewhere" in refused.stderr
    assert not list(plane.spool.glob("*.json"))


def test_the_spool_is_carried_out_in_order_at_the_start(new_plane: Callable[..., Plane]) -> None:
    """What cannot be is put aside and stops nothing; what was carried out is removed."""
    plane = new_plane()
    plane.start()
    plane.import_cluster()
    assert plane.end() == 0
    one, two, three = (f"{CLUSTER}-hpc-{number}" for number in (1, 2, 3))
    folder = str(plane.spool)
    spool(folder, "resume", request_body(f"{one},{two}", None))
    bad = [Path(spool(folder, "resume", request_body("elsewhere-1", None)))]
    bad.append(plane.spool / "00000000000000000001-1-resume.json")
    bad[-1].write_text("{")
    bad.append(plane.spool / "00000000000000000002-1-resume.json")
    bad[-1].write_bytes(b"\xff")
    draft = plane.spool / ".00000000000000000003-1-resume.json"
    draft.write_text('{"program": "resume", "host')
    spool(folder, "suspend", request_body(one, None))
    spool(folder, "resume", request_body(three, None))
    plane.start()
    plane.reaches(two, "booting")
    plane.reaches(three, "booting")
    assert plane.reaches(one, "gone")["story"], "it was resumed, then suspended"
    assert [path.name for path in plane.spool.glob("*.json")] == [draft.name]
    assert {path.name for path in (plane.spool / "rejected").iterdir()} == {path.name for path in bad}
    assert plane.end() == 0
    plane.start()
    assert plane.node(one)["key"] == "", "it was never ordered"


def test_what_is_spooled_while_it_runs_is_carried_out_too(plane: Plane) -> None:
    """A program that found the socket busy need not wait for the next start."""
    name = plane.fresh_name()
    spool(str(plane.spool), "resume", request_body(name, None))
    plane.reaches(name, "booting")
    wait_until(lambda: not list(plane.spool.glob("*.json")), "the spool is empty")


def test_a_request_that_was_carried_out_is_not_carried_out_again_from_the_spool(plane: Plane) -> None:
    """The program spools what was answered too late; its id says that it was done."""
    name = plane.fresh_name()
    body = request_body(name, None)
    plane.post("/v1/slurm/resume", json.loads(body))
    plane.reaches(name, "booting")
    plane.post("/v1/slurm/suspend", request(name, "meanwhile"))
    plane.reaches(name, "gone")
    before = plane.story_length()
    spool(str(plane.spool), "resume", body)
    wait_until(lambda: not list(plane.spool.glob("*.json")), "the spool is empty")
    assert plane.story_length() == before


@pytest.mark.parametrize("name", ["sub.json", "link.json"])
def test_what_does_not_belong_into_the_spool_stops_nothing(
    new_plane: Callable[..., Plane], name: str
) -> None:
    """A folder or a dangling link there is put aside as well."""
    plane = new_plane()
    plane.start()
    plane.import_cluster()
    strange = plane.spool / name
    strange.mkdir() if name == "sub.json" else strange.symlink_to("nowhere")
    spool(str(plane.spool), "resume", request_body(f"{CLUSTER}-hpc-1", None))
    plane.reaches(f"{CLUSTER}-hpc-1", "booting")
