"""A logged-in conversation with Vault or OpenBao: AppRole or token, renewed in time, bounded in time.

Law: what hvac and requests raise carries tokens and answers, so it ends in `_attempt` and only a `Trouble`
of fixed words goes on. The role and secret id are read again at each login, so that both can be rotated.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from guardian.config.shapes import VaultConfig
from guardian.errors import SecretError

CONNECT_SECONDS = 2.0
READ_SECONDS = 2.0
RENEW_FROM = 1 / 3
"""The part of a token's life after which its next use renews it."""

BY_STATUS = {
    400: (
        "refused",
        "the vault at {at} refused the request; check that vault.mount is KV v2",
    ),
    403: ("denied", "the vault at {at} denies it; grant this role the path in its policy"),
    404: ("absent", "the vault at {at} has nothing there; write the secret, or correct the path"),
    429: ("busy", "the vault at {at} limits guardian's requests; raise its quota"),
    501: ("new", "the vault at {at} is not initialised; run its `operator init`"),
    503: ("sealed", "the vault at {at} is sealed; unseal it"),
}
BY_ERROR = (
    (
        "SSLError",
        "tls",
        "the vault at {at} has a certificate that is not trusted; set vault.ca",
    ),
    (
        "Timeout",
        "unreachable",
        "the vault at {at} does not answer within 2 s; start it",
    ),
    (
        "ConnectionError",
        "unreachable",
        "the vault at {at} cannot be reached; start it",
    ),
    ("OSError", "unusable", "the vault's CA file cannot be used; correct vault.ca"),
)
LOGIN_REFUSED = "the vault at {at} refuses guardian's login; renew {refs}"
NO_MOUNT = "the vault at {at} has no such mount; correct vault.mount"
STRANGE = "the vault at {at} answered what guardian cannot read; check that the address is a vault's"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the vault did not give what it was asked for: a code, and a sentence with the fix."""

    code: str
    sentence: str


@dataclass(slots=True)
class Login:
    """A client with its token. `life_seconds` is None for a token that was not issued to guardian's login."""

    client: Any = field(repr=False)
    life_seconds: float | None
    renewable: bool
    since: float

    def age(self) -> float:
        """The spent part of its life: 1 is expired."""
        if self.life_seconds is None:
            return 0.0
        return (time.monotonic() - self.since) / self.life_seconds


class VaultSession:
    """`ask` performs one call with a valid token; nothing else touches hvac. Safe to use from threads."""

    def __init__(self, config: VaultConfig, read: Callable[[str, bool], str]) -> None:
        self._config = config
        self._read = read
        self._auth = dict(config.auth)
        self._login: Login | None = None
        self._turn = threading.Lock()

    def __repr__(self) -> str:
        return f"VaultSession({self.at!r})"

    @property
    def at(self) -> str:
        """HOST:PORT, all of the address that an error may show."""
        return urlsplit(self._config.address).netloc

    def ask(self, call: Callable[[Any], Any]) -> Any | Trouble:
        """The call's answer or what kept it. A refused token is replaced once: it may be over early."""
        login = self._current(None)
        if isinstance(login, Trouble):
            return login
        answer = self._attempt(login.client, call)
        if not isinstance(answer, Trouble) or answer.code != "denied":
            return answer
        fresh = self._current(login)
        return fresh if isinstance(fresh, Trouble) else self._attempt(fresh.client, call)

    def _current(self, refused: Login | None) -> Login | Trouble:
        """The login in use, renewed or replaced when its life or a refusal asks for it."""
        with self._turn:
            login = self._login
            if login is None or login is refused or login.age() >= 1:
                return self._begin()
            if login.age() >= RENEW_FROM and not self._renew(login):
                return self._begin()
            return login

    def _begin(self) -> Login | Trouble:
        self._login = None
        try:
            given = {
                name: self._read(ref, name != "approle.role_id").strip() for name, ref in self._auth.items()
            }
        except SecretError as error:
            return Trouble("login", f"guardian cannot log in to the vault: {error}")
        client = self._attempt(None, lambda _: self._client())
        if isinstance(client, Trouble):
            return client
        login = self._token(client, given) if "token.token" in given else self._approle(client, given)
        if isinstance(login, Login):
            self._login = login
        return login

    def _token(self, client: Any, given: dict[str, str]) -> Login:
        client.token = given["token.token"]
        return Login(client, None, False, time.monotonic())

    def _approle(self, client: Any, given: dict[str, str]) -> Login | Trouble:
        pair = (given["approle.role_id"], given["approle.secret_id"])
        asked = time.monotonic()
        answer = self._attempt(client, lambda c: c.auth.approle.login(*pair, use_token=False))
        if isinstance(answer, Trouble):
            refused = answer.code in ("refused", "denied")
            refs = " or ".join(self._auth.values())
            return Trouble("login", LOGIN_REFUSED.format(at=self.at, refs=refs)) if refused else answer
        return self._logged_in(client, answer, asked)

    def _logged_in(self, client: Any, answer: Any, asked: float) -> Login | Trouble:
        auth = answer.get("auth") if isinstance(answer, dict) else None
        token = auth.get("client_token") if isinstance(auth, dict) else None
        if not token or not isinstance(auth, dict):
            return Trouble("strange", STRANGE.format(at=self.at))
        client.token = token
        return Login(client, auth.get("lease_duration") or None, bool(auth.get("renewable")), asked)

    def _renew(self, login: Login) -> bool:
        """A longer life for the token; False when only a new login gives one."""
        if not login.renewable:
            return False
        asked = time.monotonic()
        answer = self._attempt(login.client, lambda c: c.auth.token.renew_self())
        if isinstance(answer, Trouble):
            # Sealed or unreachable: a login would fare no better, and the token may still be good afterwards.
            return answer.code not in ("denied", "refused")
        auth = answer.get("auth") if isinstance(answer, dict) else None
        if not isinstance(auth, dict) or not auth.get("lease_duration"):
            return False
        login.life_seconds, login.since = auth["lease_duration"], asked
        return True

    def _client(self) -> Any:
        # Here and not above: hvac and requests cost a third of a second that a start without a vault saves.
        import hvac

        # An empty token, because hvac would otherwise take VAULT_TOKEN or ~/.vault-token. No redirects: they
        # would carry the token to an address that nobody configured.
        client = hvac.Client(
            url=self._config.address,
            token="",
            verify=str(self._config.ca) if self._config.ca else True,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            allow_redirects=False,
        )
        client.session.trust_env = False  # No proxy, no netrc and no CA bundle from the environment.
        return client

    def _attempt(self, client: Any, call: Callable[[Any], Any]) -> Any | Trouble:
        try:
            return call(client)
        except Exception as error:
            code, sentence = _judged(error)
        return Trouble(code, sentence.format(at=self.at))


def _judged(error: Exception) -> tuple[str, str]:
    """A code and fixed words for what hvac or requests raised; nothing of the error itself is kept."""
    status = next((s for s, kind in _kinds().items() if isinstance(error, kind)), None)
    if status == 404 and getattr(error, "errors", None):
        # A missing secret has no errors; a path under no mount has one. Only the first is evidence.
        return "refused", NO_MOUNT
    if status is not None:
        return BY_STATUS[status]
    kinds = {kind.__name__ for kind in type(error).__mro__}
    for name, code, sentence in BY_ERROR:
        if name in kinds:
            return code, sentence
    return "strange", STRANGE


def _kinds() -> dict[int, type[Exception]]:
    from hvac import exceptions as e

    return {
        400: e.InvalidRequest,
        403: e.Forbidden,
        404: e.InvalidPath,
        429: e.RateLimitExceeded,
        501: e.VaultNotInitialized,
        503: e.VaultDown,
    }
