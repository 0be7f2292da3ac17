"""What the agent says, and the two ways in which something does not work."""

import sys
import time


class StepError(Exception):
    """A step did not work. The text is what an administrator reads."""


class RefusedError(Exception):
    """The control plane said no, and asking again will not help."""


def log(text: str) -> None:
    sys.stderr.write("%s burstway-agent: %s\n" % (time.strftime("%Y-%m-%dT%H:%M:%S"), text))
    sys.stderr.flush()
