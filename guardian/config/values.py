"""Readers of single values: words, names, numbers, durations, references, addresses.

Law: a value that may be a secret is never shown, not even the wrong one.
"""

from __future__ import annotations

import ipaddress
import math
import os
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from guardian.config.document import NUMBER, Leaf, Node
from guardian.config.reading import Read, Spot, Wrong, clip, kind_of, unknown

SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h|d)", re.ASCII)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
VAULT_PATH = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*", re.ASCII)
NAME_FIX = "Use letters, digits, dot, dash and underscore, at most 64, no spaces."
REFERENCE_FIX = (
    "Keep the secret in a file of mode 0600 and write a reference: file:PATH, env:NAME or vault:PATH."
)


def text(node: Node, spot: Spot) -> str:
    """One line or paragraph of words; no control character but line breaks."""
    if not isinstance(node, Leaf) or not isinstance(node.value, str):
        hint = f'Put it in quotes: "{clip(node.text)}".' if isinstance(node, Leaf) else "Write words here."
        raise Wrong(f"{kind_of(node)} where text is needed", hint)
    if not node.value.strip():
        raise Wrong("is empty", "Write at least a word.")
    if not node.value.replace("\n", "").isprintable():
        raise Wrong("has a character that cannot be printed", "Delete the escape or control character.")
    return node.value.strip()


def name(node: Node, spot: Spot) -> str:
    """A name that is safe in a file name, a URL and a metric's label."""
    value = text(node, spot)
    if not NAME.fullmatch(value):
        raise Wrong(f"{clip(value)} is not a name", NAME_FIX)
    return value


def choice(noun: str, names: Iterable[str], refused: dict[str, str] | None = None) -> Read[str]:
    """One of `names`; `refused` explains names that exist but are not accepted."""
    allowed = tuple(names)

    def read_choice(node: Node, spot: Spot) -> str:
        value = text(node, spot)
        if refused and value in refused:
            raise Wrong(f"{value}: {refused[value]}", f"Use {' or '.join(allowed)}.")
        if value not in allowed:
            raise unknown(noun, value, allowed)
        return value

    return read_choice


def number(node: Node, spot: Spot) -> float:
    """A finite number; `5%`, true, NaN and text are refused, each with its reason."""
    if isinstance(node, Leaf) and isinstance(node.value, float):
        if not math.isfinite(node.value):
            raise Wrong(f"{clip(node.text)} is not a finite number", "Write an ordinary number.")
        return node.value
    if isinstance(node, Leaf) and isinstance(node.value, str) and NUMBER.fullmatch(node.text):
        raise Wrong("a number in quotes", "Write it without quotes.", clip(node.text))
    shown = node.text.strip() if isinstance(node, Leaf) and isinstance(node.value, str) else ""
    percent = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?) ?%", shown, re.ASCII)
    if percent:
        hint = f"{float(percent[1]) / 100:.6g}"
        raise Wrong(f"{shown} is a percentage", "Fractions are written as 0.05 for five percent.", hint)
    raise Wrong(f"{kind_of(node)} where a number is needed", "Write a number without quotes or unit.")


def fraction(least: float, most: float) -> Read[float]:
    """A number with `least` < number <= `most` <= 1."""

    def read_fraction(node: Node, spot: Spot) -> float:
        value = number(node, spot)
        if not least < value <= most:
            hint = f"{value / 100:.6g}" if least < value / 100 <= most and value > 1 else ""
            fix = f"Write a number above {least:g} and up to {most:g}; 0.05 is five percent."
            raise Wrong(f"{value:g} is outside {least:g} to {most:g}", fix, hint)
        return value

    return read_fraction


def share(most: float) -> Read[float]:
    """A number from 0 to `most` < 1."""

    def read_share(node: Node, spot: Spot) -> float:
        value = number(node, spot)
        if not 0 <= value <= most:
            hint = f"{value / 100:.6g}" if 1 < value <= 100 * most else ""
            raise Wrong(f"{value:g} is outside 0 to {most:g}", f"Write a number from 0 to {most:g}.", hint)
        return value

    return read_share


def whole(least: int, most: int) -> Read[int]:
    """A whole number within bounds."""

    def read_whole(node: Node, spot: Spot) -> int:
        value = number(node, spot)
        if value != int(value) or not least <= value <= most:
            fix = "Write one without a point."
            raise Wrong(f"{value:g} is not a whole number from {least} to {most}", fix)
        return int(value)

    return read_whole


def duration(least: float = 0.0, most: float = 86400.0) -> Read[float]:
    """Seconds, from `500ms`, `10s`, `5m`, `1h`, `7d`, between `least` and `most` seconds."""

    def read_duration(node: Node, spot: Spot) -> float:
        seconds = seconds_of(node)
        if not least <= seconds <= most:
            shown = node.text if isinstance(node, Leaf) else ""
            bounds = f"{written(least)} to {written(most)}"
            raise Wrong(f"{clip(shown)} is outside {bounds}", f"Write a duration from {bounds}.")
        return seconds

    return read_duration


def seconds_of(node: Node) -> float:
    """The seconds of a written duration. Raises Wrong, for a bare number with the unit that it lacks."""
    if not isinstance(node, Leaf) or isinstance(node.value, bool) or node.value is None:
        raise Wrong(f"{kind_of(node)} where a duration is needed", "Write 500ms, 10s, 5m, 1h or 7d.")
    shown = node.text.strip()
    found = DURATION.fullmatch(shown)
    if found:
        return float(found[1]) * SECONDS[found[2]]
    near = re.match(r"(\d{1,9}(?:\.\d{1,9})?)\s*(ms|[smhd]?)", shown.lower(), re.ASCII)
    hint = near[1] + (near[2] or "s") if near else ""
    problem = "has no unit" if re.fullmatch(r"[\d.]+", shown, re.ASCII) else "is not a duration"
    raise Wrong(f"{clip(shown)} {problem}", "Write a number and a unit: 500ms, 10s, 5m, 1h or 7d.", hint)


def written(seconds: float) -> str:
    """Seconds as a person writes them: 0.5 -> 500ms, 300 -> 5m."""
    for unit in ("d", "h", "m", "s"):
        if seconds and seconds % SECONDS[unit] == 0:
            return f"{seconds / SECONDS[unit]:g}{unit}"
    return f"{seconds * 1000:g}ms" if seconds else "0s"


def path_from(base: Path) -> Read[Path]:
    """An absolute path; a relative one starts at `base`. It need not exist."""

    def read_path(node: Node, spot: Spot) -> Path:
        return absolute(base, text(node, spot))

    return read_path


def absolute(base: Path, written_path: str) -> Path:
    """`~` expanded and `..` folded by name only: links are left alone, so a loop cannot raise."""
    return Path(os.path.abspath(base / os.path.expanduser(written_path)))


def reference(base: Path) -> Read[str]:
    """A reference to a secret: `file:` made absolute, the others as written. Never shows the value."""

    def read_reference(node: Node, spot: Spot) -> str:
        if not isinstance(node, Leaf) or not isinstance(node.value, str):
            raise Wrong("not a reference; a key or secret does not belong in this file", REFERENCE_FIX)
        kind, _, rest = node.value.partition(":")
        rest = rest.strip()
        if kind not in ("file", "env", "vault") or not rest or not rest.isprintable():
            raise Wrong("not a reference; a key or secret does not belong in this file", REFERENCE_FIX)
        if kind == "env" and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", rest, re.ASCII):
            raise Wrong("not the name of an environment variable", "Write env:NAME, letters and underscores.")
        if kind == "vault" and not is_vault_path(rest):
            raise Wrong("not a path in a vault", "Write vault:FOLDER/NAME, without the mount.")
        return f"file:{absolute(base, rest)}" if kind == "file" else f"{kind}:{rest}"

    return read_reference


def is_vault_path(path: str) -> bool:
    """Names between slashes; nothing that a vault's address would read as something else."""
    return bool(VAULT_PATH.fullmatch(path)) and not {".", ".."} & set(path.split("/"))


def url(*, plain_only_to_loopback: bool) -> Read[str]:
    """An http(s) address without credentials in it. Never shows the value: addresses may hold tokens."""

    def read_url(node: Node, spot: Spot) -> str:
        value = text(node, spot)
        parts = _split(value)
        if parts.username is not None or parts.password is not None:
            raise Wrong("an address with a user or password in it", REFERENCE_FIX)
        if parts.scheme == "http" and plain_only_to_loopback and not is_loopback(parts.hostname or ""):
            fix = "Use https, or http only to 127.0.0.1, ::1 or localhost."
            raise Wrong("plain http to another machine", fix)
        return value

    return read_url


def _split(value: str) -> SplitResult:
    fix = "Write an address such as https://host/path."
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - reading it is what validates it
    except ValueError:
        raise Wrong("not an address", fix) from None
    odd = re.search(r"[\s\\]", value)
    if odd or parts.scheme not in ("http", "https") or not parts.hostname:
        raise Wrong("not an http or https address", fix)
    return parts


def is_loopback(host: str) -> bool:
    """Whether the host is this machine by name or number, without asking a resolver."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def endpoint(node: Node, spot: Spot) -> str:
    """`HOST:PORT` to listen on."""
    value = text(node, spot)
    found = re.fullmatch(r"[^\s/]+:(\d{1,5})", value, re.ASCII)
    if not found or int(found[1]) > 65535:
        fix = "Write 127.0.0.1:8787, or 0.0.0.0:8787 in a container."
        raise Wrong(f"{clip(value)} is not HOST:PORT", fix)
    return value


def egress(node: Node, spot: Spot) -> str:
    """A source address, or a proxy's address without credentials."""
    value = text(node, spot)
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        return url(plain_only_to_loopback=False)(node, spot)
