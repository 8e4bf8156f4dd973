"""Simulated workers: ordinary clients of the public HTTP API and nothing more."""
