"""Build the image for real and run it for real: `make image-test`. What docs/image.md claims is checked here.

Where the base image cannot be had, a stand-in under the same tag takes its place (tests/image/base.sh), and
the output says so. Exits 1 at the end if any check failed; prints one line a check.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
import engine

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "out" / "image"
BASE = "docker.io/library/python:3.11-slim-bookworm"
IMAGE = "localhost/guardian-sidecar:test"
USER = 65532
STOP_WITHIN_S = 10.0
UNREACHABLE = 7

CONFIG = """\
instance: image-test
state_dir: /var/lib/guardian
rules: [ats-plan]
accounts:
  - name: desk
    venue: bybit
    url: {url}
    currency: USDT
    keys: {{watch: file:/run/secrets/watch.json, hands: file:/run/secrets/hands.json}}
"""


def say(text: str) -> None:
    sys.stdout.write(f"image-test: {text}\n")
    sys.stdout.flush()


@dataclass
class Verdicts:
    """What was checked and what of it failed."""

    failed: list[str] = field(default_factory=list)

    def check(self, what: str, holds: bool, seen: object = "") -> None:
        say(f"{'ok  ' if holds else 'FAIL'} {what}" + (f": {seen}" if seen != "" else ""))
        if not holds:
            self.failed.append(what)


# --- building -----------------------------------------------------------------------------------


def download() -> None:
    """Every wheel of the lock and of the build backend, checked against its hash, into out/image/wheels."""
    backend = subprocess.run(
        [ROOT / "deploy/image/backend.sh", ROOT / "requirements-dev.lock"],
        capture_output=True,
        text=True,
        check=True,
    )
    (OUT / "backend.lock").write_text(backend.stdout)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    pip += ["--require-hashes", "--only-binary=:all:", f"--dest={OUT / 'wheels'}"]
    for lock in (ROOT / "requirements.lock", OUT / "backend.lock"):
        done = subprocess.run([*pip, "--requirement", lock], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"image-test: pip download failed:\n{done.stderr}")


def build() -> float:
    """Build with the wheels from the context and nothing from an index; returns the seconds it took."""
    began = time.monotonic()
    command = ["buildah", "bud", "--isolation=chroot", "--format=docker", "--pull-never", "--quiet"]
    command += [
        f"--build-arg=BASE={BASE}",
        "--build-arg=WHEELS=out/image/wheels",
        f"--tag={IMAGE}",
        str(ROOT),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"image-test: the build failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return time.monotonic() - began


# --- what lies in it ----------------------------------------------------------------------------

# Runs in the container by its own interpreter: the image needs no shell for it.
LOOK = """
import errno, importlib.util, json, os, shutil
def refusal(path):
    try:
        open(path, "w").close()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "written"
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines())
tools = [t for t in ("pip", "pip3", "gcc", "cc", "make", "git", "curl", "wget") if shutil.which(t)]
modules = [m for m in ("pip", "setuptools", "ensurepip", "hatchling") if importlib.util.find_spec(m)]
print(json.dumps({
    "uid": os.getuid(), "gid": os.getgid(), "groups": os.getgroups(), "cwd": os.getcwd(),
    "capabilities": int(status["CapEff"], 16), "no_new_privileges": status["NoNewPrivs"],
    "root": refusal("/x"), "venv": refusal("/opt/guardian/x"), "state": refusal("/var/lib/guardian/x"),
    "tools": tools, "modules": modules,
}))
"""


def look(verdicts: Verdicts) -> None:
    done = engine.run(IMAGE, "-c", LOOK, options=["--entrypoint=/opt/guardian/bin/python"])
    if done.returncode != 0:
        verdicts.check("the image starts", False, done.stderr.strip())
        return
    seen = json.loads(done.stdout)
    verdicts.check("user and group are 65532", [USER, USER] == [seen["uid"], seen["gid"]], seen["uid"])
    bare = seen["capabilities"] == 0 and seen["no_new_privileges"] == "1"
    verdicts.check("no capabilities, no new privileges", bare)
    sealed = {"EROFS"} == {seen["root"], seen["venv"]}
    verdicts.check("the root and the code cannot be written", sealed, f"{seen['root']}, {seen['venv']}")
    kept = ("written", "/var/lib/guardian") == (seen["state"], seen["cwd"])
    verdicts.check("the state folder can be written", kept)
    tools = seen["tools"] + seen["modules"]
    verdicts.check("no installer, compiler or fetcher", not tools, ", ".join(tools) or "none found")


# --- what it does -------------------------------------------------------------------------------


def demo(verdicts: Verdicts) -> None:
    began = time.monotonic()
    done = engine.run(IMAGE, "demo", "--json", "--out", "/tmp/demo", options=["--memory=512m"])
    seconds = time.monotonic() - began
    document = json.loads(done.stdout) if done.stdout.strip().startswith("{") else {}
    told = (document.get("unmet") or done.stderr[-500:]) if done.returncode else f"{seconds:.0f} s"
    verdicts.check("guardian demo ends well in the cage", done.returncode == 0, told)
    flat = (0, 0) == (document.get("positions_left"), document.get("orders_left"))
    verdicts.check("the account is flat at the venue", flat, f"{document.get('flat_s')} s after the breach")
    verdicts.check("the bot's key is dead", document.get("key_dead") is True)


@contextmanager
def desk() -> Iterator[Path]:
    """A simulated venue in a container, and a folder with the configuration and keys for it."""
    options = ["--no-healthcheck", "--memory=256m"]
    engine.start(IMAGE, "guardian-image-venue", "venue", "serve", options=options)
    line = waited(lambda: first_line("guardian-image-venue"), 20)
    if line is None:
        raise SystemExit("image-test: the simulated venue did not start in its container")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        (root / "guardian.yaml").write_text(CONFIG.format(url=line["url"]))
        (root / "secrets").mkdir(mode=0o700)
        for role in ("watch", "hands"):
            pair = line["accounts"][0][role]
            file = root / "secrets" / f"{role}.json"
            file.touch(0o600)
            file.write_text(json.dumps({"key": pair["key"], "secret": pair["secret"]}))
            os.chown(file, USER, USER)
        os.chown(root / "secrets", USER, USER)
        yield root


def first_line(name: str) -> Any:
    lines = engine.podman("logs", name, check=False).stdout.splitlines()
    return json.loads(lines[0]) if lines else None


def waited(ask: Callable[[], Any], seconds: float) -> Any:
    """The first answer that is not None or False, or None after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = ask()
        if answer not in (None, False):
            return answer
        time.sleep(0.3)
    return None


def daemon(verdicts: Verdicts) -> None:
    """`guardian run` as process 1 beside a venue: it watches, says that it is well, and goes when told."""
    name = "guardian-image-run"
    with desk() as folder:
        options = [
            "--network=container:guardian-image-venue",
            "--no-healthcheck",  # its timer needs systemd; the check itself is run by hand below
            "--memory=256m",
            "--stop-timeout=60",
            f"--volume={folder}/guardian.yaml:/etc/guardian/guardian.yaml:ro",
            f"--volume={folder}/secrets:/run/secrets:ro",
        ]
        engine.start(IMAGE, name, options=options)
        watching = waited(lambda: "watching desk" in engine.podman("logs", name).stderr, 30)
        told = engine.podman("logs", name).stderr.strip()[-300:]
        verdicts.check("guardian run watches an account", bool(watching), told)
        command = healthy(verdicts, name)
        kept = engine.podman("exec", name, "/opt/guardian/bin/python", "-c", MEMORY)
        say(f"     guardian run idles at {kept.stdout.strip()}")
        neighbour(verdicts, name)
        stop(verdicts, name)
        verdicts.check("the health check fails once guardian is gone", sick(folder, command))


def healthy(verdicts: Verdicts, name: str) -> list[str]:
    """The image's own health check, run in the container as an engine would run it; returns its command."""
    command = health_command()
    verdicts.check("the image's health check is guardian's", command == ["guardian", "healthcheck"])
    waited(lambda: engine.podman("exec", name, *command, check=False).returncode == 0, 20)
    told = engine.podman("exec", name, *command, check=False)
    verdicts.check(
        "the health check passes", told.returncode == 0, (told.stdout + told.stderr).strip()[-300:]
    )
    return command


# What a bot of another user sees of the state folder, mounted as deploy/compose.yaml mounts it.
PEEK = """
import json, os, socket
def refused(act):
    try:
        act()
    except PermissionError:
        return True
    return False
folder = "/var/lib/guardian"
control = socket.socket(socket.AF_UNIX)
print(json.dumps({
    "permit": json.load(open(f"{folder}/permit-desk.json")),
    "list": refused(lambda: os.listdir(folder)), "journal": refused(lambda: open(f"{folder}/journal.db")),
    "control": refused(lambda: control.connect(f"{folder}/control.sock")),
}))
"""


def neighbour(verdicts: Verdicts, name: str) -> None:
    """A bot beside guardian reads its permit and nothing else, least of all the control socket."""
    options = [f"--volumes-from={name}:ro", "--user=1000:1000", "--entrypoint=/opt/guardian/bin/python"]
    done = engine.run(IMAGE, "-c", PEEK, options=options)
    seen = json.loads(done.stdout) if done.returncode == 0 else {}
    permit = seen.get("permit", {})
    told = permit.get("mode", done.stderr[-300:])
    verdicts.check("a bot of another user reads its permit", "mode" in permit, told)
    sealed = [seen.get(part) for part in ("list", "journal", "control")]
    verdicts.check("and no list, no journal, no control socket", sealed == [True, True, True], sealed)


# Process 1 belongs to the same user, so its own figures can be read.
MEMORY = """
wanted = ("Rss", "Pss", "Private_Dirty")
rows = (line.split() for line in open("/proc/1/smaps_rollup") if line.startswith(wanted))
print(", ".join(f"{row[0][:-1]} {int(row[1]) / 1024:.0f} MiB" for row in rows if row[0][:-1] in wanted))
"""


def health_command() -> list[str]:
    """The image's HEALTHCHECK in exec form, without the CMD."""
    test: list[str] = engine.inspect(IMAGE)["Healthcheck"]["Test"]
    return test[1:] if test[0] == "CMD" else ["false"]


def stop(verdicts: Verdicts, name: str) -> None:
    began = time.monotonic()
    engine.podman("stop", name)
    seconds = time.monotonic() - began
    code = engine.inspect(name)["State"]["ExitCode"]
    in_time = code == 0 and seconds < STOP_WITHIN_S
    verdicts.check("SIGTERM ends process 1", in_time, f"exit {code} after {seconds:.1f} s")


def sick(folder: Path, command: list[str]) -> bool:
    """Whether the check fails where no guardian runs: a check that always passes is none."""
    options = [f"--volume={folder}/guardian.yaml:/etc/guardian/guardian.yaml:ro"]
    return engine.run(IMAGE, *command[1:], options=options).returncode == UNREACHABLE


def main() -> int:
    began = time.monotonic()
    OUT.mkdir(parents=True, exist_ok=True)
    engine.install()
    engine.configure(OUT)
    engine.remove_all()
    subprocess.run([ROOT / "tests/image/base.sh", BASE], check=True)
    download()
    say(f"built in {build():.0f} s; {engine.inspect(IMAGE)['Size'] / 1e6:.0f} MB")
    verdicts = Verdicts()
    try:
        look(verdicts)
        daemon(verdicts)
        demo(verdicts)
    finally:
        engine.remove_all()
    say(f"{len(verdicts.failed)} failed, in {time.monotonic() - began:.0f} s")
    return 1 if verdicts.failed else 0


if __name__ == "__main__":
    sys.exit(main())
