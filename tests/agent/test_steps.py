"""The agent's steps change /etc as they say and keep the rest, tried on an /etc of the test's own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from burstway.agent.archive import agent_archive

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(os.geteuid() != 0, reason="makes mount and host name namespaces"),
]

RUN = """
import json, sys
sys.path.insert(0, sys.argv[1])
from burstway_agent import console, daemons, steps
try:
    getattr(steps, "step_" + sys.argv[2])(json.loads(sys.argv[3]), daemons.Daemons("/tmp"))
except console.StepError as refused:
    print(refused, end="")
"""

FILES = {
    "passwd": "root:x:0:0:root:/root:/bin/bash\nold:x:1500:1500::/home/old:/bin/sh\n",
    "shadow": "root:*:19000:0:99999:7:::\nold:!:19000:0:99999:7:::\n",
    "group": "root:x:0:\nold:x:1500:\nteam:x:2000:old\n",
    "nsswitch.conf": "passwd: files\ngroup: files\n",
    "hosts": "127.0.0.1 localhost\n",
}


class Machine:
    """A scratch /etc, and a way to run one step of the agent, as it is delivered, with it in place of the
    host's."""

    def __init__(self, folder: Path) -> None:
        self.etc = folder / "etc"
        self.home = folder / "home"
        self.agent = folder / "agent.pyz"
        self.agent.write_bytes(agent_archive())
        self.etc.mkdir()
        self.home.mkdir()
        for name, text in FILES.items():
            (self.etc / name).write_text(text)
        (self.etc / "shadow").chmod(0o640)
        os.chown(self.etc / "shadow", 0, 42)

    def step(self, name: str, configuration: dict[str, Any]) -> str:
        """What the step refused, or nothing."""
        script = 'mount --bind "$0" /etc && exec "$@"'
        agent = [
            sys.executable,
            "-I",
            "-S",
            "-c",
            RUN,
            str(self.agent),
            name,
            json.dumps(configuration),
        ]
        command = ["unshare", "--mount", "--uts", "sh", "-c", script, str(self.etc), *agent]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (ran.returncode, ran.stderr) == (0, "")
        return ran.stdout

    def files(self) -> dict[str, tuple[bytes, int, int, int]]:
        found = {}
        for path in self.etc.iterdir():
            stat = path.stat()
            found[path.name] = (path.read_bytes(), stat.st_mode, stat.st_uid, stat.st_gid)
        found.pop(".pwd.lock", None)
        return found

    def user(self, name: str, uid: int, gid: int = 2_000, **other: str) -> dict[str, Any]:
        home = str(self.home / name)
        return {"name": name, "uid": uid, "gid": gid, "gecos": "", "home": home, "shell": "/bin/sh", **other}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def group(name: str, gid: int, *members: str) -> dict[str, Any]:
    return {"name": name, "gid": gid, "members": list(members)}


def users(*users: dict[str, Any], groups: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {"users": {"users": list(users), "groups": list(groups)}}


def test_a_new_user_gets_the_sites_numbers_and_a_home(machine: Machine) -> None:
    """With no password, in the groups of the site; who was there stays, and so do modes and owners."""
    new = machine.user("eve", 3_000, 3_000, gecos="Eve Ünal,,,")
    asked = users(new, groups=(group("eve", 3_000), group("team", 2_000, "eve")))
    before = machine.files()
    assert machine.step("users", asked) == ""
    after = machine.files()
    assert (
        after["passwd"][0].decode()
        == FILES["passwd"] + f"eve:x:3000:3000:Eve Ünal,,,:{machine.home}/eve:/bin/sh\n"
    )
    assert after["shadow"][0].decode() == FILES["shadow"] + "eve:!:19000:0:99999:7:::\n"
    assert after["group"][0].decode() == "root:x:0:\nold:x:1500:\nteam:x:2000:old,eve\neve:x:3000:\n"
    assert [entry[1:] for entry in after.values()] == [before[name][1:] for name in after]
    home = (machine.home / "eve").stat()
    assert (home.st_mode & 0o777, home.st_uid, home.st_gid) == (0o700, 3_000, 3_000)
    assert machine.step("users", asked) == ""
    assert machine.files() == after, "a second time changes nothing"


def test_a_user_that_is_there_already_stays_as_it_is(machine: Machine) -> None:
    """The same name and numbers are the same user, whatever shell the image gives it."""
    before = machine.files()
    same = machine.user("old", 1_500, 1_500, shell="/bin/zsh")
    assert machine.step("users", users(same, groups=(group("old", 1_500), group("team", 2_000, "old")))) == ""
    assert machine.files() == before


REFUSED: dict[str, tuple[dict[str, Any], tuple[dict[str, Any], ...], str]] = {
    "UID of another user": ({"name": "eve", "uid": 1_500}, (), "UID 1500 of eve is old's in the image"),
    "another UID": (
        {"name": "old", "uid": 1_501, "gid": 1_500},
        (),
        "user old has UID 1500 and GID 1500 in the image",
    ),
    "another GID": (
        {"name": "old", "uid": 1_500, "gid": 7},
        (),
        "user old has UID 1500 and GID 1500 in the image",
    ),
    "group's GID": (
        {"name": "eve", "uid": 9},
        (group("team", 2_001),),
        "group team has GID 2000 in the image",
    ),
    "GID of another group": (
        {"name": "eve", "uid": 9},
        (group("x", 2_000),),
        "GID 2000 of x is team's in the image",
    ),
    "colon in the name": ({"name": "e:0", "uid": 9}, (), "has a colon or a line break in its name"),
    "colon in gecos": (
        {"name": "eve", "uid": 9, "gecos": "a:b"},
        (),
        "has a colon or a line break in its gecos",
    ),
    "line in gecos": ({"name": "eve", "uid": 9, "gecos": "a\nroot2:x:0:0::/:"}, (), "in its gecos"),
    "line in the home": ({"name": "eve", "uid": 9, "home": "/\n"}, (), "in its home"),
    "colon in the shell": ({"name": "eve", "uid": 9, "shell": "/bin/sh:"}, (), "in its shell"),
    "line in a group": ({"name": "eve", "uid": 9}, (group("g\nh:x:0:eve", 9),), "line break in a name"),
    "colon in a member": ({"name": "eve", "uid": 9}, (group("g", 9, "eve:x"),), "line break in a name"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_user_that_does_not_fit_is_refused_and_nothing_is_written(machine: Machine, case: str) -> None:
    """All is checked first: the users beside it are not added either."""
    user, groups, what = REFUSED[case]
    before = machine.files()
    good = machine.user("ann", 3_001)
    refused = machine.step("users", users(good, machine.user(**user), groups=(group("ann", 3_001), *groups)))
    assert what in refused
    assert machine.files() == before
    assert not list(machine.home.iterdir())


def test_files_without_a_last_line_feed_are_added_to_correctly(machine: Machine) -> None:
    """A new line never runs into the last one, and what is not UTF-8 stays what it is."""
    (machine.etc / "passwd").write_bytes(
        FILES["passwd"].rstrip().encode() + b"\nold2:x:1501:1:\xe4:/:/bin/sh"
    )
    (machine.etc / "group").write_bytes(FILES["group"].encode() + b"last:x:9:\xe4")
    assert machine.step("users", users(machine.user("eve", 3_000), groups=(group("eve", 3_000),))) == ""
    assert b"\nold2:x:1501:1:\xe4:/:/bin/sh\neve:x:3000:" in (machine.etc / "passwd").read_bytes()
    assert b"\nlast:x:9:\xe4\neve:x:3000:\n" in (machine.etc / "group").read_bytes()


BLOCK = "# burstway: begin\n10.1.0.5 head\n10.80.0.1 hpc1-hpc-1\n# burstway: end\n"
HOSTS = {"hosts": {"hpc1-hpc-1": "10.80.0.1", "head": "10.1.0.5"}}

BEFORE_AND_AFTER = {
    "nothing": ("", BLOCK),
    "others": ("127.0.0.1 localhost\n", "127.0.0.1 localhost\n" + BLOCK),
    "no last line feed": ("127.0.0.1 localhost", "127.0.0.1 localhost\n" + BLOCK),
    "an old block": ("a\n# burstway: begin\n10.9.9.9 gone\n# burstway: end\nb\n", "a\nb\n" + BLOCK),
    "the same block": ("a\n" + BLOCK, "a\n" + BLOCK),
    "odd bytes": ("a\r\n\n\tb \x0c\x1c\u2028\x85 # \n\n", "a\r\n\n\tb \x0c\x1c\u2028\x85 # \n\n" + BLOCK),
    "a block without an end": (
        "# burstway: begin\n10.2.2.2 mine\n",
        "# burstway: begin\n10.2.2.2 mine\n" + BLOCK,
    ),
    "an end without a block": ("# burstway: end\nmine\n", "# burstway: end\nmine\n" + BLOCK),
}


@pytest.mark.parametrize("case", BEFORE_AND_AFTER)
def test_only_our_block_of_hosts_is_rewritten(machine: Machine, case: str) -> None:
    """All else is kept byte for byte, with the file's mode and owner."""
    before, after = BEFORE_AND_AFTER[case]
    hosts = machine.etc / "hosts"
    hosts.write_bytes(before.encode())
    hosts.chmod(0o664)
    os.chown(hosts, 7, 8)
    for _ in range(2):
        assert machine.step("hosts", HOSTS) == ""
        assert hosts.read_bytes() == after.encode()
    assert (hosts.stat().st_mode & 0o777, hosts.stat().st_uid, hosts.stat().st_gid) == (0o664, 7, 8)


def test_bytes_that_are_not_utf_8_stay(machine: Machine) -> None:
    """A comment in an old encoding does not keep a node from starting."""
    (machine.etc / "hosts").write_bytes(b"# caf\xe9\n")
    assert machine.step("hosts", HOSTS) == ""
    assert (machine.etc / "hosts").read_bytes() == b"# caf\xe9\n" + BLOCK.encode()


def test_a_missing_hosts_file_is_made(machine: Machine) -> None:
    """With the usual mode."""
    (machine.etc / "hosts").unlink()
    assert machine.step("hosts", HOSTS) == ""
    assert (machine.etc / "hosts").stat().st_mode & 0o777 == 0o644


def test_the_host_name_is_the_nodes(machine: Machine) -> None:
    """Slurm knows a node by it; it stays after a restart."""
    assert machine.step("hostname", {"node": "hpc1-hpc-7"}) == ""
    assert (machine.etc / "hostname").read_text() == "hpc1-hpc-7\n"
