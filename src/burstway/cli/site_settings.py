"""Where the network commands take the site's settings from."""

from pathlib import Path
from typing import Annotated

import typer

from burstway.cli.asking import client
from burstway.cli.serve import CONFIG
from burstway.errors import ControlPlaneError, InputError
from burstway.settings import Settings, read_settings

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help=f"The site's burstway.toml; without it {CONFIG}, or what the control plane was given.",
    ),
]


def site_settings(config: Path | None) -> Settings:
    """Those of the file; on a host without one, those of the control plane that answers there."""
    if config is not None or CONFIG.exists():
        return read_settings(config or CONFIG)
    try:
        with client() as asked:
            return Settings.model_validate(asked.get("/v1/network")["settings"])
    except ControlPlaneError as refused:
        raise InputError(
            f"there is no {CONFIG} here and no control plane answers",
            remedy="name the file: --config burstway.toml",
        ) from refused
