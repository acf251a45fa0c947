"""
What differs between two documents: for HTTP, and for Python callers. `mixdyn.compare` is the door.
"""
