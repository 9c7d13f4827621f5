"""Ask a running guardian whether it is alive, in a few milliseconds: a container asks every few seconds.

Law: nothing but the standard library's lightest modules is imported here; click and YAML cost more than the
question. A guardian.yaml that is not written plainly goes through the real loader instead.
"""

from __future__ import annotations

import os
import re
import socket
import sys
import time
from collections.abc import Sequence

ALIVE, NOT_ALIVE = 0, 7
TIMEOUT_SECONDS = 3.0
SPARE_SECONDS = 1.0
"""Both together are within the five seconds that the image gives its check."""

LARGEST_ANSWER = 64 * 1024

TOP = re.compile(r"(?:(?P<key>[a-z_]+):(?: +(?P<value>.*?))? *|- .*|-|---)")
PLAIN = re.compile(r"[A-Za-z0-9_./:\[\]-]+")


def quick(words: Sequence[str]) -> int | None:
    """The exit code of a healthcheck with these words; None where the whole command line is needed."""
    rest = [word for word in words if word != "--json"]
    match rest:
        case []:
            path = os.environ.get("GUARDIAN_CONFIG", "") or "guardian.yaml"
        case ["--config", path]:
            pass
        case _:
            return None
    file = os.path.abspath(path)
    address = glance(file)
    return None if address is None else tell(address, len(rest) < len(words), spare(file))


def tell(address: str, as_json: bool, otherwise: str = "") -> int:
    """Ask, say what came of it, and give the exit code.

    A restarted guardian whose port another program has lives without it: `otherwise` is asked then.
    """
    problem = ask(address, TIMEOUT_SECONDS)
    if problem and otherwise not in ("", address) and not ask(otherwise, SPARE_SECONDS):
        address, problem = otherwise, ""
    if problem:
        sys.stderr.write(f"guardian: {problem}\n")
    if as_json:
        import json

        sys.stdout.write(json.dumps({"alive": not problem, "asked": address, "problem": problem}) + "\n")
    elif not problem:
        sys.stdout.write("alive\n")
    return NOT_ALIVE if problem else ALIVE


def glance(file: str) -> str | None:
    """HOST:PORT, or the control socket's path, that this file names; None where that is not plain."""
    try:
        with open(file, encoding="utf-8") as config:
            found = top_level(config.read())
    except (OSError, UnicodeDecodeError):
        return None
    if found is None or "state_dir" not in found:
        return None
    return found.get("listen") or _socket(file, found["state_dir"])


def spare(file: str) -> str:
    """The control socket of a file that `glance` could read."""
    with open(file, encoding="utf-8") as config:
        found = top_level(config.read()) or {}
    return _socket(file, found["state_dir"]) if "state_dir" in found else ""


def _socket(file: str, state_dir: str) -> str:
    return os.path.join(os.path.dirname(file), state_dir, "control.sock")


def top_level(text: str) -> dict[str, str] | None:
    """`listen` and `state_dir` of a plain document; None where a line could mean something else."""
    found: dict[str, str] = {}
    for raw in text.splitlines():
        line = re.sub(r"(^|\s)#.*", "", raw).rstrip()
        if not closed(line):
            return None
        if not line or line[0] == " ":
            continue
        top = TOP.fullmatch(line)
        if top is None:
            return None
        key, value = top["key"], top["value"] or ""
        if key in ("listen", "state_dir"):
            value = value.strip("\"'")
            if key in found or not PLAIN.fullmatch(value):
                return None
            found[key] = value
    return found


def closed(line: str) -> bool:
    """Whether no quote or bracket is left open, so that the next line is one of its own."""
    pairs = (("[", "]"), ("{", "}"))
    balanced = all(line.count(left) == line.count(right) for left, right in pairs)
    return balanced and line.count('"') % 2 == 0 and line.count("'") % 2 == 0


def ask(address: str, seconds: float) -> str:
    """Empty when guardian says that it is alive, else one sentence that says why not."""
    try:
        answer = _get(address, seconds)
    except (OSError, ValueError) as error:
        return f"no guardian answers on {address} ({getattr(error, 'strerror', None) or error})"
    head, _, body = answer.partition("\r\n\r\n")
    if re.match(r"HTTP/1\.[01] 200 ", head):
        return ""
    return f"guardian on {address} is not alive: {body.strip() or head.splitlines()[:1]}"


def _get(address: str, seconds: float) -> str:
    """GET /livez within the time, whatever the other side does. Raises OSError or ValueError."""
    deadline = time.monotonic() + seconds
    answer = b""
    with _connect(address, seconds) as line:
        line.sendall(b"GET /livez HTTP/1.0\r\nHost: guardian\r\n\r\n")
        while len(answer) < LARGEST_ANSWER and (left := deadline - time.monotonic()) > 0:
            line.settimeout(left)
            if not (piece := line.recv(4096)):
                return answer.decode("utf-8", "replace")
            answer += piece
    raise TimeoutError(f"no whole answer within {seconds:g} s")


def _connect(address: str, seconds: float) -> socket.socket:
    if address.startswith("/"):
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(seconds)
        line.connect(address)
        return line
    host, _, port = address.rpartition(":")
    # "Every address" is where it listens; from here it is asked on its own machine.
    there = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host.strip("[]"), host.strip("[]"))  # noqa: S104
    return socket.create_connection((there, int(port)), seconds)
