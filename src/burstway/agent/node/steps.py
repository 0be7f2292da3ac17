"""The steps that set a node up, in order: host name, clock, hosts, users, munge, slurmd.

A step starts only when all before it worked, slurmd is the last, so a node whose set-up failed never takes a
job.
"""

import fcntl
import grp
import os
import pwd
import socket
import time

from .console import StepError, log
from .daemons import Daemons
from .system import account, read_lines, rewrite, run, write

MYPY = False
if MYPY:
    from typing import Any, Callable, Dict, List, Optional

    Report = Callable[[Dict[str, Any]], None]

MOST_CLOCK_SKEW_S = 120
"""munge refuses credentials 300 s off; a node closer to that than this is refused before it can lose jobs."""


def step_hostname(configuration: "Dict[str, Any]", _: Daemons) -> None:
    name = configuration["node"]
    if socket.gethostname() != name:
        run(["hostname", name], "setting the host name")
        write("/etc/hostname", name + "\n", 0o644)


def step_clock(configuration: "Dict[str, Any]", _: Daemons) -> None:
    skew = time.time() - configuration["time"]
    if abs(skew) > MOST_CLOCK_SKEW_S:
        raise StepError("the clock is %.0f s off the control plane's; set up time synchronisation" % skew)


HOSTS_BEGIN, HOSTS_END = "# burstway: begin", "# burstway: end"


def step_hosts(configuration: "Dict[str, Any]", _: Daemons) -> None:
    """Rewrites the block between our marks in /etc/hosts, and nothing else."""
    kept = read_lines("/etc/hosts")
    first: "Optional[int]" = None
    for index, line in enumerate(kept):
        if line == HOSTS_BEGIN:
            first = index
        elif line == HOSTS_END and first is not None:
            del kept[first : index + 1]
            break
    names = sorted(configuration["hosts"].items())
    block = [HOSTS_BEGIN] + ["%s %s" % (address, name) for name, address in names] + [HOSTS_END]
    rewrite("/etc/hosts", kept + block)


def step_users(configuration: "Dict[str, Any]", _: Daemons) -> None:
    """Adds users and groups with the head's numbers. One that is there must be the same; all is checked
    before anything is written."""
    with open("/etc/.pwd.lock", "w") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        users, groups = configuration["users"]["users"], configuration["users"]["groups"]
        group_lines = merged_groups(groups)
        new = [user for user in users if is_new_user(user)]
        if new:
            passwd = ["%(name)s:x:%(uid)d:%(gid)d:%(gecos)s:%(home)s:%(shell)s" % user for user in new]
            rewrite("/etc/passwd", read_lines("/etc/passwd") + passwd)
            shadow = ["%s:!:19000:0:99999:7:::" % user["name"] for user in new]
            rewrite("/etc/shadow", read_lines("/etc/shadow") + shadow)
        rewrite("/etc/group", group_lines)
    for user in new:
        make_home(user)


def is_new_user(user: "Dict[str, Any]") -> bool:
    for field in ("name", "gecos", "home", "shell"):
        if any(mark in user[field] for mark in ":\n"):
            raise StepError("user %r has a colon or a line break in its %s" % (user["name"], field))
    for found in pwd.getpwall():
        if found.pw_name == user["name"] and (found.pw_uid, found.pw_gid) != (user["uid"], user["gid"]):
            raise StepError(
                "user %s has UID %d and GID %d in the image, %d and %d at the site"
                % (user["name"], found.pw_uid, found.pw_gid, user["uid"], user["gid"])
            )
        if found.pw_uid == user["uid"] and found.pw_name != user["name"]:
            raise StepError("UID %d of %s is %s's in the image" % (user["uid"], user["name"], found.pw_name))
    return user["name"] not in [found.pw_name for found in pwd.getpwall()]


def merged_groups(groups: "List[Dict[str, Any]]") -> "List[str]":
    """The lines of /etc/group with these groups in it."""
    known = {found.gr_name: found.gr_gid for found in grp.getgrall()}
    numbers = {number: name for name, number in known.items()}
    lines = read_lines("/etc/group")
    for group in groups:
        name, number = group["name"], group["gid"]
        if any(mark in text for text in [name] + group["members"] for mark in ":,\n"):
            raise StepError("group %r has a colon, a comma or a line break in a name" % name)
        if known.get(name, number) != number:
            raise StepError("group %s has GID %d in the image, %d at the site" % (name, known[name], number))
        if numbers.get(number, name) != name:
            raise StepError("GID %d of %s is %s's in the image" % (number, name, numbers[number]))
        members = list(group["members"])
        if name in known:
            index = next(i for i, line in enumerate(lines) if line.startswith(name + ":"))
            fields = lines[index].split(":")
            there = [member for member in fields[3].split(",") if member]
            fields[3] = ",".join(there + [member for member in members if member not in there])
            lines[index] = ":".join(fields)
        else:
            lines.append("%s:x:%d:%s" % (name, number, ",".join(members)))
    return lines


def make_home(user: "Dict[str, Any]") -> None:
    if not os.path.isdir(user["home"]):
        os.makedirs(user["home"], 0o755)
        os.chown(user["home"], user["uid"], user["gid"])
        os.chmod(user["home"], 0o700)


MUNGE_SOCKET = "/run/munge/munge.socket.2"


def step_munge(configuration: "Dict[str, Any]", daemons: Daemons) -> None:
    """Installs the key, starts munged, and lets it decode a credential that the head's munged made: a key
    that is not the head's is found here, before slurmd starts."""
    munge = configuration["munge"]
    owner = account("munge")
    for folder, mode in (("/etc/munge", 0o700), ("/var/lib/munge", 0o711), ("/var/log/munge", 0o700),
                         ("/run/munge", 0o755)):  # fmt: skip
        if not os.path.isdir(folder):
            os.makedirs(folder)
        os.chown(folder, owner[0], owner[1])
        os.chmod(folder, mode)
    write("/etc/munge/munge.key", bytes(bytearray.fromhex(munge["key"])), 0o400, owner)
    daemons.start("munged", ["munged", "--foreground", "--force"], "munge")
    daemons.wait_until("munged", lambda: os.path.exists(MUNGE_SOCKET), "starting munged")
    if munge.get("credential"):
        try:
            run(["unmunge", "--socket=" + MUNGE_SOCKET], "munge", munge["credential"])
        except StepError as error:
            raise StepError(
                "the munge key on this node is not the head node's, or the clocks differ: a credential made "
                "on the head cannot be decoded here (%s)" % error
            ) from error


def step_slurmd(configuration: "Dict[str, Any]", daemons: Daemons) -> None:
    slurm = configuration["slurm"]
    daemons.start("slurmd", ["slurmd", "-D", "-b", "--conf-server", slurm["conf_server"]])
    for _ in range(20):
        time.sleep(0.01)
        daemons.check("slurmd")


STEPS = (
    ("hostname", step_hostname, None),
    ("clock", step_clock, None),
    ("hosts", step_hosts, None),
    ("users", step_users, "users"),
    ("munge", step_munge, "munge"),
    ("slurmd", step_slurmd, "slurm"),
)


def configure(configuration: "Dict[str, Any]", daemons: Daemons, report: "Report") -> bool:
    """Carries out the steps that the configuration asks for; the first that fails is the last."""
    done: "List[Dict[str, Any]]" = []
    for name, step, needs in STEPS:
        if needs is not None and not configuration.get(needs):
            continue
        started = time.time()
        try:
            step(configuration, daemons)
        except (StepError, OSError, ValueError, KeyError) as error:
            log("%s: %s" % (name, error))
            report({"steps": done, "configured": False, "failed": "%s: %s" % (name, error)})
            return False
        done.append({"name": name, "seconds": round(time.time() - started, 3)})
    log("configured: " + ", ".join("%(name)s %(seconds).3f s" % step for step in done))
    report({"steps": done, "configured": True, "failed": ""})
    return True
