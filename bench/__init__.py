"""The benchmark: Headcount, its floor and its peers against one sandbox, on the same machine, in the same run.

It is no part of what is installed. ``make bench`` runs it; docs/benchmarks.md says what is measured and how.
"""
