"""Speed, measured: one file a benchmark, found by its ``BENCHMARK``.

Run ``python -m benchmarks`` for the quick ones, ``python -m benchmarks NAME`` for one.
"""
