"""Gift credit: what a worker took instead of money, spent by whoever has its code.

80 random bits, written as sixteen characters of Crockford base 32 in four groups; what is stored
is the SHA-256, so that nobody can read a code out of the database.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from crowdloom.kernel import DomainError, Money
from crowdloom.kernel.errors import Conflict
from crowdloom.kernel.ids import PayoutItemId, RequesterId, WorkerId, encode_base32

CODE_BITS = 80
_CHARACTERS = 16
_GROUP = 4
# Crockford: what people confuse is read as what was meant.
_CONFUSED = str.maketrans({"o": "0", "i": "1", "l": "1"})


class GiftCodeUnknown(DomainError):
    """Mistyped, replaced by a newer one, or redeemed by somebody else."""

    code = "gift_code_unknown"


class GiftRedeemed(Conflict):
    code = "gift_redeemed"


@dataclass(frozen=True)
class Gift:
    """One paid line of a run. `digest` is the code's that was shown last; None before that."""

    item_id: PayoutItemId
    worker_id: WorkerId
    amount: Money
    issued_at: datetime
    digest: str | None = None
    shown_at: datetime | None = None
    redeemed_by: RequesterId | None = None
    redeemed_at: datetime | None = None


def code_of(number: int) -> str:
    """The code as it is shown, made of CODE_BITS random bits."""
    text = encode_base32(number, _CHARACTERS).upper()
    return "-".join(text[start : start + _GROUP] for start in range(0, _CHARACTERS, _GROUP))


def digest_of(code: str) -> str:
    """Of what was typed, in any case and spacing."""
    plain = "".join(character for character in code.lower() if character.isalnum())
    return hashlib.sha256(plain.translate(_CONFUSED).encode()).hexdigest()
