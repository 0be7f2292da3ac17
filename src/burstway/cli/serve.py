"""`burstway serve`: the control plane."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from burstway.settings import Settings

CONFIG = Path("/etc/burstway/burstway.toml")


def serve(
    config: Annotated[Path, typer.Option(help="The site's burstway.toml.")] = CONFIG,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "info",
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Only read the settings and the files they name, and say whether they hold."
        ),
    ] = False,
) -> None:
    """Run the control plane: API, reconcile loop, Slurm's requests. Ends with SIGTERM."""
    from burstway.errors import InputError
    from burstway.settings import read_settings

    if log_level not in ("debug", "info", "warning", "error"):
        raise InputError(f"{log_level!r} is not a log level", remedy="debug, info, warning or error")
    settings = read_settings(config)
    if check:
        _check(config, settings)
        return
    from burstway.service.daemon import serve as run

    run(settings, log_level)


def _check(config: Path, settings: "Settings") -> None:
    """Whether the files that the settings name can be read, and which flows nothing can be done for. Raises
    DocumentError."""
    from burstway.cli.rule_files import unplaced_notes
    from burstway.service.found import check_files

    check_files(settings)
    for note in unplaced_notes(settings):
        typer.echo(f"note: {note}", err=True)
    typer.echo(f"{config}: site {settings.site.name}, cloud {settings.cloud.provider}: the settings hold")
