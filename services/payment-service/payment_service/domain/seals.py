"""The chain of seals: each names an entry, its number, and the hash of all before it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

BEGINNING = "0" * 64


@dataclass(frozen=True)
class Seal:
    """`hash` covers the entry's whole content and `previous`: one changed cent breaks all after."""

    number: int
    entry_id: str
    previous: str
    hash: str


def next_seal(last: Seal | None, content: Mapping[str, Any]) -> Seal:
    """The seal that follows. `content` is the entry as it is stored, with its `_id`."""
    previous = last.hash if last else BEGINNING
    return Seal(
        number=last.number + 1 if last else 1,
        entry_id=content["_id"],
        previous=previous,
        hash=hash_of(previous, content),
    )


def hash_of(previous: str, content: Mapping[str, Any]) -> str:
    """SHA-256 over the previous hash and the content as canonical JSON."""
    return hashlib.sha256(f"{previous}\n{canonical(content)}".encode()).hexdigest()


def canonical(content: Mapping[str, Any]) -> str:
    """JSON with sorted keys: the same text for the same content."""
    return json.dumps(content, sort_keys=True, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    raise TypeError(f"{type(value).__name__} is in no entry")
