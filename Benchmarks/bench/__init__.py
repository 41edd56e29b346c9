"""The benchmarks: real programs, real processes, the figures of docs/benchmarks.md."""
