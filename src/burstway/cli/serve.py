"""`burstway serve`: the control plane."""

from pathlib import Path
from typing import Annotated

import typer

CONFIG = Path("/etc/burstway/burstway.toml")


def serve(
    config: Annotated[Path, typer.Option(help="The site's burstway.toml.")] = CONFIG,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "info",
    check: Annotated[
        bool, typer.Option("--check", help="Only read the settings and say whether they hold.")
    ] = False,
) -> None:
    """Run the control plane: API, reconcile loop, Slurm's requests. Ends with SIGTERM."""
    from burstway.errors import InputError
    from burstway.settings import read_settings

    if log_level not in ("debug", "info", "warning", "error"):
        raise InputError(f"{log_level!r} is not a log level", remedy="debug, info, warning or error")
    settings = read_settings(config)
    if check:
        typer.echo(f"{config}: site {settings.site.name}, cloud {settings.cloud.provider}: the settings hold")
        return
    from burstway.service.daemon import serve as run

    run(settings, log_level)
