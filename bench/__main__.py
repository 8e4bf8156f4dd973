"""`make bench`, or `python -m bench [NAME ...]`: run the named benches, or all of them.

Each bench is a module of this package with `run() -> Mapping[str, object]`: it prints its figures
as it goes and returns them. The last line printed is all of them as JSON.
"""

import importlib
import json
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec

BENCHES = {
    "ledger": "bench.ledger",
    "reconciliation": "bench.reconciliation",
    "payouts": "bench.payouts",
    "creation": "bench.creation",
    "memory": "bench.memory",
    "requester_pages": "bench.requester_pages",
    "long_requests": "bench.long_requests",
    "claims": "bench.claims",
    "pages": "bench.pages",
}
"""Name -> module. A module that is not there yet is left out."""


def main(names: Sequence[str]) -> int:
    there = {name: module for name, module in BENCHES.items() if find_spec(module)}
    unknown = [name for name in names if name not in there]
    if unknown:
        print(f"No such bench: {', '.join(unknown)}. There are: {', '.join(there)}")
        return 2
    figures: dict[str, Mapping[str, object]] = {}
    for name in names or there:
        print(f"== {name}", flush=True)
        figures[name] = importlib.import_module(there[name]).run()
    print(json.dumps(figures, sort_keys=True))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
