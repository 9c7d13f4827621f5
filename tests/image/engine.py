"""podman as this proof uses it: rootful, by runc, without a network; whatever is started here ends here.

Law: it removes only containers that carry its own label, and touches no network of the machine.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PACKAGES = ("podman", "buildah", "runc", "debootstrap")
LABEL = "guardian-image-test"

# Inside a virtual machine or another container there may be no systemd, no unified cgroups and no right to
# raise limits: runc with plain limits runs there, and anywhere else.
CONF = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""

# The cage that docs/image.md recommends. A test that is allowed more than users are proves nothing.
CAGE = (
    "--read-only",
    "--tmpfs=/tmp:rw,nosuid,nodev,size=64m",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--pids-limit=256",
)


def install() -> None:
    """Install what is missing with apt, as root. Raises SystemExit with what to do where that cannot be."""
    missing = [name for name in PACKAGES if shutil.which(name) is None]
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise SystemExit(f"image-test: needs {', '.join(missing)}; install them, or run as root on Debian")
    quiet = {"env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, "stdout": subprocess.DEVNULL}
    subprocess.run(["apt-get", "update", "-qq"], check=True, **quiet)  # type: ignore[call-overload]
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
    subprocess.run(command, check=True, **quiet)  # type: ignore[call-overload]


def configure(folder: Path) -> None:
    """Write the engine's settings and make every later command here use them."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "containers.conf"
    settings.write_text(CONF)
    os.environ["CONTAINERS_CONF"] = str(settings)


def podman(*arguments: str, check: bool = True, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """One podman command; raises CalledProcessError with its stderr as a note where `check` is set."""
    command = ["podman", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    if check and done.returncode != 0:
        shown = " ".join(arguments[:3])
        raise SystemExit(
            f"image-test: podman {shown} ... ended with {done.returncode}: {done.stderr.strip()}"
        )
    return done


def run(image: str, *command: str, options: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """A container in the cage, without a network, to its end."""
    cage = (*CAGE, "--network=none", "--no-healthcheck", f"--label={LABEL}=1", "--rm", *options)
    return podman("run", *cage, image, *command, check=False, timeout=300)


def start(image: str, name: str, *command: str, options: Sequence[str] = ()) -> None:
    """A container in the cage, in the background. Its network is none unless `options` names one."""
    network = () if any(option.startswith("--network") for option in options) else ("--network=none",)
    podman(
        "run", "--detach", f"--name={name}", f"--label={LABEL}=1", *CAGE, *network, *options, image, *command
    )


def inspect(name: str) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(podman("inspect", name).stdout)[0]
    return row


def remove_all() -> None:
    """End and remove every container of this proof, also those of a run that was cut short."""
    listed = podman("ps", "--all", "--quiet", f"--filter=label={LABEL}").stdout.split()
    for _ in range(2):  # one that lends its network goes only after its borrower
        for name in listed:
            podman("rm", "--force", "--time=0", "--volumes", name, check=False)
