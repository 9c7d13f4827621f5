"""One thing that was looked at, what was found, and what a person does about it.

Law: what could not be looked at is never `ok`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Line:
    """`account` is "" for what concerns the whole instance; `fix` is one sentence, "" when all is well."""

    level: Level
    account: str
    check: str
    message: str
    fix: str = ""

    @property
    def ok(self) -> bool:
        return self.level is not Level.FAIL


@dataclass(frozen=True, slots=True)
class Subject:
    """What a check looks at; makes its lines."""

    account: str
    check: str

    def ok(self, message: str) -> Line:
        return Line(Level.OK, self.account, self.check, message)

    def warn(self, message: str, fix: str) -> Line:
        return Line(Level.WARN, self.account, self.check, message, fix)

    def fail(self, message: str, fix: str) -> Line:
        return Line(Level.FAIL, self.account, self.check, message, fix)

    def told(self, sentence: str, otherwise: str = "") -> Line:
        """A failure whose sentence ends with its own fix after the last semicolon."""
        message, _, fix = sentence.rpartition("; ")
        return self.fail(message, capital(fix)) if message else self.fail(sentence, otherwise)


def capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
