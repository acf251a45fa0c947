"""
Type stubs of a document's client, for type checkers and editors.
"""

from mixdyn.tools.stubs.file import write_stubs
from mixdyn.tools.stubs.stub import build_stubs

__all__ = ["build_stubs", "write_stubs"]
