"""
Measurements against a baseline in the same run, as ratios: `python -m tests.benchmarks`.
"""
