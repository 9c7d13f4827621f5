"""Secrets by reference: `file:PATH`, `env:NAME` (or NAME_FILE), `vault:PATH`.

Law: a secret leaves this file only as a return value. Errors name the reference and the fix; they are raised
outside of any `except` that saw the content, because a parser's exception carries what it parsed.
"""

from __future__ import annotations

import asyncio
import json
import os
import stat
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from guardian.config.shapes import VaultConfig
from guardian.core.events import Outcome
from guardian.errors import SecretError
from guardian.ports import Credential, Report
from guardian.secrets.shape import credential
from guardian.secrets.vault import VaultSecrets

LARGEST_SECRET_BYTES = 65_536
KEY_THREADS, TEXT_THREADS = 8, 4
KINDS = "file:PATH, env:NAME or vault:PATH"
NO_VAULT = "guardian.yaml has no vault; add `vault:` with its address and login"


Answer = TypeVar("Answer")


class SecretReferences:
    """`guardian.ports.SecretStore` on files, the environment and one vault; no secret is kept between calls.

    Relative paths start at `folder`, the config file's. Keys have threads of their own, apart from texts and
    from the loop's, where names are looked up: whoever acts waits for nothing that hangs there.
    """

    def __init__(
        self, folder: Path, environ: Mapping[str, str] | None = None, vault: VaultConfig | None = None
    ) -> None:
        self._folder = folder
        self._environ = os.environ if environ is None else environ
        self._vault = VaultSecrets(vault, self._read) if vault is not None else None
        self._keys = ThreadPoolExecutor(KEY_THREADS, "keys")
        self._texts = ThreadPoolExecutor(TEXT_THREADS, "texts")

    def __repr__(self) -> str:
        return f"SecretReferences({str(self._folder)!r})"

    async def fetch(self, ref: str) -> Credential:
        """The key pair behind a reference; a file must be 0600. Raises SecretError."""
        if (vault := self._vault_of(ref)) is not None:
            return await vault.fetch(ref)
        return credential(ref, _parsed(await _on(self._keys, lambda: self._read(ref, True))))

    async def fetch_text(self, ref: str) -> str:
        """A single secret string without surrounding space. Raises SecretError."""
        if (vault := self._vault_of(ref)) is not None:
            return await vault.fetch_text(ref)
        text = (await _on(self._texts, lambda: self._read(ref, False))).strip()
        if not text:
            raise SecretError(f"{ref}: is empty; write the secret into it")
        return text

    async def destroy(self, ref: str) -> Report:
        """Overwrite and remove a file. GONE: it was not there; IMPOSSIBLE: not a file; REFUSED: by the disk.

        Overwriting is best effort: a copying file system or an SSD may keep the old blocks. In a vault: every
        version, as VaultSecrets.destroy says.
        """
        if (vault := self._vault_of(ref)) is not None:
            return await vault.destroy(ref)
        scheme, _, rest = ref.partition(":")
        if scheme != "file" or not rest:
            return Report(Outcome.IMPOSSIBLE, scheme or "reference", _why_indestructible(scheme))
        return await _on(self._keys, lambda: _destroy(self._path(rest)))

    def _vault_of(self, ref: str) -> VaultSecrets | None:
        return self._vault if ref.startswith("vault:") and ref != "vault:" else None

    def _path(self, rest: str) -> Path:
        return self._folder / Path(rest).expanduser()

    def _read(self, ref: str, private: bool) -> str:
        scheme, _, rest = ref.partition(":")
        if not rest:
            raise SecretError(f"{_shown(ref)}: is not a reference; write {KINDS}")
        if scheme == "file":
            return _read_file(ref, self._path(rest), private)
        if scheme == "env":
            return self._read_env(ref, rest)
        if scheme == "vault":
            # Also where the vault's own login names one: it cannot give the key to itself.
            raise SecretError(
                f"{ref}: {NO_VAULT if self._vault is None else 'is not allowed for its own login'}"
            )
        raise SecretError(f"{_shown(ref)}: unknown kind of reference; write {KINDS}")

    def _read_env(self, ref: str, name: str) -> str:
        value = self._environ.get(name)
        if value is not None:
            return value
        path = self._environ.get(f"{name}_FILE")
        if path is None:
            raise SecretError(f"{ref}: neither {name} nor {name}_FILE is set; set one of them")
        # The container runtime decides the mode of its secret files (Docker's are 0444), so it is not judged.
        return _read_file(f"{ref} ({name}_FILE)", self._path(path), private=False)


async def _on(threads: ThreadPoolExecutor, work: Callable[[], Answer]) -> Answer:
    return await asyncio.get_running_loop().run_in_executor(threads, work)


def _shown(ref: str) -> str:
    """Something that is no reference may be the secret itself, pasted into the wrong place."""
    scheme, colon, _ = ref.partition(":")
    known = bool(colon) and scheme.isalpha() and scheme.islower() and len(scheme) <= 16
    return f"{scheme}:…" if known else f"a reference of {len(ref)} characters"


def _why_indestructible(scheme: str) -> str:
    if scheme == "vault":
        return NO_VAULT
    return "only file: and vault: references can be destroyed; remove this secret where it is set"


def _read_file(ref: str, path: Path, private: bool) -> str:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise SecretError(f"{ref}: cannot open {path}: {why}; create it, or correct the path") from None
    try:
        _allow(ref, path, os.fstat(fd), private)
        text = _decoded(os.read(fd, LARGEST_SECRET_BYTES))
    finally:
        os.close(fd)
    if text is None:
        raise SecretError(f"{ref}: {path} is not UTF-8 text")
    return text


def _allow(ref: str, path: Path, there: os.stat_result, private: bool) -> None:
    """Judge the opened file itself, so that nobody can swap it in between."""
    if not stat.S_ISREG(there.st_mode):
        raise SecretError(f"{ref}: {path} is not a file")
    if private and there.st_mode & 0o077:
        mode = stat.S_IMODE(there.st_mode)
        raise SecretError(f"{ref}: {path} is open to others (mode {mode:04o}); chmod 600 {path}")
    if there.st_size > LARGEST_SECRET_BYTES:
        raise SecretError(f"{ref}: {path} has {there.st_size} bytes; that is not a secret")


def _decoded(raw: bytes) -> str | None:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _destroy(path: Path) -> Report:
    try:
        target = path.resolve(strict=True)
        if not target.is_file():
            return Report(Outcome.REFUSED, "not-a-file", f"{path} is not a file")
        _overwrite(target)
        target.unlink()
        path.unlink(missing_ok=True)  # A link to it, where the reference named one.
        _sync_folder(target.parent)
    except FileNotFoundError:
        return Report(Outcome.GONE, "absent", f"{path} does not exist")
    except OSError as error:
        return Report(Outcome.REFUSED, "os", f"{path}: {error.strerror or type(error).__name__}")
    return Report(Outcome.DONE, "removed", f"{path} is overwritten and removed")


def _overwrite(path: Path) -> None:
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    except PermissionError:
        return  # Removing needs the folder's permission only, and matters more.
    with open(fd, "wb", buffering=0) as file:
        file.write(b"\0" * os.fstat(fd).st_size)
        os.fsync(fd)


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
