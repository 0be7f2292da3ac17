"""Resume files of every release, whole and damaged, and spooled requests."""

import json
from pathlib import Path

import pytest

from burstway.errors import InputError
from burstway.slurm.resume_file import ResumeJob, ResumeRequest, parse_resume_file, read_spooled

TWO = ("hpc1-hpc-1", "hpc1-hpc-2")
ROW_23_02 = {
    "extra": None,
    "features": "c1&m1",
    "job_id": 140814,
    "nodes_alloc": "hpc1-hpc-[1-4]",
    "nodes_resume": "hpc1-hpc-[1-2]",
    "oversubscribe": "OK",
    "partition": "hpc",
    "reservation": None,
}
JOB_23_02 = ResumeJob(
    140814,
    TWO,
    allocated=(*TWO, "hpc1-hpc-3", "hpc1-hpc-4"),
    partition="hpc",
    features="c1&m1",
    oversubscribe="OK",
)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            {"jobs": [{"job_id": 1, "nodes": "hpc1-hpc-[1-2]"}], "all_nodes": "hpc1-hpc-[1-2]"},
            ResumeRequest(TWO, (ResumeJob(1, TWO),)),
            id="21.08 and 22.05",
        ),
        pytest.param(
            {"jobs": [{"job_id": 1, "nodes": "hpc1-hpc-[1-9]"}], "all_nodes": "hpc1-hpc-[1-2]"},
            ResumeRequest(TWO, (ResumeJob(1, TWO),)),
            id="22.05, a job with more nodes than are resumed now",
        ),
        pytest.param(
            {"jobs": [], "all_nodes": "hpc1-hpc-[1-2]"},
            ResumeRequest(TWO, ()),
            id="22.05, powered up by hand",
        ),
        pytest.param(
            {"all_nodes_resume": "hpc1-hpc-[1-2]", "jobs": [ROW_23_02]},
            ResumeRequest(TWO, (JOB_23_02,)),
            id="23.02 to 25.11",
        ),
        pytest.param(
            {
                "all_nodes_resume": "hpc1-hpc-[1-2],hpc1-gpu-1",
                "jobs": [
                    ROW_23_02,
                    {"job_id": 7, "nodes_resume": "hpc1-gpu-1", "exclusive": "NODE", "priority": 4294901}
                    | dict.fromkeys(("features", "nodes_alloc", "partition", "reservation", "extra")),
                ],
            },
            ResumeRequest(
                (*TWO, "hpc1-gpu-1"),
                (JOB_23_02, ResumeJob(7, ("hpc1-gpu-1",), exclusive="NODE", priority=4294901)),
            ),
            id="26.05, nulls",
        ),
        pytest.param(
            {"all_nodes_resume": "hpc1-hpc-1", "jobs": None, "colour": {"of": ["the", "wind"]}},
            ResumeRequest(("hpc1-hpc-1",), ()),
            id="a release to come, with a key nobody knows",
        ),
        pytest.param(
            {"all_nodes_resume": None, "jobs": [{"job_id": 3, "nodes_resume": None, "new": 1}]},
            ResumeRequest((), (ResumeJob(3, ()),)),
            id="nothing but nulls",
        ),
    ],
)
def test_every_release_is_understood(content: dict[str, object], expected: ResumeRequest) -> None:
    """The keys of a release give its nodes and jobs; null and unknown keys are passed over."""
    request = parse_resume_file(json.dumps(content))
    assert set(request.nodes) == set(expected.nodes)
    assert request.jobs == expected.jobs


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"jobs": []}',
        '{"all_nodes": 7, "jobs": []}',
        '{"all_nodes": "hpc1-[", "jobs": []}',
        '{"all_nodes": "a[1-99999999]", "jobs": []}',
        '{"all_nodes": "a", "jobs": {}}',
        '{"all_nodes": "a", "jobs": [1]}',
        '{"all_nodes": "a", "jobs": [{"job_id": "1"}]}',
        '{"all_nodes": "a", "jobs": [{"nodes": "a"}]}',
        '{"all_nodes": "a", "jobs": [{"job_id": 1, "nodes": ["a"]}]}',
        "[" * 100_000,
    ],
)
def test_what_is_damaged_is_an_input_error(text: str) -> None:
    """A file that is not understood is refused as a whole, so the caller goes by the hostlist."""
    with pytest.raises(InputError):
        parse_resume_file(text)


GOOD = {"program": "resume", "hostlist": "hpc1-hpc-1", "resume_file": None, "time": 1.5, "id": "ab"}


def test_a_spooled_request_is_read_back(tmp_path: Path) -> None:
    """What a program kept comes back as it was."""
    path = tmp_path / "1-resume.json"
    path.write_text(json.dumps(GOOD))
    request = read_spooled(path)
    assert (request.program, request.hostlist, request.resume_file) == ("resume", "hpc1-hpc-1", None)
    assert (request.time, request.id) == (1.5, "ab")


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(GOOD)[:-9].encode(),
        b"",
        b"\xff\xfe",
        json.dumps(GOOD | {"program": "reboot"}).encode(),
        json.dumps(GOOD | {"hostlist": ""}).encode(),
        json.dumps(GOOD | {"hostlist": None}).encode(),
        json.dumps(GOOD | {"id": 5}).encode(),
        json.dumps(GOOD | {"time": True}).encode(),
        json.dumps(GOOD | {"resume_file": {}}).encode(),
    ],
)
def test_a_damaged_spool_entry_is_an_input_error(content: bytes, tmp_path: Path) -> None:
    """Half a file, or one of somebody else, is named and not acted on."""
    path = tmp_path / "1-resume.json"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_spooled(path)
    assert caught.value.where == str(path)
    with pytest.raises(InputError):
        read_spooled(tmp_path / "absent.json")
