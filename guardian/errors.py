"""Two families of error, by who must act. Anything else that is raised is a bug."""

from __future__ import annotations


class GuardianError(Exception):
    """Something a person must fix. The message says where, what and how; `exit_code` is the CLI's."""

    exit_code = 1


class ConfigError(GuardianError):
    """The configuration, a rule pack or a name on the command line is wrong."""

    exit_code = 3


class RefusedError(GuardianError):
    """Guardian will not do this: over-privileged key, second instance, no confirmation, would loosen."""

    exit_code = 6


class SecretError(GuardianError):
    """A key reference cannot be resolved. Never carries the secret itself."""


class VenueError(Exception):
    """The outside world failed. It becomes an event inside the adapter and never passes the port.

    `code` is the venue's raw code, an HTTP status like "http-502", or "timeout", "network", "garbage".
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
