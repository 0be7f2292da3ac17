"""What the command line uses to ask the control plane: over the UNIX socket of the head node, or over HTTPS.

On the head node nothing needs to be said: the socket is where it always is. From elsewhere BURSTWAY_URL names
the control plane, BURSTWAY_AUTHORITY the file with its authority's certificate, and BURSTWAY_TOKEN_FILE the
file with the person's token.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from burstway.errors import BurstwayError, ControlPlaneError, InputError

SOCKET = Path("/run/burstway/burstway.sock")
TIMEOUT_S = 60.0


class AnswerError(BurstwayError):
    """The control plane's own error, as it came over the wire."""

    def __init__(self, problem: Mapping[str, str], status: int) -> None:
        super().__init__(
            problem.get("what", f"status {status}"),
            where=problem.get("where", ""),
            remedy=problem.get("remedy", ""),
        )
        self.code = problem.get("code", "control-plane")
        self.status = status


@dataclass(frozen=True, slots=True)
class Door:
    """Where the control plane is reached, as the environment says."""

    socket: Path | None = None
    url: str = ""
    authority: Path | None = None
    token_file: Path | None = None

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Door":
        if url := environment.get("BURSTWAY_URL"):
            authority, token = environment.get("BURSTWAY_AUTHORITY"), environment.get("BURSTWAY_TOKEN_FILE")
            return cls(
                url=url,
                authority=Path(authority) if authority else None,
                token_file=Path(token) if token else None,
            )
        return cls(socket=Path(environment.get("BURSTWAY_SOCKET") or SOCKET))


class Client:
    def __init__(self, door: Door) -> None:
        self._door = door
        self._http = _over_socket(door.socket) if door.socket else _over_network(door)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, **parameters: str | int | bool) -> Any:
        return self._call("GET", path, parameters=parameters)

    def post(self, path: str, body: object) -> Any:
        return self._call("POST", path, body=body)

    def delete(self, path: str) -> Any:
        return self._call("DELETE", path)

    def _call(
        self, method: str, path: str, body: object = None, parameters: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            answer = self._http.request(method, path, json=body, params=parameters)
        except (httpx.HTTPError, httpx.InvalidURL) as failed:
            place = str(self._door.socket or self._door.url)
            raise ControlPlaneError(
                f"the control plane does not answer: {failed}",
                where=place,
                remedy="is it running (burstway serve)? From another host set BURSTWAY_URL",
            ) from failed
        if not answer.is_success:
            raise AnswerError(_problem(answer), answer.status_code)
        try:
            return answer.json()
        except ValueError as failed:
            raise ControlPlaneError(
                "the answer is not JSON: something else than a control plane listens there",
                where=str(self._door.socket or self._door.url),
                remedy="see BURSTWAY_SOCKET and BURSTWAY_URL",
            ) from failed


def _problem(answer: httpx.Response) -> dict[str, str]:
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    if isinstance(problem, dict) and "what" in problem:
        return problem
    return {"what": f"the control plane answers with status {answer.status_code}: {answer.text[:200]}"}


def _over_socket(path: Path) -> httpx.Client:
    no_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # unused; by default httpx would load every authority
    transport = httpx.HTTPTransport(uds=str(path), verify=no_tls)
    return httpx.Client(transport=transport, base_url="http://control-plane", timeout=TIMEOUT_S)


def _over_network(door: Door) -> httpx.Client:
    if not door.url.startswith("https://"):
        raise InputError("BURSTWAY_URL must begin with https://", where=door.url)
    headers = {}
    if door.token_file:
        try:
            token = door.token_file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as refused:
            raise InputError(f"the token cannot be read: {refused}", where=str(door.token_file)) from refused
        if not token or not token.isprintable() or " " in token:
            raise InputError(
                "this is not a token", where=str(door.token_file), remedy="it is one word on one line"
            )
        headers["Authorization"] = f"Bearer {token}"
    try:
        context = ssl.create_default_context(cafile=str(door.authority) if door.authority else None)
    except OSError as refused:
        raise InputError(
            f"the authority's certificate cannot be read: {refused}", where=str(door.authority)
        ) from refused
    try:
        return httpx.Client(base_url=door.url, headers=headers, verify=context, timeout=TIMEOUT_S)
    except httpx.InvalidURL as refused:
        raise InputError(f"BURSTWAY_URL is not an address: {refused}", where=door.url) from refused
