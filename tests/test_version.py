"""The version, which is written in one place."""

import re

import mixdyn
from mixdyn.version import USER_AGENT, VERSION


def test_version() -> None:
    """The package and its requests tell the same version."""
    assert re.fullmatch(r"\d+\.\d+\.\d+", VERSION)
    assert mixdyn.__version__ == VERSION
    assert f"mixdyn/{VERSION}" == USER_AGENT
