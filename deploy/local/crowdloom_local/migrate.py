"""Collections, indexes and topics of all four services, in one short-lived process."""

import os
from importlib import import_module

from crowdloom_local.market import PACKAGES

if __name__ == "__main__":
    for package in PACKAGES:
        import_module(f"{package}.bootstrap").migrate(dict(os.environ))
