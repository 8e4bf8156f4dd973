"""Roundtrip: a file is split, worked on by people who change nothing, and must come back itself."""
