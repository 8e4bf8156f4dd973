"""Pairwise pseudonyms: a worker's name towards one requester, unlinkable to any other.

HMAC-SHA256 under a secret key over requester and worker; ninety bits of it as eighteen Crockford
base 32 characters after an A, so that it also has the form of a Mechanical Turk worker id.
"""

import hashlib
import hmac

from crowdloom.kernel.ids import Pseudonym, RequesterId, WorkerId, encode_base32

_CHARACTERS = 18
_BITS_PER_CHARACTER = 5


def pseudonym_of(key: bytes, requester_id: RequesterId, worker_id: WorkerId) -> Pseudonym:
    digest = hmac.digest(key, f"{requester_id}\n{worker_id}".encode(), hashlib.sha256)
    number = int.from_bytes(digest) >> (len(digest) * 8 - _CHARACTERS * _BITS_PER_CHARACTER)
    return Pseudonym("A" + encode_base32(number, _CHARACTERS).upper())
