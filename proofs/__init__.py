"""Proofs: the services' real code in one process, from one seed, with whatever can go wrong."""
