"""Benchmarks: figures beside the raw engine's in the same run. Never a timed test."""
