"""
What holds for all tests: property tests try the same values in every run, and Ctrl-C can be sent
to the programs that they start, also where the tests themselves run in a shell's background.
"""

from __future__ import annotations

import signal

from hypothesis import settings

settings.register_profile("same", derandomize=True, deadline=None)
settings.load_profile("same")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
