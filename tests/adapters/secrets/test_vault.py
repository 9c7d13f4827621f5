"""`vault:` references against a real OpenBao: logging in, being refused, sealed, down, and destroying."""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest

from guardian.config.shapes import VaultConfig
from guardian.core.events import Outcome
from guardian.errors import SecretError
from guardian.secrets import SecretReferences
from tests.adapters.secrets.openbao import ROOT_TOKEN, OpenBao, free_port

CANARY = "canary-secret"
PAIR = {"key": "public", "secret": CANARY}
WATCH = "vault:guardian/watch"
EXEC = "vault:exec/bot"

pytestmark = pytest.mark.process


def store(bao: OpenBao, **changes: object) -> SecretReferences:
    return SecretReferences(bao.folder, {}, replace(bao.config, **changes))  # type: ignore[arg-type]


async def refusal(secrets: SecretReferences, bao: OpenBao, ref: str = WATCH) -> str:
    """The sentence, once it is sure that neither it nor what it was raised from holds a secret."""
    with pytest.raises(SecretError) as refused:
        await secrets.fetch(ref)
    error = refused.value
    shown = f"{error!r} {error.__context__!r} {error.__cause__!r} {secrets!r}"
    for secret in (CANARY, ROOT_TOKEN, (bao.folder / "secret_id").read_text().strip()):
        assert secret not in shown
    return str(error)


async def test_a_key_comes_by_approle_and_no_other_token(
    bao: OpenBao, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token that lies about in the environment must not be what guardian is allowed by."""
    bao.put("guardian/watch", PAIR)
    bao.put("exec/bot", PAIR)
    monkeypatch.setenv("VAULT_TOKEN", ROOT_TOKEN)
    secrets = store(bao)

    credential = await secrets.fetch(WATCH)
    denied = await refusal(secrets, bao, EXEC)

    assert ("public", CANARY) == (credential.key, credential.secret)
    assert "denies it" in denied


async def test_the_secret_id_is_read_again_at_each_login(bao: OpenBao) -> None:
    """A rotated secret id is taken up without a restart; the wrong one is named by its reference."""
    bao.put("guardian/watch", PAIR)
    right = (bao.folder / "secret_id").read_text()
    bao.write_login("secret_id", "00000000-0000-0000-0000-000000000000")
    secrets = store(bao)

    sentence = await refusal(secrets, bao)
    bao.write_login("secret_id", right)
    credential = await secrets.fetch(WATCH)

    assert "refuses guardian's login" in sentence
    assert str(bao.folder / "secret_id") in sentence
    assert CANARY == credential.secret


async def test_a_login_file_open_to_others_is_refused(bao: OpenBao) -> None:
    (bao.folder / "secret_id").chmod(0o644)

    assert "chmod 600" in await refusal(store(bao), bao)


async def test_an_expired_token_is_replaced(bao: OpenBao) -> None:
    """Months may lie between two incidents; a token of a second must not stand in the way."""
    bao.grant(token_ttl="1s", token_max_ttl="1s")
    bao.put("guardian/watch", PAIR)
    secrets = store(bao)
    await secrets.fetch(WATCH)

    await asyncio.sleep(1.5)

    assert CANARY == (await secrets.fetch(WATCH)).secret


async def test_a_token_in_use_is_renewed_without_a_new_login(bao: OpenBao) -> None:
    """One secret id of a single use is enough for as long as the token is used in time."""
    bao.grant(token_ttl="3s", token_max_ttl="1h", secret_id_num_uses=1)
    bao.put("guardian/watch", PAIR)
    secrets = store(bao)

    for _ in range(4):
        assert CANARY == (await secrets.fetch(WATCH)).secret
        await asyncio.sleep(1.2)


async def test_a_revoked_token_is_replaced(bao: OpenBao) -> None:
    bao.put("guardian/watch", PAIR)
    secrets = store(bao)
    await secrets.fetch(WATCH)

    bao.root().sys.revoke_prefix("auth/approle")

    assert CANARY == (await secrets.fetch(WATCH)).secret


async def test_sealed_says_so_and_heals(bao: OpenBao) -> None:
    bao.put("guardian/watch", PAIR)
    bao.put("exec/bot", PAIR)
    secrets = store(bao)
    await secrets.fetch(WATCH)
    bao.seal()

    sentence = await refusal(secrets, bao)
    kept = await secrets.destroy(EXEC)
    bao.unseal()

    assert "is sealed; unseal it" in sentence
    assert (Outcome.UNKNOWN, "sealed") == (kept.outcome, kept.code)
    assert CANARY == (await secrets.fetch(WATCH)).secret
    assert Outcome.DONE is (await secrets.destroy(EXEC)).outcome


async def test_down_and_silent_vaults_are_given_up_in_time(bao: OpenBao) -> None:
    """A port that takes the connection and never answers must cost seconds, not minutes."""
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        silent = store(bao, address=f"http://127.0.0.1:{mute.getsockname()[1]}")
        begun = time.monotonic()
        waited = await refusal(silent, bao)
        seconds = time.monotonic() - begun
    down = store(bao, address=f"http://127.0.0.1:{free_port()}")

    assert "does not answer within 2 s" in waited
    assert seconds < 20
    assert "cannot be reached" in await refusal(down, bao)
    assert Outcome.UNKNOWN is (await down.destroy(EXEC)).outcome


async def test_tls_needs_the_vaults_ca(bao_tls: OpenBao) -> None:
    bao_tls.put("guardian/watch", PAIR)

    credential = await store(bao_tls).fetch(WATCH)
    distrusted = await refusal(store(bao_tls, ca=None), bao_tls)
    lost = await refusal(store(bao_tls, ca=Path("/nonexistent/ca.pem")), bao_tls)

    assert CANARY == credential.secret
    assert "certificate that is not trusted; set vault.ca" in distrusted
    assert "CA file cannot be used" in lost


@pytest.mark.parametrize(
    ("ref", "says"),
    [
        ("vault:guardian/none", "has nothing there"),
        ("vault:guardian/deleted", "has nothing there"),
        ("vault:guardian/bare", "has no text field 'secret'"),
        ("vault:../sys/mounts", "is not a path in a vault"),
        ("vault:guardian/watch?version=1", "is not a path in a vault"),
    ],
)
async def test_a_wrong_reference_says_what_to_do(bao: OpenBao, ref: str, says: str) -> None:
    bao.put("guardian/bare", {"key": CANARY})
    bao.put("guardian/deleted", PAIR)
    bao.root().secrets.kv.v2.delete_latest_version_of_secret("guardian/deleted")

    assert says in await refusal(store(bao), bao, ref)


async def test_a_text_secret_is_the_field_value(bao: OpenBao) -> None:
    bao.put("guardian/hook", {"value": f" {CANARY}\n"})
    bao.put("guardian/bare", {"text": CANARY})

    assert CANARY == await store(bao).fetch_text("vault:guardian/hook")
    with pytest.raises(SecretError, match="has no text field 'value'"):
        await store(bao).fetch_text("vault:guardian/bare")


async def test_every_version_is_destroyed_without_the_right_to_read_one(bao: OpenBao) -> None:
    bao.put("exec/bot", PAIR)
    bao.put("exec/bot", PAIR)
    secrets = store(bao)
    await refusal(secrets, bao, EXEC)

    reports = [await secrets.destroy(EXEC) for _ in range(2)]

    assert [Outcome.DONE, Outcome.GONE] == [report.outcome for report in reports]
    assert not bao.holds("exec/bot")


async def test_a_deletion_that_nothing_proves_is_not_done(bao: OpenBao) -> None:
    """The vault says "deleted" of what was never there, too: without the metadata it is no proof."""
    bao.root().sys.create_or_update_policy("blind", 'path "secret/metadata/exec/*" {capabilities=["delete"]}')
    bao.grant("blind")
    bao.put("exec/bot", PAIR)

    report = await store(bao).destroy(EXEC)

    assert (Outcome.UNKNOWN, "unproven") == (report.outcome, report.code)
    assert "grant `read` on its metadata" in report.detail


async def test_what_the_policy_forbids_is_not_destroyed(bao: OpenBao) -> None:
    bao.put("guardian/watch", PAIR)

    report = await store(bao).destroy(WATCH)

    assert (Outcome.REFUSED, "denied") == (report.outcome, report.code)
    assert bao.holds("guardian/watch")


async def test_a_mount_that_is_not_there_is_no_proof_of_absence(bao: OpenBao) -> None:
    """Reading a path under no mount is "not found" as well; taking that for destroyed would be a lie."""
    bao.root().sys.create_or_update_policy("wide", 'path "nowhere/*" {capabilities=["read", "delete"]}')
    bao.grant("wide")

    report = await store(bao, mount="nowhere").destroy(EXEC)

    assert Outcome.REFUSED is report.outcome
    assert "no such mount" in report.detail


async def test_a_token_reference_logs_in_too(bao: OpenBao) -> None:
    bao.put("guardian/watch", PAIR)
    token = bao.root().auth.token.create(policies=["guardian"])["auth"]["client_token"]
    vault = VaultConfig(bao.address, None, (("token.token", "env:BAO"),))
    secrets = SecretReferences(bao.folder, {"BAO": token}, vault)

    assert CANARY == (await secrets.fetch(WATCH)).secret
    assert token not in repr(secrets)
