"""A program that leaks: a descriptor and some memory every few milliseconds. The soak has to notice."""

from __future__ import annotations

import sys
import time

kept: list[object] = []
for number in range(100_000):
    if number < 500:
        # The caller looks at many descriptors and many megabytes; it need not exhaust the machine.
        kept.append((open("/dev/null"), bytearray(100_000)))  # noqa: SIM115 it is a leak on purpose
    if number == 0:
        sys.stdout.write("leaking\n")
        sys.stdout.flush()
    time.sleep(0.01)
