# SPDX-License-Identifier: BSD-3-Clause
"""What every test needs."""

import signal

# A script's `pytest &` starts with SIGINT ignored, and so without KeyboardInterrupt: tests of
# Ctrl-C would wait for ever, in this process and in those that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)
