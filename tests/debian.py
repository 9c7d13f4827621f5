"""Binaries of Debian packages, unpacked beside the repository's other caches and never installed.

A package's own installation would start its server on a port of this machine.
Missing under CI they are a failure: silence is not a pass. Elsewhere the test is skipped, and says why.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

CACHE = Path(__file__).resolve().parents[1] / ".debian"
DOWNLOAD = ("apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root")
PATIENCE_SECONDS = 240


def binary(package: str, name: str) -> Path:
    """That package's `name`, or the one that is installed. Fetched once, also by parallel workers."""
    if found := shutil.which(name):
        return Path(found)
    place = CACHE / package
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"{package}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            _fetch(package, place)
    return place / "usr/bin" / name


def _fetch(package: str, place: Path) -> None:
    try:
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            _download(package, folder)
            (archive,) = Path(folder).glob("*.deb")
            _run(["dpkg-deb", "-x", str(archive), f"{folder}/unpacked"], folder)
            Path(folder, "unpacked").rename(place)
    except (OSError, subprocess.SubprocessError) as error:
        told = getattr(error, "stderr", None) or str(error)
        without(f"Debian's package {package} is not to be had here: {told.strip()}")


def _download(package: str, folder: str) -> None:
    try:
        _run([*DOWNLOAD, package], folder)
    except subprocess.SubprocessError:
        # A new machine has no lists yet, and old lists name versions that are gone.
        _run(["apt-get", "update", "-qq"], folder)
        _run([*DOWNLOAD, package], folder)


def _run(command: list[str], folder: str) -> None:
    subprocess.run(
        command,
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=PATIENCE_SECONDS,
    )


def without(why: str) -> None:
    """Leave the test for want of something; under CI that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)
