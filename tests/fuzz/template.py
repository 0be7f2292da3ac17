"""`make fuzz`: any text is read, checked and formatted as a template, or refused, in bounded time.

Atheris changes pieces of the examples, and of the sample templates where they are, for so many seconds,
guided by which lines of Burstway they reach. A failure is an exception other than InputError, a text whose
formatting is no fixed point, or 100 kB that take more than a second. Its input is kept in .fuzz/findings, and
the command that replays it is printed. What was slow is timed again without atheris, which slows everything.

    python -m tests.fuzz.template run SECONDS
    python -m tests.fuzz.template replay FILE
"""

import os
import shutil
import subprocess
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("BURSTWAY_TEST_DATA") or ROOT.parent / "shared" / "data")
CORPUS = ROOT / ".fuzz" / "corpus"
FINDINGS = ROOT / ".fuzz" / "findings"
MOST_BYTES = 100_000
MOST_SECONDS = 1.0
PIECE_LINES = 40
"""Small seeds are changed often; whole templates would be read a few times a second."""
PARAMETERS = {"MachineType": "lab.c1", "Region": "lab", "Most": "3"}
WORDS = (
    *("[[[", "]]]", "[cluster c]", "[[node ", "[[nodearray ", "[[[configuration]]]", "[parameter ", "[list "),
    *(
        "Extends = ",
        "Abstract = true",
        "MachineType = ",
        "MaxCount = ",
        "DefaultValue = ",
        "ParameterType = ",
    ),
    *(
        "${",
        "}",
        ":= ",
        "= =",
        "'''",
        '"""',
        '\\"',
        "`10m`",
        " # ",
        "$",
        ", ",
        "\r",
        "\t",
        "\ufeff",
        "{%",
        "{{",
    ),
    *(
        "ifThenElse(",
        "regexp(",
        "regexps(",
        "strcat(",
        "undefined",
        " isnt ",
        " ? ",
        " : ",
        " && ",
        "!",
        "=?=",
    ),
)


def main() -> None:
    command, argument = sys.argv[1:]
    if command == "run":
        sys.exit(_run(int(argument)))
    if command == "replay":
        sys.exit(_replay(Path(argument)))
    _fuzz(argument)


def _run(seconds: int) -> int:
    _prepare()
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={MOST_BYTES}",
        f"-artifact_prefix={FINDINGS}/",
        f"-dict={CORPUS.parent / 'words'}",
        "-timeout=60",
        "-rss_limit_mb=2048",
        "-verbosity=0",
        "-print_final_stats=1",
    ]
    print(f"{seconds} s from {len(list(CORPUS.iterdir()))} pieces of templates", flush=True)
    child = [sys.executable, "-m", "tests.fuzz.template", "fuzz", "\n".join([*options, str(CORPUS)])]
    code = subprocess.run(child, cwd=ROOT, check=False).returncode
    failures = [path for path in sorted(FINDINGS.iterdir()) if _replay(path)]
    for path in failures:
        print(f"replay it with\n    make fuzz REPLAY={path.relative_to(ROOT)}")
    if code and not failures:
        print(f"atheris ended with {code}, and no finding can be replayed: see above")
    return 1 if code or failures else 0


def _prepare() -> None:
    shutil.rmtree(CORPUS, ignore_errors=True)
    shutil.rmtree(FINDINGS, ignore_errors=True)
    CORPUS.mkdir(parents=True)
    FINDINGS.mkdir()
    for path in [*(ROOT / "examples").glob("*.txt"), *(DATA / "templates").glob("*.txt")]:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        for start in range(0, len(lines), PIECE_LINES):
            piece = "[cluster c]\n" * (start > 0) + "".join(lines[start : start + PIECE_LINES])
            (CORPUS / f"{path.stem}-{start}").write_text(piece, encoding="utf-8")
    escaped = ("".join(f"\\x{byte:02x}" for byte in word.encode()) for word in WORDS)
    (CORPUS.parent / "words").write_text("".join(f'"{word}"\n' for word in escaped), encoding="ascii")


def _replay(path: Path) -> int:
    """1 when the input in this file fails, and why on standard output."""
    started = time.process_time()
    try:
        take(path.read_bytes())
    except Exception:  # noqa: BLE001 - whatever it is, it is what was looked for
        print(f"{path}:\n{traceback.format_exc()}")
        return 1
    seconds = time.process_time() - started
    if seconds > MOST_SECONDS:
        print(f"{path}: {seconds:.1f} s for {path.stat().st_size:,} bytes")
        return 1
    return 0


def _fuzz(options: str) -> None:
    """Does not return: atheris ends the process."""
    import atheris  # type: ignore[import-untyped]

    with atheris.instrument_imports(include=["burstway.template"]):
        take(b"")

    def watched(data: bytes) -> None:
        started = time.process_time()
        take(data)
        if time.process_time() - started > MOST_SECONDS:
            (FINDINGS / f"slow-{len(list(FINDINGS.iterdir())):04}").write_bytes(data)

    atheris.Setup([sys.argv[0], *options.split("\n")], watched)
    atheris.Fuzz()


def take(data: bytes) -> None:
    """Everything that is done with a template's text."""
    # Imported here, so that atheris can watch what is imported.
    from burstway.errors import InputError
    from burstway.template.layout import format_template
    from burstway.template.to_model import check_template, describe_parameters, read_cluster

    text = data.decode("utf-8", errors="replace")
    cores = {"lab.c1": 1, "lab.c4": 4}
    with suppress(InputError):
        read_cluster(
            text,
            "t",
            cluster_name="c",
            parameters=PARAMETERS,
            from_files=PARAMETERS,
            cores_of=cores.get,
            machine_types=list(cores),
        )
    check_template(text, "t")
    with suppress(InputError):
        describe_parameters(text, "t")
    formatted = None
    with suppress(InputError):
        formatted = format_template(text, "t")
    if formatted is not None and format_template(formatted, "t") != formatted:
        raise AssertionError("formatting what is formatted changes it")


if __name__ == "__main__":
    main()
