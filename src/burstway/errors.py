"""Everything that Burstway refuses or cannot do, as one tree.

BurstwayError                   code, what happened, where, what to do next
├── InputError                  the person or program that asked must change something
│   ├── TemplateError           a cluster template, with file, line and column
│   ├── SettingsError           burstway.toml, with the line
│   ├── DocumentError           what says what a network is (Azure's JSON, nft's), with document and place
│   ├── HostlistError           not a hostlist, or too large a one
│   ├── UnknownError            a cluster, node or array that does not exist
│   └── ConflictError           what is asked contradicts what is there
├── RefusedError                who asks may not: token, certificate, role
├── IllegalTransitionError      an event that a node's state has no row for: a defect of ours
├── StoreError                  the database: full, locked by another control plane, newer than we are
├── ProviderError               the cloud, typed by what the caller does next (contracts.FailureKind)
├── SchedulerError              Slurm did not do what was asked
├── ControlPlaneError           the control plane does not answer
└── LabError                    the lab could not be built

The command line prints the three parts and ends with code 2; the API answers with them as JSON.
"""

from dataclasses import dataclass


class BurstwayError(Exception):
    """An error a person can act on.

    `what` says what happened, `where` names the file, line, node or socket, and `remedy` says what to do
    next. `code` never changes once released; `status` is the HTTP status that the API answers with.
    """

    code = "burstway"
    status = 500

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        remedy = f" ({self.remedy})" if self.remedy else ""
        return f"{place}{self.what}{remedy}"


class InputError(BurstwayError):
    code = "input"
    status = 422


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file that a person writes. Lines and columns count from 1; 0 is unknown.

    A warning is probably a mistake, and what stands there is read all the same.
    """

    file: str
    line: int
    column: int
    what: str
    remedy: str = ""
    source: str = ""
    warning: bool = False

    def __str__(self) -> str:
        place = ":".join([self.file, *(str(number) for number in (self.line, self.column) if number)])
        text = f"{place}: {'warning: ' if self.warning else ''}{self.what}"
        if self.remedy:
            text += f" ({self.remedy})"
        if self.source and self.column:
            text += f"\n    {self.source}\n    {' ' * (self.column - 1)}^"
        return text


class FileError(InputError):
    """Problems in one file, all of them at once."""

    code = "file"

    def __init__(self, problems: list[Problem], remedy: str = "") -> None:
        super().__init__("\n".join(str(problem) for problem in problems), remedy=remedy)
        self.problems = problems


class TemplateError(FileError):
    code = "template"


class SettingsError(FileError):
    code = "settings"


class DocumentError(FileError):
    """Problems in any number of documents: `file` is the document's name, `what` begins with the place."""

    code = "document"


class HostlistError(InputError):
    code = "hostlist"


class UnknownError(InputError):
    code = "unknown"
    status = 404


class ConflictError(InputError):
    code = "conflict"
    status = 409


class RefusedError(BurstwayError):
    code = "refused"
    status = 403


class IllegalTransitionError(BurstwayError):
    code = "illegal-transition"


class StoreError(BurstwayError):
    code = "store"
    status = 507


class ProviderError(BurstwayError):
    code = "provider"
    status = 502


class SchedulerError(BurstwayError):
    code = "scheduler"
    status = 502


class ControlPlaneError(BurstwayError):
    code = "control-plane"
    status = 503


class LabError(BurstwayError):
    code = "lab"
