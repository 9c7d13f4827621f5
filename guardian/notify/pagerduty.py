"""PagerDuty Events API v2: trigger and resolve under one deduplication key; 202 is success."""

from __future__ import annotations

from guardian.errors import SecretError
from guardian.notify.render import pagerduty_event
from guardian.notify.wire import Answer, SharedClient, checked_url, post
from guardian.ports import Delivery, Message, SecretStore

BASE_URL = "https://events.pagerduty.com"


class PagerDuty:
    """One integration key. It is fetched at the first send and again after PagerDuty has refused it."""

    kind = "pagerduty"

    def __init__(
        self, name: str, ref: str, secrets: SecretStore, shared: SharedClient, base_url: str | None = None
    ) -> None:
        """`base_url` is the events host: the EU's, or a test's. Raises ConfigError for plain http."""
        self.name = name
        self._ref = ref
        self._secrets = secrets
        self._url = checked_url(base_url or BASE_URL, name).rstrip("/") + "/v2/enqueue"
        self._shared = shared.join()
        self._routing_key: str | None = None

    def __repr__(self) -> str:
        return f"PagerDuty({self.name!r})"

    async def prepare(self) -> None:
        """Fetch the key now. Raises SecretError, also when there is none in it."""
        key = (await self._secrets.fetch_text(self._ref)).strip()
        if not key:
            raise SecretError(
                f"channel {self.name}, {self._ref}: is empty; "
                "copy the integration key of an Events API v2 integration into it"
            )
        self._routing_key = key

    async def send(self, message: Message) -> Delivery:
        try:
            if self._routing_key is None:
                await self.prepare()
        except SecretError as error:
            return Delivery(False, True, None, str(error))
        assert self._routing_key is not None
        answer = await post(self._shared, self._url, pagerduty_event(message, self._routing_key))
        delivery = _read(answer)
        if not delivery.ok and not delivery.retryable:
            self._routing_key = None  # A rotated key is found in its file by the next message.
        return delivery

    async def close(self) -> None:
        await self._shared.leave()


def _read(answer: Answer) -> Delivery:
    """202 is taken. 400 and other refusals are final; 429, 5xx and silence are not: nothing was ingested."""
    if answer.status == 202:
        return Delivery(True)
    if answer.status == 200:
        return Delivery(False, True, answer.retry_after_s, "http-200 instead of 202")
    return answer.refused()
