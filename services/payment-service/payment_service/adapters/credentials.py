"""Passwords (argon2id) and second factors (RFC 6238), with the factors' secrets sealed at rest."""

import base64
import functools
import hashlib
import hmac
import unicodedata
from datetime import datetime

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.fernet import Fernet

_STEP_SECONDS = 30
_STEPS_AROUND = (-1, 0, 1)


@functools.cache
def _nobodys_hash() -> str:
    """Verified against where there is nobody, so that time does not tell who is staff."""
    return PasswordHasher().hash("nobody has this password")


class StaffCredentials:
    def __init__(self, key: str) -> None:
        self._hasher = PasswordHasher()
        digest = hashlib.sha256(b"second factors\n" + key.encode()).digest()
        self._box = Fernet(base64.urlsafe_b64encode(digest))

    def hash(self, password: str) -> str:
        return self._hasher.hash(password)

    def verifies(self, hashed: str | None, password: str) -> bool:
        # Made by the first caller, whoever he is: only the web needs it, and it takes a while.
        nobody = _nobodys_hash()
        try:
            self._hasher.verify(hashed or nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return hashed is not None

    def new_secret(self) -> str:
        return pyotp.random_base32()

    def seal(self, secret: str) -> str:
        return self._box.encrypt(secret.encode()).decode()

    def unseal(self, sealed: str) -> str:
        return self._box.decrypt(sealed.encode()).decode()

    def step_of(self, sealed: str, code: str, now: datetime) -> int | None:
        totp = pyotp.TOTP(self.unseal(sealed))
        current, typed = int(now.timestamp()) // _STEP_SECONDS, _digits(code)
        for around in _STEPS_AROUND:
            step = current + around
            if hmac.compare_digest(totp.generate_otp(step).encode(), typed):
                return step
        return None


def _digits(code: str) -> bytes:
    """As authenticators show a code, in halves, and as keyboards of other scripts type it."""
    kept = (each for each in code if not each.isspace() and unicodedata.category(each) != "Cf")
    plain = "".join(str(unicodedata.decimal(each, each)) for each in kept)
    return plain.encode(errors="replace")
