"""The user data that a machine is rented with: a shell script that writes the agent to disk and starts it.

It carries the node's name, its one-time token, the control plane's address and the authority's certificate,
and no secret that is worth anything after a quarter of an hour. Clouds allow 64 KiB (Azure) or 16 KiB (EC2)
of user data, so the agent travels compressed.
"""

import base64
import gzip
import json
from importlib import resources

FOLDER = "/var/lib/burstway-agent"

_SCRIPT = """\
#!/bin/sh
set -eu
umask 077
mkdir -p {folder}
base64 -d <<'END' | gzip -d >{folder}/node_agent.py
{agent}
END
cat >{folder}/boot.json <<'END'
{boot}
END
for python in python3 /usr/libexec/platform-python; do
    if command -v "$python" >/dev/null 2>&1; then
        exec "$python" -I -S {folder}/node_agent.py {folder} >>{folder}/agent.log 2>&1
    fi
done
echo "burstway: this image has no Python 3" >&2
exit 1
"""


class UserData:
    """Renders user data; what is the same for all nodes is prepared once."""

    def __init__(self, url: str, authority: str) -> None:
        source = resources.files("burstway.agent").joinpath("node_agent.py").read_bytes()
        packed = base64.encodebytes(gzip.compress(source, mtime=0)).decode("ascii").rstrip()
        self._head, self._tail = _SCRIPT.format(folder=FOLDER, agent=packed, boot="\0").split("\0")
        self._boot = {"url": url, "authority": authority}

    def render(self, node: str, token: str) -> str:
        return self._head + json.dumps({**self._boot, "node": node, "token": token}) + self._tail
