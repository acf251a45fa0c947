"""
Finds fault with a document: by the standard, and for mixdyn, told apart. It never stops a load.
"""

from mixdyn.fault import Fault, Verdict
from mixdyn.tools.validate.program import find_faults

__all__ = ["Fault", "Verdict", "find_faults"]
