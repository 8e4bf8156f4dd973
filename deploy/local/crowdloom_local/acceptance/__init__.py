"""Acceptance: real Mechanical Turk projects through the whole market, in Chromium, compared.

Each case is published as it is, answered inside the task frame as a recorded worker answered it and
downloaded. *Exact* means that every input value came back byte for byte and that the answer equals
what the same page posts when it is filled in the same way outside Crowdloom, as a plain page with a
plain form of its own on a loopback server that reads the raw form data.
"""
