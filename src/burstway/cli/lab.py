"""`burstway lab`: a site and a cloud on this machine."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.text import Text

from burstway.cli.lab_filters import border, firewall
from burstway.cli.output import console, errors, print_json, table
from burstway.errors import ConflictError, LabError, UnknownError
from burstway.lab.cloud import LabCloud
from burstway.lab.enter import door, entering
from burstway.lab.head import USER
from burstway.lab.record import made_here, read_record
from burstway.lab.remains import remove
from burstway.lab.services import READY, NotUpError, start_again
from burstway.lab.site import check_host, start_slurm, up
from burstway.providers.lab.layout import USUAL, Layout, existing_labs, layout, running

app = typer.Typer(no_args_is_help=True, help="A site with a real Slurm and a cloud, on this machine.")
app.command("border")(border)
app.command("firewall")(firewall)
Name = Annotated[str, typer.Option("--name", help="Which lab; several can be there at a time.")]
IDLE_S, BOOT_TIMEOUT_S = 15.0, 120.0


def _say(text: str) -> None:
    errors.print(Text.assemble(("lab: ", "dim"), text))


@app.command("up")
def lab_up(
    name: Name = USUAL,
    idle: Annotated[
        float | None,
        typer.Option(min=1, help=f"Seconds without a job until a node is given back [{IDLE_S:g}]"),
    ] = None,
    boot_timeout: Annotated[
        float | None, typer.Option(min=1, help=f"Seconds a node has to become ready [{BOOT_TIMEOUT_S:g}]")
    ] = None,
    example: Annotated[
        bool | None, typer.Option("--example/--no-example", help="Import examples/hpc1.txt and start Slurm.")
    ] = None,
) -> None:
    """Build the lab: site, head node, cloud, border, control plane, and a cluster to burst into."""
    place = layout(name)
    asked = {"idle_s": idle, "boot_timeout_s": boot_timeout, "example": example}
    if place.folder.exists():
        _already_up(place, {key: value for key, value in asked.items() if value is not None})
        return
    with_example = example is not False
    up(
        place,
        _say,
        idle_s=idle or IDLE_S,
        boot_timeout_s=boot_timeout or BOOT_TIMEOUT_S,
        example=with_example,
    )
    if with_example:
        from burstway.lab.demo import import_example

        import_example(place, _say)
        start_slurm(place, _say)
    _say(f"up. As the user {USER}: {place.command('shell')}. Remove it: {place.command('down')}")


def _already_up(place: Layout, asked: dict[str, Any]) -> None:
    """Says so, when it was built to its end and nothing else is asked of it than it was made with."""
    record = read_record(place)
    again = f"{place.command('down')}, then up again"
    needed = set(READY) - (set() if record and record.example else {"slurmctld"})
    if record is None or not place.socket.exists():
        raise LabError(f"the lab {place.name!r} is half there", remedy=again)
    with LabCloud(place) as cloud:
        services = {service["name"]: service for service in cloud.status()["services"]}
    if needed - set(services):
        raise LabError(f"the lab {place.name!r} is half there", remedy=again)
    if others := {key: value for key, value in asked.items() if getattr(record, key) != value}:
        raise ConflictError(
            f"the lab {place.name!r} is up already with {_options(asdict(record))}; "
            f"{_options(others)} cannot apply to it",
            remedy=f"{again}, or another --name",
        )
    _say(f"{place.name} is up already with {_options(asdict(record))}; nothing was changed")
    for each in services.values():
        if not each["wanted"]:
            _say(f"{each['name']} is stopped; start it with: {place.command('start ' + each['name'])}")


def _options(values: Mapping[str, Any]) -> str:
    """Those of `lab up` that are among the values, as they are typed."""
    words = [f"--idle {values['idle_s']:g}"] if "idle_s" in values else []
    words += [f"--boot-timeout {values['boot_timeout_s']:g}"] if "boot_timeout_s" in values else []
    words += ["--example" if values["example"] else "--no-example"] if "example" in values else []
    return " ".join(words)


@app.command("down")
def lab_down(
    name: Name = USUAL,
    everything: Annotated[bool, typer.Option("--all", help="Every lab on this machine.")] = False,
    mine: Annotated[bool, typer.Option("--mine", help="Every lab that this Burstway has made.")] = False,
) -> None:
    """Remove the lab and all that it made, also one that was cut off half way."""
    names = existing_labs() if everything else made_here(sys.prefix) if mine else [name]
    if names:
        check_root()
    for each in names:
        gone = remove(layout(each), _say)
        _say(f"{each} is gone" if gone else f"there is no lab {each}")


def check_root() -> None:
    if os.geteuid() != 0:
        raise LabError("this needs root", remedy="run it with sudo")


@app.command("status")
def lab_status(
    name: Name = USUAL, json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """Each part of the lab with its process and addresses."""
    place = running(name)
    with LabCloud(place) as cloud:
        status = _status(cloud, place)
    if json:
        print_json(status)
        return
    parts = {key: part for key, part in status.items() if isinstance(part, dict) and "pid" in part}
    rows = [
        (key.replace("_", "-"), str(part["pid"] or "not running"), part.get("address", "-"), part["log"])
        for key, part in parts.items()
    ]
    rows += [(m["name"], str(m["pid"]), m["address"], m["console"]) for m in status["machines"]]
    console.print(table(("PART", "PID", "ADDRESS", "LOG"), rows))


def _status(cloud: LabCloud, place: Layout) -> dict[str, Any]:
    seen = cloud.status()
    services = {service["name"]: service for service in seen["services"]}
    head = next(machine for machine in seen["machines"] if machine["name"] == "head")
    status: dict[str, Any] = {
        "name": place.name,
        "folder": str(place.folder),
        "cloud": {"pid": seen["pid"], "socket": str(place.socket), "log": str(place.daemon_log)},
        "head": {
            "pid": head["pid"],
            "address": head["address"],
            "root": head["root"],
            "log": head["console"],
        },
    }
    for service in READY:
        known = services.get(service, {"pid": 0, "starts": 0})
        status[service.replace("-", "_")] = {
            "pid": known["pid"], "starts": known["starts"], "address": str(place.head),
            "log": str(place.folder / f"{service}.log"),
        }  # fmt: skip
    status["control_plane"]["socket"] = str(door(cloud).socket)
    status["ranges"] = {"site": str(place.site), "cloud": str(place.cloud), "subnet": str(place.subnet)}
    status["machines"] = [machine for machine in seen["machines"] if machine["key"]]
    return status


@app.command("shell")
def shell(
    machine: Annotated[str, typer.Argument(help="head, or a node such as hpc1-hpc-1.")] = "head",
    user: Annotated[
        str | None, typer.Option(help="Whose shell; alice's on the head, root's on nodes.")
    ] = None,
    name: Name = USUAL,
) -> None:
    """A shell in a machine of the lab."""
    who = user or (USER if machine == "head" else "root")
    with LabCloud(running(name)) as cloud:
        command = entering(cloud, machine, who, [])
    os.execvp(command[0], command)  # noqa: S606  the shell takes this process's place


@app.command("run", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def run(
    command: Annotated[
        list[str], typer.Argument(help="The command, as in: burstway lab run srun -N2 hostname")
    ],
    on: Annotated[str, typer.Option("--on", help="head, or a node such as hpc1-hpc-1.")] = "head",
    user: Annotated[str, typer.Option(help="As whom.")] = USER,
    name: Name = USUAL,
) -> None:
    """Run a command in a machine of the lab, by default as alice on the head node; its exit code is ours."""
    with LabCloud(running(name)) as cloud:
        line = entering(cloud, on, user, command)
    sys.exit(subprocess.run(line, check=False).returncode)


@app.command("stop")
def stop_service(service: str, name: Name = USUAL) -> None:
    """Stop a service of the head node: control-plane, slurmctld or munged."""
    _known(service)
    with LabCloud(running(name)) as cloud:
        cloud.stop(service)
    _say(f"{service} is stopped")


@app.command("start")
def start_service(service: str, name: Name = USUAL) -> None:
    """Start a service of the head node again; it is started when it answers."""
    _known(service)
    place = running(name)
    with LabCloud(place) as cloud:
        try:
            start_again(cloud, place, service)
        except NotUpError as failed:
            _say(failed.what)
            raise typer.Exit(1) from failed
    _say(f"{service} is started")


@app.command("demo")
def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the lab up afterwards.")] = False,
    idle: Annotated[
        float, typer.Option(min=1, help="Seconds without a job until a node is given back.")
    ] = 10,
    name: Name = "demo",
) -> None:
    """Watch real Slurm jobs burst: from nothing to an empty cloud again."""
    from burstway.lab.demo import run_demo

    check_host()
    if not run_demo(layout(name), keep=keep, idle_s=idle):
        raise typer.Exit(1)


def _known(service: str) -> None:
    if service not in READY:
        raise UnknownError(f"the lab has no service {service!r}", remedy=", ".join(READY))
