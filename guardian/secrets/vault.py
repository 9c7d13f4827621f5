"""`vault:PATH`: secrets in the KV v2 engine of Vault or OpenBao.

A key pair is a secret with the fields `key` and `secret`; a single string is a secret with the field `value`.
Nothing is kept between two calls but the login. Destroying needs no right to read the secret.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from guardian.config.shapes import VaultConfig
from guardian.config.values import is_vault_path
from guardian.core.events import Outcome
from guardian.errors import SecretError
from guardian.ports import Credential, Report
from guardian.secrets.session import Trouble, VaultSession
from guardian.secrets.shape import credential

WORKERS = 4
TEXT_FIELD = "value"

Answer = TypeVar("Answer")


class VaultSecrets:
    """`guardian.ports.SecretStore` for `vault:` references. `read` resolves what logging in needs.

    Threads of its own, because a vault that hangs must not use up those that the journal writes with.
    """

    def __init__(self, config: VaultConfig, read: Callable[[str, bool], str]) -> None:
        self._session = VaultSession(config, read)
        self._mount = config.mount
        self._threads = ThreadPoolExecutor(WORKERS, "vault")

    def __repr__(self) -> str:
        return f"VaultSecrets({self._session.at!r})"

    async def fetch(self, ref: str) -> Credential:
        """The key pair behind a reference. Raises SecretError."""
        return credential(ref, await self._in_thread(lambda: self._fields(ref)))

    async def fetch_text(self, ref: str) -> str:
        """The field `value`, without surrounding space. Raises SecretError."""
        value = (await self._in_thread(lambda: self._fields(ref))).get(TEXT_FIELD)
        if not isinstance(value, str) or not value.strip():
            raise SecretError(f"{ref}: has no text field {TEXT_FIELD!r}; write the secret into it")
        return value.strip()

    async def destroy(self, ref: str) -> Report:
        """Every version and the metadata, gone for good.

        DONE only when a read of the metadata afterwards finds none; GONE: there was none; REFUSED: the policy
        does not allow it; UNKNOWN: sealed, unreachable, or nothing that proves it. Both are retried.
        """
        return await self._in_thread(lambda: self._destroy(ref))

    async def _in_thread(self, work: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _fields(self, ref: str) -> dict[str, Any]:
        path = _path(ref)
        answer = self._session.ask(
            lambda client: client.secrets.kv.v2.read_secret_version(
                path, mount_point=self._mount, raise_on_deleted_version=True
            )
        )
        if isinstance(answer, Trouble):
            raise SecretError(f"{ref}: {answer.sentence}")
        fields = _inside(_inside(answer, "data"), "data")
        if not isinstance(fields, dict):
            raise SecretError(f"{ref}: the vault's answer holds no secret; check that the mount is KV v2")
        return fields

    def _destroy(self, ref: str) -> Report:
        path = _path(ref)
        there = self._metadata(path)
        if isinstance(there, Trouble) and there.code == "absent":
            return Report(Outcome.GONE, "absent", f"{ref}: the vault has no such secret")
        if not isinstance(there, Trouble):
            # Deleting the metadata removes every version; destroying them first leaves nothing to undelete
            # should that be denied. Whether it succeeds is judged by the end, not here.
            versions = [int(number) for number in _inside(_inside(there, "data"), "versions") or ()]
            self._session.ask(lambda client: self._erase(client, path, versions))
        answer = self._session.ask(
            lambda client: client.secrets.kv.v2.delete_metadata_and_all_versions(
                path, mount_point=self._mount
            )
        )
        if isinstance(answer, Trouble):
            denied = answer.code in ("denied", "refused")
            outcome = Outcome.REFUSED if denied else Outcome.UNKNOWN
            return Report(outcome, answer.code, f"{ref}: {answer.sentence}")
        return self._proven(ref, path)

    def _proven(self, ref: str, path: str) -> Report:
        """The vault's "deleted" is no proof: it says the same of what was never there."""
        left = self._metadata(path)
        if not isinstance(left, Trouble):
            return Report(Outcome.UNKNOWN, "still-there", f"{ref}: is still there after its deletion")
        if left.code == "absent":
            return Report(Outcome.DONE, "destroyed", f"{ref}: every version and the metadata are gone")
        why = (
            "grant `read` on its metadata, which shows no secret" if left.code == "denied" else left.sentence
        )
        return Report(Outcome.UNKNOWN, "unproven", f"{ref}: deleted, but nothing proves it: {why}")

    def _metadata(self, path: str) -> Any | Trouble:
        return self._session.ask(
            lambda client: client.secrets.kv.v2.read_secret_metadata(path, mount_point=self._mount)
        )

    def _erase(self, client: Any, path: str, versions: list[int]) -> Any:
        return client.secrets.kv.v2.destroy_secret_versions(path, versions, mount_point=self._mount)


def _inside(answer: Any, name: str) -> Any:
    return answer.get(name) if isinstance(answer, dict) else None


def _path(ref: str) -> str:
    """PATH of vault:PATH. Raises SecretError for what would leave its place in the vault's address."""
    path = ref.removeprefix("vault:")
    if not is_vault_path(path):
        raise SecretError(f"{ref}: is not a path in a vault; write vault:FOLDER/NAME, without the mount")
    return path
