#!/usr/bin/env python3
"""Burstway's agent: one file, standard library only, Python 3.6 and later, so that stock images run it.

It joins with a one-time token, makes a key and gets a certificate for it, and from then on speaks mutual TLS
only. It fetches its configuration and carries it out in order: host name, clock, hosts, users, munge, slurmd.
A step starts only when all before it worked, slurmd is the last, so a node whose set-up failed never takes a
job. It connects outward only: its work arrives as the answer to a request that the control plane holds back
(a long poll).

    node_agent.py FOLDER    FOLDER holds boot.json: {"url", "authority", "node", "token"}
"""

import errno
import fcntl
import grp
import http.client
import json
import os
import pwd
import random
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.parse

MYPY = False
if MYPY:  # typing itself would cost a node milliseconds at every start
    from typing import Any, Callable, Dict, List, Optional, Tuple

    Report = Callable[[Dict[str, Any]], None]

REQUEST_TIMEOUT_S = 20
POLL_S = 30
JOIN_AGAIN_S = 60
MOST_BACKOFF_S = 10.0
MOST_CLOCK_SKEW_S = 120
"""munge refuses credentials 300 s off; a node closer to that than this is refused before it can lose jobs."""
DAEMON_START_S = 15


class StepError(Exception):
    """A step did not work. The text is what an administrator reads."""


class RefusedError(Exception):
    """The control plane said no, and asking again will not help."""


def log(text: str) -> None:
    sys.stderr.write("%s burstway-agent: %s\n" % (time.strftime("%Y-%m-%dT%H:%M:%S"), text))
    sys.stderr.flush()


# --- speaking with the control plane ---


class Channel(object):
    """One kept-alive HTTPS connection. Every call is tried again after network errors, with back-off."""

    def __init__(self, folder: str, boot: "Dict[str, Any]") -> None:
        self.folder = folder
        self.host = urllib.parse.urlsplit(boot["url"]).hostname
        self.port = urllib.parse.urlsplit(boot["url"]).port
        self.authority = boot["authority"]
        self.lost = 0
        self.connection = None  # type: Optional[http.client.HTTPSConnection]

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if hasattr(ssl, "TLSVersion"):
            context.minimum_version = ssl.TLSVersion.TLSv1_2  # novm
        else:  # Python 3.6
            context.options |= ssl.OP_NO_TLSv1 | ssl.OP_NO_TLSv1_1
        context.load_verify_locations(cadata=self.authority)
        certificate = os.path.join(self.folder, "node.pem")
        if os.path.exists(certificate):
            context.load_cert_chain(certificate, os.path.join(self.folder, "node.key"))
        return context

    def call(self, method: str, path: str, body: object = None, timeout: float = REQUEST_TIMEOUT_S) -> "Any":
        """The answer's JSON, None when it has no content. Raises RefusedError for a lasting no."""
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._once(method, path, body, timeout)
            except (OSError, ValueError, http.client.HTTPException) as error:
                self.close()
                self.lost += 1
                pause = min(MOST_BACKOFF_S, 0.1 * 2 ** min(attempt, 8)) * random.uniform(0.5, 1.5)
                log("%s %s: %s; again in %.1f s" % (method, path, error, pause))
                time.sleep(pause)

    def _once(self, method: str, path: str, body: object, timeout: float) -> "Any":
        if self.connection is None:
            self.connection = http.client.HTTPSConnection(
                self.host, self.port, timeout=timeout, context=self.context()
            )
            self.connection.connect()
            self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection.sock.settimeout(timeout)
        headers = {"Content-Type": "application/json"}
        payload = None if body is None else json.dumps(body).encode("utf-8")
        self.connection.request(method, path, payload, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        if answer.status in (200, 201, 202):
            return json.loads(text)
        if answer.status == 204:
            return None
        if 400 <= answer.status < 500 and answer.status != 429:
            raise RefusedError(said(text, answer.status))
        raise OSError(errno.EAGAIN, said(text, answer.status))

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
        self.connection = None


def said(text: str, status: int) -> str:
    try:
        problem = json.loads(text)
        return " ".join(str(problem[key]) for key in ("what", "remedy") if problem.get(key))
    except (ValueError, KeyError, TypeError, AttributeError):
        return "HTTP %d: %s" % (status, text[:200])


def join(channel: Channel, folder: str, boot: "Dict[str, Any]") -> None:
    """Makes the node's key and has it signed; nothing to do when that was done before."""
    certificate = os.path.join(folder, "node.pem")
    if os.path.exists(certificate):
        return
    key, request = os.path.join(folder, "node.key"), os.path.join(folder, "node.csr")
    run(
        ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", key, "-out", request, "-subj", "/CN=" + boot["node"]],
        "making the node's key",
    )  # fmt: skip
    os.chmod(key, 0o600)
    with open(request) as file:
        csr = file.read()
    answer = ask_to_join(channel, {"node": boot["node"], "token": boot["token"], "csr": csr})
    write(certificate, answer["certificate"], 0o600)
    channel.close()


def ask_to_join(channel: Channel, body: "Dict[str, Any]") -> "Any":
    """A refusal after a lost answer may only mean that the token was used by that request; the control plane
    answers it once more after a pause, for the same key."""
    deadline = time.time() + JOIN_AGAIN_S
    while True:
        try:
            return channel.call("POST", "/v1/agent/join", body)
        except RefusedError as refused:
            if not channel.lost or time.time() > deadline:
                raise
            log("%s; an answer was lost, so asking again" % refused)
            time.sleep(2)


# --- doing things ---


def run(command: "List[str]", doing: str, text: "Optional[str]" = None, timeout: int = 60) -> str:
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE if text is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    except OSError as error:
        raise StepError("%s: %s cannot be started: %s" % (doing, command[0], error.strerror)) from error
    try:
        printed = process.communicate(None if text is None else text.encode("utf-8"), timeout)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise StepError("%s: %s did not end in %d s" % (doing, command[0], timeout)) from None
    output = printed.decode("utf-8", "replace").strip()
    if process.returncode != 0:
        raise StepError(
            "%s: %s ended with code %d: %s" % (doing, command[0], process.returncode, output[-300:])
        )
    return output


def write(path: str, text: "Any", mode: int, owner: "Optional[Tuple[int, int]]" = None) -> None:
    """Writes the file as a whole or not at all."""
    part = "%s.burstway-%d" % (path, os.getpid())
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape"))
        file.flush()
        os.fsync(file.fileno())
    if owner is not None:
        os.chown(part, owner[0], owner[1])
    os.chmod(part, mode)
    os.rename(part, path)


def rewrite(path: str, lines: "List[str]") -> None:
    """Writes the lines into a file of the system's, which keeps its mode and its owner."""
    text = "".join(line + "\n" for line in lines)
    if text == read(path):
        return
    try:
        found = os.stat(path)
        write(path, text, found.st_mode & 0o7777, (found.st_uid, found.st_gid))
    except IOError as error:
        if error.errno != errno.ENOENT:
            raise
        write(path, text, 0o644)


def read_lines(path: str) -> "List[str]":
    """The lines as they are: only a line feed ends one, and what is not UTF-8 stays what it is."""
    text = read(path)
    return text[:-1].split("\n") if text.endswith("\n") else text.split("\n") if text else []


def read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read()
    except IOError as error:
        if error.errno == errno.ENOENT:
            return ""
        raise


def account(name: str) -> "Tuple[int, int]":
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise StepError("the image has no user %s; install munge and slurmd in it" % name) from None
    return entry.pw_uid, entry.pw_gid


class Daemons(object):
    """Daemons in the foreground, as children, so that the agent knows when one ends and why."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.running = {}  # type: Dict[str, subprocess.Popen[bytes]]

    def start(self, name: str, command: "List[str]", user: "Optional[str]" = None) -> None:
        self.stop(name)
        uid, gid = account(user) if user else (0, 0)

        def become() -> None:
            os.setsid()
            if user:
                os.initgroups(user, gid)
                os.setgid(gid)
                os.setuid(uid)

        with open(self.log(name), "wb") as output:
            try:
                self.running[name] = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, preexec_fn=become
                )
            except OSError as error:
                raise StepError("%s cannot be started: %s" % (command[0], error.strerror)) from error

    def wait_until(self, name: str, ready: "Callable[[], bool]", doing: str) -> None:
        deadline = time.time() + DAEMON_START_S
        while not ready():
            self.check(name)
            if time.time() > deadline:
                raise StepError("%s: not up after %d s: %s" % (doing, DAEMON_START_S, self.tail(name)))
            time.sleep(0.005)

    def check(self, name: str) -> None:
        """Raises StepError when the daemon has ended."""
        code = self.running[name].poll()
        if code is not None:
            raise StepError("%s ended with code %d: %s" % (name, code, self.tail(name)))

    def stop(self, name: str) -> None:
        process = self.running.pop(name, None)
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def log(self, name: str) -> str:
        return os.path.join(self.folder, name + ".log")

    def tail(self, name: str) -> str:
        return " / ".join(read(self.log(name)).strip().splitlines()[-3:])[-400:]


# --- the steps, in order ---


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
    first = None  # type: Optional[int]
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
    done = []  # type: List[Dict[str, Any]]
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


def work(channel: Channel, daemons: Daemons, configuration: "Dict[str, Any]", report: "Report") -> None:
    """Takes work until the end: the answer to a long poll is what has changed."""
    version, registrations = configuration["version"], configuration["registrations"]
    while True:
        path = "/v1/agent/work?version=%s&wait=%d" % (urllib.parse.quote(version), POLL_S)
        change = channel.call("GET", path, timeout=POLL_S + REQUEST_TIMEOUT_S) or {}
        try:
            if "hosts" in change:
                version = change["version"]
                step_hosts(change, daemons)
            if change.get("registrations", 0) > registrations and configuration.get("slurm"):
                registrations = change["registrations"]
                log("slurmd registers anew, as Slurm has forgotten this node")
                step_slurmd(configuration, daemons)
            for name in sorted(daemons.running):
                daemons.check(name)
        except StepError as error:
            log(str(error))
            report({"steps": [], "configured": False, "failed": str(error)})
            return


def main(arguments: "List[str]") -> int:
    if len(arguments) != 1:
        sys.stderr.write(__doc__)
        return 2
    folder = arguments[0]
    boot = json.loads(read(os.path.join(folder, "boot.json")))
    os.environ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin"
    os.umask(0o022)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    channel, daemons = Channel(folder, boot), Daemons(folder)

    def report(body: "Dict[str, Any]") -> None:
        channel.call("POST", "/v1/agent/report", body)

    try:
        join(channel, folder, boot)
    except (RefusedError, StepError) as error:
        log("cannot join: %s" % error)
        return 1
    try:
        configuration = channel.call("GET", "/v1/agent/configuration")
        if configure(configuration, daemons, report):
            work(channel, daemons, configuration, report)
    except Exception as error:  # whatever it is, the node's story must tell it
        said = "the control plane refused" if isinstance(error, RefusedError) else type(error).__name__
        log("%s: %s" % (said, error))
        try:
            report({"steps": [], "configured": False, "failed": "the agent failed: %s" % error})
        except RefusedError as refused:  # the node was given back: its story has an end already
            log("%s" % refused)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
