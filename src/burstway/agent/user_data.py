"""The user data that a machine is rented with: a shell script that writes the agent to disk and starts it.

It carries the node's name, its one-time token, the control plane's address and the authority's certificate,
and no secret that is worth anything after a quarter of an hour. Clouds allow 64 KiB (Azure) or 16 KiB (EC2)
of user data, so the agent travels compressed, and in the densest encoding that a shell script can hold.
"""

import base64
import json
import textwrap
import zlib

from burstway.agent.archive import agent_archive

FOLDER = "/var/lib/burstway-agent"
LINE = 1000

_SCRIPT = """\
#!/bin/sh
set -eu
umask 077
mkdir -p {folder}
cat >{folder}/boot.json <<'END'
{boot}
END
for python in python3 /usr/libexec/platform-python none; do
    if command -v "$python" >/dev/null 2>&1; then break; fi
done
if [ "$python" = none ]; then
    echo "burstway: this image has no Python 3" >&2
    exit 1
fi
"$python" -I -S -c '
import base64, sys, zlib
packed = "".join(sys.stdin.read().split())
sys.stdout.buffer.write(zlib.decompress(base64.b85decode(packed)))
' >{folder}/agent.pyz <<'END'
{agent}
END
exec "$python" -I -S {folder}/agent.pyz {folder} >>{folder}/agent.log 2>&1
"""


class UserData:
    """Renders user data; what is the same for all nodes is prepared once."""

    def __init__(self, url: str, authority: str) -> None:
        packed = base64.b85encode(zlib.compress(agent_archive(), 9)).decode("ascii")
        lines = "\n".join(textwrap.wrap(packed, LINE, break_on_hyphens=False))
        self._head, self._tail = _SCRIPT.format(folder=FOLDER, agent=lines, boot="\0").split("\0")
        self._boot = {"url": url, "authority": authority}

    def render(self, node: str, token: str) -> str:
        return self._head + json.dumps({**self._boot, "node": node, "token": token}) + self._tail
