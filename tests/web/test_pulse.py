"""healthcheck: the plain file is read in a blink, and any other is left to the real loader."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from guardian.cli.see import pulse

PLAIN = """\
# the desk's guardian
instance: desk-1
state_dir: state        # journal.db
listen: 127.0.0.1:8787  # it's for probes
rules: [starter]
accounts:
- name: main
  listen: not-this-one
  keys: {watch: file:w, hands: file:h}
"""

ALIVE = b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}"
STUCK = b'HTTP/1.0 503 Service Unavailable\r\n\r\n{"ok":false,"reasons":["nothing has been judged for 20 s"]}'


def written(folder: Path, text: str) -> str:
    file = folder / "guardian.yaml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_the_address_is_what_listen_says(tmp_path: Path) -> None:
    assert "127.0.0.1:8787" == pulse.glance(written(tmp_path, PLAIN))


def test_without_listen_it_is_the_control_socket_beside_the_file(tmp_path: Path) -> None:
    text = PLAIN.replace("listen: 127.0.0.1:8787  # it's for probes\n", "")

    assert str(tmp_path / "state" / "control.sock") == pulse.glance(written(tmp_path, text))


@pytest.mark.parametrize("state_dir", ["/var/lib/guardian", '"/var/lib/guardian"', "'/var/lib/guardian'"])
def test_an_absolute_folder_stays_one(tmp_path: Path, state_dir: str) -> None:
    found = pulse.glance(written(tmp_path, f"state_dir: {state_dir}\n"))

    assert "/var/lib/guardian/control.sock" == found


@pytest.mark.parametrize(
    "text",
    [
        "{state_dir: state, listen: 127.0.0.1:1}\n",
        'state_dir: state\n"listen": 127.0.0.1:1\n',
        "state_dir: state\nlisten:\n  127.0.0.1:1\n",
        "state_dir: state\nlisten: 127.0.0.1:1\nlisten: 127.0.0.1:2\n",
        'state_dir: state\ninstance: "a\nlisten: 127.0.0.1:1"\n',
        "state_dir: state\nrules: [\nlisten: 127.0.0.1:1]\n",
        "state_dir: &here state\n",
        "state_dir: ~/state\n",
        "state_dir: >\n  state\n",
        "listen: 127.0.0.1:1\n",
        "%YAML 1.1\n---\nstate_dir: state\n",
    ],
)
def test_what_could_mean_something_else_is_left_to_the_loader(tmp_path: Path, text: str) -> None:
    """Asking the wrong address would restart a healthy guardian."""
    assert None is pulse.glance(written(tmp_path, text))


def test_a_file_that_is_not_there_is_left_to_the_loader(tmp_path: Path) -> None:
    assert None is pulse.quick(["--config", str(tmp_path / "guardian.yaml")])


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """A port that gives this answer to one question; its address."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()

        def once() -> None:
            line, _ = server.accept()
            with line:
                line.recv(4096)
                line.sendall(answer)

        thread = threading.Thread(target=once, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join(5)


@pytest.mark.parametrize(
    ("answer", "code"),
    [(ALIVE, 0), (STUCK, 7), (b"SSH-2.0 hello\r\n", 7), (b"", 7)],
    ids=lambda v: str(v)[:20],
)
def test_only_a_guardian_that_says_so_is_alive(answer: bytes, code: int) -> None:
    with answering(answer) as address:
        assert code == pulse.tell(address, as_json=False)


def test_where_another_program_has_the_port_the_control_socket_is_asked() -> None:
    """A container that is killed for it would lose an incident that goes on."""
    with answering(b"HTTP/1.0 404 Not Found\r\n\r\n") as taken, answering(ALIVE) as socket_:
        assert 0 == pulse.tell(taken, as_json=False, otherwise=socket_)
    with answering(STUCK) as stuck, answering(STUCK) as socket_:
        assert 7 == pulse.tell(stuck, as_json=False, otherwise=socket_)


def test_why_it_is_not_alive_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with answering(STUCK) as address:
        pulse.tell(address, as_json=False)

    told = capsys.readouterr()
    assert "nothing has been judged for 20 s" in told.err
    assert "" == told.out


def test_an_answer_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "TIMEOUT_SECONDS", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()

        assert 7 == pulse.tell(f"127.0.0.1:{silent.getsockname()[1]}", as_json=False)


def test_the_quick_way_imports_nothing_heavy(tmp_path: Path) -> None:
    """It runs every few seconds in a container; click, YAML and aiohttp would cost more than the question."""
    program = (
        "import sys, guardian.cli\n"
        "try: guardian.cli.main(['healthcheck', '--config', sys.argv[1]])\n"
        "except SystemExit as end: print(end.code)\n"
        "print(*sorted({'click', 'yaml', 'aiohttp', 'pydantic', 'orjson', 'asyncio'} & set(sys.modules)))\n"
    )
    config = written(tmp_path, "state_dir: state\n")

    done = subprocess.run(
        [sys.executable, "-c", program, config], capture_output=True, text=True, check=True, timeout=30
    )

    assert ["7", ""] == done.stdout.splitlines()
    assert f"no guardian answers on {tmp_path}/state/control.sock" in done.stderr
