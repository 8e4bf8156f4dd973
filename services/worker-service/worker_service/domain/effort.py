"""Proof of effort: a small calculation that one newcomer does not feel, and a thousand do.

As in hashcash (Back, 2002): find an answer so that SHA-256 of `challenge:answer` begins with so
many zero bits. Sixteen take some 65,000 tries, a second in a browser.
"""

import hashlib

EFFORT_BITS = 16
ANSWER_CHARACTERS_MAX = 20
_DIGEST_BITS = 256


def is_solved(challenge: str, answer: str, bits: int = EFFORT_BITS) -> bool:
    if not answer or len(answer) > ANSWER_CHARACTERS_MAX:
        return False
    digest = hashlib.sha256(f"{challenge}:{answer}".encode()).digest()
    return int.from_bytes(digest) >> (_DIGEST_BITS - bits) == 0
