"""
`python -m mixdyn`: the same as the command `mixdyn`.
"""

from __future__ import annotations

import sys

from mixdyn.tools.cli import main

sys.exit(main())
