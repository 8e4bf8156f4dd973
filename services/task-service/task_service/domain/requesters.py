"""Requesters and their API keys."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from crowdloom.kernel.errors import InvalidInput
from crowdloom.kernel.ids import RequesterId

PASSWORD_CHARACTERS_MIN = 10
PASSWORD_CHARACTERS_MAX = 200
NAME_CHARACTERS_MAX = 80
API_KEY_PREFIX = "ck_"
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")


@dataclass(frozen=True)
class Requester:
    requester_id: RequesterId
    email: str
    name: str
    password_hash: str
    created_at: datetime


class KeyScope(StrEnum):
    """What a key may do: everything its requester may, look alone, or look and review."""

    ALL = "all"
    READ = "read"
    REVIEW = "review"

    def allows(self, *, reading: bool, reviewing: bool) -> bool:
        return self is KeyScope.ALL or reading or (self is KeyScope.REVIEW and reviewing)


@dataclass(frozen=True)
class ApiKey:
    """The key itself is shown once and never kept: `digest` is its SHA-256. `last_used_at` is right
    to a minute.
    """

    key_id: str
    requester_id: RequesterId
    name: str
    digest: str
    created_at: datetime
    scope: KeyScope = KeyScope.ALL
    last_used_at: datetime | None = None


def checked_email(email: str) -> str:
    """The e-mail as it is kept. Raises InvalidInput."""
    kept = email.strip().lower()
    if not _EMAIL.match(kept):
        raise InvalidInput("That is no e-mail address", errors={"email": ["Not an address."]})
    return kept


def check_password(password: str) -> None:
    """Raises InvalidInput. Length is what makes a password; nothing else is asked of it."""
    if not PASSWORD_CHARACTERS_MIN <= len(password) <= PASSWORD_CHARACTERS_MAX:
        sentence = f"A password has at least {PASSWORD_CHARACTERS_MIN} characters"
        raise InvalidInput(sentence, errors={"password": [f"{sentence}."]})


def checked_name(name: str) -> str:
    """Raises InvalidInput."""
    kept = " ".join(name.split())
    if not 0 < len(kept) <= NAME_CHARACTERS_MAX:
        sentence = f"A name has 1 to {NAME_CHARACTERS_MAX} characters; workers see it"
        raise InvalidInput(sentence, errors={"name": [f"{sentence}."]})
    return kept


def digest_of(api_key: str) -> str:
    """A fast hash is enough: keys are random, not chosen."""
    return hashlib.sha256(api_key.encode()).hexdigest()
