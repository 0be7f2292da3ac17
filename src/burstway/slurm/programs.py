"""burstway-resume, burstway-suspend, burstway-resume-fail: what slurmctld runs.

slurmctld starts them with one argument, a hostlist, and an environment of SLURM_CONF and, to resume,
SLURM_RESUME_FILE (Slurm's doc/html/power_save.shtml). They hand the request to the control plane over its
UNIX socket and end. A request is never lost: when the control plane does not answer in time, it is spooled
on disk and the program succeeds. The request carries an id, because one that was answered too late may have
been carried out and will come again out of the spool.

They must take no longer than Python itself takes to start, twice: slurmctld may run hundreds in a row.
So nothing is imported that costs more than a fraction of a millisecond. `socket`, which wraps `_socket`,
would cost two thirds of Python's own start; `json` as much, and only a refusal needs it. The resume file is
handed over unread for the same reason. benchmarks/resume_program.py measures it.
"""

import os
import sys
from _socket import AF_UNIX, SOCK_STREAM, socket
from time import monotonic, time, time_ns

SOCKET = "/run/burstway/burstway.sock"
SPOOL = "/var/spool/burstway"

ANSWER_WITHIN_S = 2.0
MOST_RESUME_FILE_BYTES = 16 * 2**20
"""65,536 nodes in as many jobs make about 10 MB; what is larger is no resume file."""

MOST_ANSWER_BYTES = 2**20

_HELP = ("-h", "--help")
_ESCAPES = {number: f"\\u{number:04x}" for number in range(32)} | {34: '\\"', 92: "\\\\"}


def resume() -> int:
    """burstway-resume: the nodes of the hostlist are wanted."""
    return run("resume", sys.argv[1:], dict(os.environ))


def suspend() -> int:
    """burstway-suspend: the nodes of the hostlist are given back."""
    return run("suspend", sys.argv[1:], dict(os.environ))


def resume_fail() -> int:
    """burstway-resume-fail: the nodes of the hostlist did not register within ResumeTimeout."""
    return run("resume-fail", sys.argv[1:], dict(os.environ))


def run(program: str, arguments: list[str], environment: dict[str, str]) -> int:
    """Hands one request over; the exit code: 0 handed over or spooled, 1 lost, 2 refused."""
    if len(arguments) != 1 or not arguments[0] or arguments[0].startswith("-"):
        sys.stderr.write(f"usage: burstway-{program} HOSTLIST\n")
        return 0 if arguments and arguments[0] in _HELP else 2
    text = _read(environment.get("SLURM_RESUME_FILE", "")) if program == "resume" else None
    body = request_body(arguments[0], text)
    try:
        status, answer = post(environment.get("BURSTWAY_SOCKET") or SOCKET, program, body)
    except OSError as failed:
        why = failed.strerror or str(failed) or "no answer in time"
        return _spool(program, body, environment, f"the control plane does not answer ({why})")
    if 200 <= status < 300:
        return 0
    if 400 <= status < 500:
        _say(program, _refusal(status, answer))
        return 2
    return _spool(program, body, environment, f"the control plane answers with status {status}")


def request_body(hostlist: str, resume_file: str | None) -> str:
    """The request as JSON."""
    resumed = "null" if resume_file is None else _quote(resume_file)
    unique = os.urandom(16).hex()
    return (
        f'{{"hostlist": {_quote(hostlist)}, "resume_file": {resumed}, "time": {time()!r}, "id": "{unique}"}}'
    )


def post(path: str, program: str, body: str) -> tuple[int, bytes]:
    """The status and the content of the control plane's answer. Raises OSError when there is none in time."""
    content = body.encode("utf-8", "replace")
    head = (
        f"POST /v1/slurm/{program} HTTP/1.1\r\nHost: burstway\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    )
    deadline = monotonic() + ANSWER_WITHIN_S
    connection = socket(AF_UNIX, SOCK_STREAM)
    try:
        connection.settimeout(ANSWER_WITHIN_S)
        connection.connect(path)
        _send(connection, head.encode() + content)
        answer = _receive(connection, deadline)
    finally:
        connection.close()
    if not answer.startswith((b"HTTP/1.1 ", b"HTTP/1.0 ")) or not answer[9:12].isdigit():
        raise OSError("the answer is not HTTP")
    return int(answer[9:12]), answer.partition(b"\r\n\r\n")[2]


def spool(folder: str, program: str, body: str) -> str:
    """Keeps the request on disk and says where: complete or not at all. Names sort by time."""
    name = f"{time_ns():020d}-{os.getpid()}-{program}.json"
    draft, kept = f"{folder}/.{name}", f"{folder}/{name}"
    content = f'{{"program": "{program}", {body[1:]}'.encode("utf-8", "replace")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            os.rename(draft, kept)
        except OSError:
            os.unlink(draft)
            raise
    _sync_folder(folder)
    return kept


def _send(connection: socket, request: bytes) -> None:
    try:
        connection.sendall(request)
    except (BrokenPipeError, ConnectionResetError):
        return  # a request that is refused early is answered before it is read to its end


def _receive(connection: socket, deadline: float) -> bytes:
    """The answer up to its end, or, when it is a good one, up to the end of its head."""
    answer = b""
    while len(answer) < MOST_ANSWER_BYTES and not (answer[9:10] == b"2" and b"\r\n\r\n" in answer):
        connection.settimeout(max(0.001, deadline - monotonic()))
        piece = connection.recv(65_536)
        if not piece:
            break
        answer += piece
    return answer


def _sync_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _spool(program: str, body: str, environment: dict[str, str], why: str) -> int:
    folder = environment.get("BURSTWAY_SPOOL") or SPOOL
    try:
        kept = spool(folder, program, body)
    except OSError as failed:
        _say(
            program,
            f"{why}, and the request is lost: it cannot be kept in {folder}: {failed.strerror} "
            f"(start burstway, and let SlurmUser write to {folder})",
        )
        return 1
    _say(program, f"{why}; the request is kept in {kept}")
    return 0


def _refusal(status: int, answer: bytes) -> str:
    """What the control plane says against the request: `WHAT (REMEDY)`."""
    import json

    try:
        said = json.loads(answer[answer.index(b"{") : answer.rindex(b"}") + 1])
        what, remedy = str(said["what"]), str(said.get("remedy") or "")
    except (ValueError, KeyError):
        return f"the control plane refuses with status {status}"
    return f"{what} ({remedy})" if remedy else what


def _read(path: str) -> str | None:
    """The text of the resume file; None when there is none. slurmctld may already have taken it away."""
    if not path:
        return None
    try:
        with open(path, "rb") as file:
            content = file.read(MOST_RESUME_FILE_BYTES + 1)
    except OSError:
        return None
    if not content or len(content) > MOST_RESUME_FILE_BYTES:
        return None
    return content.decode("utf-8", "replace")


def _quote(text: str) -> str:
    """`text` as a JSON string (RFC 8259, section 7)."""
    return f'"{text.translate(_ESCAPES)}"'


def _say(program: str, text: str) -> None:
    if sys.stderr is not None:  # slurmctld starts its programs without one
        sys.stderr.write(f"burstway-{program}: {text}\n")
