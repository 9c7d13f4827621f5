"""What the Dockerfile and the compose file promise on paper; `make image-test` proves it in a container."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from guardian.cli import root

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
INSTALLERS = ("apt-get", "apk ", "pip install", "gcc", "build-essential", "curl", "wget")


def last_stage() -> list[str]:
    """The instructions of the stage that is shipped, one line each, without comments."""
    joined = DOCKERFILE.replace("\\\n", " ")
    lines = [line.strip() for line in joined.splitlines() if line.strip() and not line.startswith("#")]
    start = max(number for number, line in enumerate(lines) if line.startswith("FROM "))
    return lines[start:]


def lint(text: str) -> subprocess.CompletedProcess[str]:
    """Raises FileNotFoundError where hadolint is missing: an unlinted Dockerfile is not a clean one."""
    hadolint = Path(sys.executable).with_name("hadolint")
    return subprocess.run(
        [hadolint, "--no-color", "-"], input=text, capture_output=True, text=True, check=False
    )


def test_hadolint_finds_nothing() -> None:
    done = lint(DOCKERFILE)

    assert (0, "") == (done.returncode, done.stdout)


def test_hadolint_would_find_something() -> None:
    """The test of the test: a Dockerfile that installs as root from a moving tag does not get through."""
    assert 0 != lint("FROM debian:latest\nRUN apt-get install gcc\n").returncode


def test_the_last_stage_runs_guardian_as_nobody_in_particular() -> None:
    stage = last_stage()

    assert "USER 65532:65532" in stage
    assert 'ENTRYPOINT ["guardian"]' in stage, "a shell in between would swallow SIGTERM"
    assert "STOPSIGNAL SIGTERM" in stage
    assert 'VOLUME ["/var/lib/guardian"]' in stage
    assert any(line.startswith("HEALTHCHECK") and 'CMD ["guardian", "healthcheck"]' in line for line in stage)


def test_no_instruction_after_user_goes_back_to_root() -> None:
    assert ["USER 65532:65532"] == [line for line in last_stage() if line.startswith("USER")]


def test_nothing_is_installed_in_the_last_stage() -> None:
    """What can build or fetch serves an intruder, not guardian."""
    runs = [line for line in last_stage() if line.startswith("RUN")]

    assert [] == [tool for tool in INSTALLERS for line in runs if tool in line]


def test_every_wheel_is_checked_against_its_hash() -> None:
    """But for guardian's own, which is built from this tree a line earlier and installed without an index."""
    installs = re.findall(r"pip (?:--python \S+ )?install (.*?)(?:&&|\n(?!\s))", DOCKERFILE, re.DOTALL)

    assert 3 == len(installs)
    assert all("--require-hashes" in each or "--no-index /tmp/wheel/" in each for each in installs)


def test_the_backend_in_the_lock_is_the_one_that_the_project_names() -> None:
    """The build takes the backend's lines out of the development lock: none of them may be missing there."""
    script, lock = ROOT / "deploy/image/backend.sh", ROOT / "requirements-dev.lock"

    printed = subprocess.run([script, lock], capture_output=True, text=True, check=True).stdout

    wanted = {"hatchling", "packaging", "pathspec", "pluggy", "trove-classifiers"}
    assert wanted == set(re.findall(r"^([\w-]+)==", printed, re.M))
    assert len(wanted) <= printed.count("--hash=sha256:")


# --- compose ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))
    return dict(found["services"])


def test_compose_cages_guardian(services: dict[str, Any]) -> None:
    guardian = services["guardian"]

    assert guardian["read_only"] is True
    assert ["ALL"] == guardian["cap_drop"]
    assert ["no-new-privileges:true"] == guardian["security_opt"]
    assert "2m" == guardian["stop_grace_period"]
    assert guardian["mem_limit"]
    assert "unless-stopped" == guardian["restart"]
    assert ["CMD", "guardian", "healthcheck"] == guardian["healthcheck"]["test"]
    assert all(port.startswith("127.0.0.1:") for port in guardian["ports"]), "never open to the network"
    assert "environment" not in guardian, "a secret in the environment is shown by docker inspect"


def test_compose_starts_the_bot_only_once_guardian_watches(services: dict[str, Any]) -> None:
    bot = services["bot"]

    assert {"guardian": {"condition": "service_healthy"}} == bot["depends_on"]
    assert ["state:/run/guardian:ro"] == bot["volumes"], "the bot reads its permit and writes none"
    assert not str(bot["user"]).startswith("0"), "root in the bot could reach the control socket"


def test_the_example_configuration_passes_the_check() -> None:
    result = CliRunner().invoke(root, ["check", "--config", str(ROOT / "deploy/guardian.yaml")])

    assert 0 == result.exit_code, result.output


def test_compose_mounts_every_secret_that_the_examples_name(services: dict[str, Any]) -> None:
    files = [
        (ROOT / "deploy" / name).read_text(encoding="utf-8") for name in ("guardian.yaml", "routes.yaml")
    ]

    named = set(re.findall(r"file:/run/secrets/([\w.]+)", "".join(files)))

    assert named == set(services["guardian"]["secrets"])
