"""What every SecretStore promises: the secret or a SecretError that names the reference, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from guardian.core.events import Outcome
from guardian.errors import SecretError
from guardian.ports import Credential, SecretStore
from guardian.secrets import SecretReferences
from guardian.sim.ports.outside import SECRETS, SimSecrets
from guardian.sim.world.seed import Seeding, seed_world
from tests.adapters.secrets.openbao import OpenBao
from tests.contracts.simulated import Seeded, Told, stand_of

CANARY = "canary-secret"


@dataclass(frozen=True)
class Stocked:
    """A store that holds a pair, a text and something broken; `destroyable` names what it can destroy.

    `holds` is what it must give for the pair and the text.
    """

    store: SecretStore
    pair: str
    text: str
    broken: str
    missing: str
    destroyable: str | None
    holds: tuple[Credential, str] = (Credential("public", CANARY, (("note", "n"),)), CANARY)


async def gives_what_it_holds(stocked: Stocked) -> None:
    credential = await stocked.store.fetch(stocked.pair)
    text = await stocked.store.fetch_text(stocked.text)

    assert (credential, text) == stocked.holds


async def names_the_reference_it_cannot_resolve(stocked: Stocked) -> None:
    for fetch in (stocked.store.fetch, stocked.store.fetch_text):
        with pytest.raises(SecretError) as refused:
            await fetch(stocked.missing)

        assert stocked.missing in str(refused.value)


async def never_quotes_what_it_could_not_read(stocked: Stocked) -> None:
    with pytest.raises(SecretError) as refused:
        await stocked.store.fetch(stocked.broken)

    assert CANARY not in f"{refused.value} {refused.value!r} {refused.value.__context__!r} {stocked.store!r}"


async def destroys_for_good_or_says_that_it_cannot(stocked: Stocked) -> None:
    impossible = await stocked.store.destroy("env:PAIR")
    assert impossible.outcome is Outcome.IMPOSSIBLE
    if stocked.destroyable is None:
        assert (await stocked.store.destroy(stocked.pair)).outcome is Outcome.IMPOSSIBLE
        return

    reports = [await stocked.store.destroy(stocked.destroyable) for _ in range(2)]

    assert [report.outcome for report in reports] == [Outcome.DONE, Outcome.GONE]
    with pytest.raises(SecretError):
        await stocked.store.fetch(stocked.destroyable)


PROMISES: list[Callable[[Stocked], Awaitable[None]]] = [
    gives_what_it_holds,
    names_the_reference_it_cannot_resolve,
    never_quotes_what_it_could_not_read,
    destroys_for_good_or_says_that_it_cannot,
]
PAIR = json.dumps({"key": "public", "secret": CANARY, "note": "n"})
BROKEN = f'{{"key": "public", "secret": "{CANARY}"'


def files(folder: Path) -> Stocked:
    for name, content in (("pair", PAIR), ("text", CANARY + "\n"), ("broken", BROKEN)):
        (folder / name).write_text(content)
        (folder / name).chmod(0o600)
    store = SecretReferences(folder, {})
    return Stocked(store, "file:pair", "file:text", "file:broken", "file:none", "file:pair")


def environment(folder: Path) -> Stocked:
    store = SecretReferences(folder, {"PAIR": PAIR, "TEXT": CANARY, "BROKEN": BROKEN})
    return Stocked(store, "env:PAIR", "env:TEXT", "env:BROKEN", "env:NONE", None)


def vault(bao: OpenBao) -> Stocked:
    for name, fields in (
        ("pair", json.loads(PAIR)),
        ("text", {"value": CANARY}),
        ("broken", {"key": CANARY}),
    ):
        bao.put(f"guardian/{name}", fields)
    bao.root().sys.create_or_update_policy("all", 'path "secret/*" {capabilities=["read","update","delete"]}')
    bao.grant("all")
    store = SecretReferences(bao.folder, {}, bao.config)
    names = ("pair", "text", "broken", "none", "pair")
    return Stocked(store, *(f"vault:guardian/{name}" for name in names))


def simulator(folder: Path) -> Stocked:
    ground = Seeded(*seed_world(7, Seeding(), 1_767_225_600_000))
    stand = stand_of(ground, Told())
    holds = (Credential(stand.keys["hands"].id, SECRETS["hands"]), SECRETS["admin"])
    return Stocked(SimSecrets(stand), "hands", "admin", "none", "none", "bot", holds)


@pytest.mark.process
@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
async def test_a_vault_keeps(promise: Callable[[Stocked], Awaitable[None]], tmp_path: Path) -> None:
    bao = OpenBao(tmp_path / "bao")
    try:
        await promise(vault(bao.start()))
    finally:
        bao.stop()


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
@pytest.mark.parametrize("stock", [files, environment, simulator])
async def test_secret_stores_keep(
    promise: Callable[[Stocked], Awaitable[None]], stock: Callable[[Path], Stocked], tmp_path: Path
) -> None:
    await promise(stock(tmp_path))
