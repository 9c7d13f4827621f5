"""The locks are what is installed: complete, hashed, hostless, and never at odds with each other."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = ROOT / "requirements.lock"
DEV = ROOT / "requirements-dev.lock"

PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)(?:\s*;\s*(?P<marker>[^\\]+?))?\s*\\?$")
HASH = re.compile(r"^\s+--hash=sha256:[0-9a-f]{64}(?: \\)?$")

Pins = dict[tuple[str, str], list[str]]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(lock: Path) -> Pins:
    """(name, version) -> hashes. A line that is neither a pin nor a hash is an error."""
    found: Pins = {}
    hashes: list[str] = []
    for number, line in enumerate(lock.read_text(encoding="utf-8").splitlines(), start=1):
        pin = PIN.match(line)
        if pin:
            hashes = found.setdefault((normal(pin["name"]), pin["version"]), [])
        else:
            assert HASH.match(line), f"{lock.name}:{number}: neither a pin nor a hash: {line!r}"
            hashes.append(line.strip(" \\"))
    return found


def direct_dependencies(group: str | None = None) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    named = project["dependency-groups"][group] if group else project["project"]["dependencies"]
    return {normal(re.split(r"[<>=!~\[; ]", requirement, maxsplit=1)[0]) for requirement in named}


@pytest.mark.parametrize("lock", [RUNTIME, DEV], ids=lambda lock: lock.name)
def test_every_requirement_is_pinned_with_hashes(lock: Path) -> None:
    """pip --require-hashes refuses a lock with one gap, on somebody else's machine."""
    unhashed = [name for (name, _), hashes in pins(lock).items() if not hashes]

    assert [] == unhashed


@pytest.mark.parametrize("lock", [RUNTIME, DEV], ids=lambda lock: lock.name)
def test_locks_name_no_host(lock: Path) -> None:
    """Where packages come from is the installing machine's choice."""
    text = lock.read_text(encoding="utf-8")

    assert "://" not in text
    assert not re.search(
        r"^\s*(-i|--index|--extra-index|--find-links|--trusted-host|-e|-r)\b", text, re.MULTILINE
    )


def test_every_direct_dependency_is_locked() -> None:
    """A dependency added to pyproject.toml without `make lock` fails here, not in the fresh clone."""
    runtime = {name for name, _ in pins(RUNTIME)}
    dev = {name for name, _ in pins(DEV)}

    assert direct_dependencies() <= runtime
    assert direct_dependencies() | direct_dependencies("dev") <= dev


def test_the_runtime_lock_is_part_of_the_dev_lock() -> None:
    """What is tested is what the image installs: the same versions and the same files."""
    runtime, dev = pins(RUNTIME), pins(DEV)

    assert {} == {pin: hashes for pin, hashes in runtime.items() if dev.get(pin) != hashes}


def test_the_runtime_lock_brings_no_test_tools() -> None:
    assert set() == direct_dependencies("dev") & {name for name, _ in pins(RUNTIME)}
