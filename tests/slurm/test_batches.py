"""How SlurmScheduler names nodes to scontrol, and what it makes of a scontrol that fails."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burstway.errors import SchedulerError
from burstway.model.names import expand_hostlist
from burstway.slurm import scheduler
from burstway.slurm.scheduler import SlurmScheduler, batches, name_ranges, tidy_reason


@pytest.mark.parametrize(
    ("names", "ranges"),
    [
        ([], []),
        (["hpc1-hpc-1"], ["hpc1-hpc-1"]),
        (["hpc1-hpc-2", "hpc1-hpc-1", "hpc1-hpc-2"], ["hpc1-hpc-[1-2]"]),
        (["hpc1-a2-3", "hpc1-a1-3", "hpc2-a1-3"], ["hpc1-a1-3", "hpc1-a2-3", "hpc2-a1-3"]),
        (["a-1", "a-3", "a-4", "a-9"], ["a-1", "a-[3-4]", "a-9"]),
        (["login", "a-01", "a-1"], ["a-1", "a-01", "login"]),
    ],
)
def test_ranges_have_one_bracket(names: list[str], ranges: list[str]) -> None:
    """Slurm understands two brackets in a name at most: only the index is folded."""
    assert name_ranges(names) == ranges


@given(st.sets(st.tuples(st.sampled_from(["hpc1-a1", "hpc1-a2", "x"]), st.integers(1, 5000)), min_size=1))
def test_batches_lose_and_invent_no_node(nodes: set[tuple[str, int]]) -> None:
    """All names are in exactly one batch, whatever they are."""
    names = {f"{head}-{index}" for head, index in nodes}
    found = [name for batch in batches(name_ranges(names)) for name in expand_hostlist(batch)]
    assert sorted(found) == sorted(names)


@pytest.mark.parametrize("step", [1, 2])
def test_batches_are_bounded(step: int) -> None:
    """No call has more than 100 ranges or 1,000 names, however many nodes fail at once."""
    found = list(batches(name_ranges(f"a-{index}" for index in range(1, 20_001, step))))
    assert max(len(batch.split(",")) for batch in found) <= scheduler.MOST_RANGES
    assert max(len(expand_hostlist(batch)) for batch in found) <= scheduler.MOST_NAMES
    assert len(found) == (20 if step == 1 else 100)


@pytest.mark.parametrize(
    ("reason", "tidy"),
    [
        ("no capacity", "no capacity"),
        ("two\nlines\tand\x00more\x1b[31m", "two lines and more [31m"),
        ("", "no reason was given"),
        (" \n", "no reason was given"),
        ('"it\'s" $HOME; `x`', '"it\'s" $HOME; `x`'),
        ("x" * 500, "x" * 199 + "…"),
    ],
)
def test_a_reason_is_one_line(reason: str, tidy: str) -> None:
    """Slurm gets one printable line of 200 characters at most."""
    assert tidy_reason(reason) == tidy


def script(tmp_path: Path, text: str) -> str:
    path = tmp_path / "scontrol"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("echo 'slurm_load_node error: Unable to contact slurm controller' >&2; exit 1", "Unable to contact"),
        ("exit 3", "ended with 3"),
        ("sleep 5", "does not answer within 0.2 s"),
    ],
)
def test_a_scontrol_that_fails_is_a_scheduler_error(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Slurm that is down is never taken for one without nodes; the error says what to do."""
    monkeypatch.setattr(scheduler, "ANSWER_WITHIN_S", 0.2)
    asked = SlurmScheduler(script(tmp_path, f"exec {text}" if text.startswith("sleep") else text))
    with pytest.raises(SchedulerError, match=said) as caught:
        asked.nodes(["hpc1-hpc-1"])
    assert caught.value.remedy


def test_a_missing_scontrol_is_a_scheduler_error(tmp_path: Path) -> None:
    """Without Slurm's commands the error says to install them."""
    with pytest.raises(SchedulerError, match="cannot be run") as caught:
        SlurmScheduler(str(tmp_path / "absent")).nodes(["hpc1-hpc-1"])
    assert "install" in caught.value.remedy


def test_asking_for_nothing_asks_nobody(tmp_path: Path) -> None:
    """An empty collection is answered without a process: scontrol would take it for all nodes."""
    slurm = SlurmScheduler(str(tmp_path / "absent"))
    assert slurm.nodes([]) == {}
    slurm.fail([], "x")
    slurm.drain([], "x")
    slurm.release([])


def test_a_batch_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    """Every batch is told, and the first failure is raised at the end."""
    listing = "\n".join(f"NodeName=a-{index} State=IDLE+CLOUD" for index in range(1, 2001))
    (tmp_path / "listing").write_text(listing + "\n")
    calls = tmp_path / "calls"
    slurm = SlurmScheduler(
        script(tmp_path, f'[ $1 = show ] && exec cat {tmp_path}/listing\necho "$2" >> {calls}\nexit 1')
    )
    with pytest.raises(SchedulerError, match=r"did not set a-\[1-1000\] to power_down_force"):
        slurm.fail([f"a-{index}" for index in range(1, 3001)], "lost")
    assert calls.read_text().split() == ["nodename=a-[1-1000]", "nodename=a-[1001-2000]"]


@pytest.mark.parametrize("after", ["POWERED_DOWN", "POWERING_DOWN"])
def test_a_release_that_slurm_was_quicker_with_is_no_error(after: str, tmp_path: Path) -> None:
    """Slurm refuses to resume what its own timer has powered down; only one that still waits is an error."""
    told = tmp_path / "told"
    slurm = SlurmScheduler(
        script(
            tmp_path,
            f"if [ $1 = update ]; then touch {told}; echo Invalid node state specified >&2; exit 1; fi\n"
            f"[ -e {told} ] && echo NodeName=a-1 State=IDLE+CLOUD+{after} && exit\n"
            "echo NodeName=a-1 State=IDLE+CLOUD+POWERING_DOWN",
        )
    )
    if after == "POWERED_DOWN":
        slurm.release(["a-1"])
    else:
        with pytest.raises(SchedulerError, match="Invalid node state"):
            slurm.release(["a-1"])
    assert told.exists()
