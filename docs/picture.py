"""Draws docs/demo.svg, the README's picture, by running the demonstration: `python -m docs.picture`."""

from pathlib import Path

from rich.console import Console

from burstway.lab.demo import run_demo
from burstway.lab.screen import Screen
from burstway.providers.lab.layout import layout


def main() -> None:
    console = Console(record=True, width=104, highlight=False, force_terminal=False, color_system="truecolor")
    if not run_demo(layout("picture"), keep=False, idle_s=10, screen=Screen(console)):
        raise SystemExit("the demonstration failed; the picture stays as it was")
    console.save_svg(str(Path(__file__).with_name("demo.svg")), title="make demo")


if __name__ == "__main__":
    main()
