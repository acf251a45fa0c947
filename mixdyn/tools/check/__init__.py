"""
Reads a user's Python, without running it, and tells which calls do not fit a document.
"""

from mixdyn.tools.check.finding import Finding
from mixdyn.tools.check.program import check_files

__all__ = ["Finding", "check_files"]
