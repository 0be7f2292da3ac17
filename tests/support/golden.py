"""Golden files: what is rendered for the sample, kept as files that a person reads in a change.

To renew them after a change that is meant:

    BURSTWAY_RENEW_GOLDEN=1 .venv/bin/pytest -p no:xdist tests/flows tests/network

and look at the difference before it is committed.
"""

import os
from pathlib import Path


def is_golden(path: Path, text: str) -> bool:
    """Whether the file says exactly this. Renewing, it is made to."""
    if os.environ.get("BURSTWAY_RENEW_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return path.read_bytes().decode() == text
