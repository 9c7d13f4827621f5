"""Whether a host can be reached: a connection and a TLS greeting, and nothing is sent.

A proxy from the environment is what the channels will use, so then it is the proxy that must be reached.
"""

from __future__ import annotations

import asyncio
import ssl
import urllib.request
from urllib.parse import urlsplit

REACH_SECONDS = 5.0


async def unreachable(url: str, proxied: bool = True) -> str:
    """Empty when a connection stands, else why not. Never repeats more of the address than its host."""
    host, port, tls = _place(url)
    via = ""
    if proxied and (proxy := _proxy(urlsplit(url).scheme, host)):
        host, port, tls = _place(proxy)
        via = f" (the proxy {host})"
    try:
        async with asyncio.timeout(REACH_SECONDS):
            context = ssl.create_default_context() if tls else None
            _, writer = await asyncio.open_connection(host, port, ssl=context)
    except TimeoutError:
        return f"no connection to {host}:{port}{via} within {REACH_SECONDS:g} s"
    except ssl.SSLCertVerificationError as error:
        return f"{host}:{port}{via}: its certificate is not valid ({error.verify_message})"
    except OSError as error:
        return f"no connection to {host}:{port}{via}: {type(error).__name__}"
    writer.transport.abort()
    return ""


def _place(url: str) -> tuple[str, int, bool]:
    parts = urlsplit(url)
    tls = parts.scheme == "https"
    return parts.hostname or "", parts.port or (443 if tls else 80), tls


def _proxy(scheme: str, host: str) -> str:
    """The proxy that the environment names for this host; never one for this machine itself."""
    if host in ("localhost", "::1") or host.startswith("127.") or urllib.request.proxy_bypass(host):
        return ""
    named = urllib.request.getproxies()
    return named.get(scheme) or named.get("all") or ""
