"""Recovery codes: the only key to an anonymous account, shown once and never stored.

130 random bits, written as 28 characters of Crockford base 32 in seven groups; the last two
characters are a checksum, so that a slip of the pen is told apart from a code that is not ours.
What is stored is the SHA-256 of the 130 bits: with that much randomness no salt and no slow hash
adds anything, and the digest is the lookup key at once.
"""

import hashlib
import unicodedata
from dataclasses import dataclass
from typing import Protocol

from crowdloom.kernel.errors import DomainError

SECRET_BITS = 130
_SECRET_CHARACTERS = 26
_CHECK_CHARACTERS = 2
_CODE_CHARACTERS = _SECRET_CHARACTERS + _CHECK_CHARACTERS
_GROUP_CHARACTERS = 4
_BITS_PER_CHARACTER = 5
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
# Crockford: what people confuse is read as what was meant.
_CONFUSED = str.maketrans({"o": "0", "i": "1", "l": "1"})


class RecoveryCodeMistyped(DomainError):
    """Not the shape of a code, or its checksum does not fit."""

    code = "recovery_code_mistyped"
    status = 422


class RecoveryCodeUnknown(DomainError):
    """Well formed, and opens no account: never issued, or replaced by a newer one."""

    code = "recovery_code_unknown"
    status = 401


class SecretBits(Protocol):
    """Cryptographic randomness. Does not block; never fails."""

    def getrandbits(self, count: int, /) -> int: ...


@dataclass(frozen=True)
class RecoveryCode:
    """The secret's 26 characters. `text` is what a person keeps, `digest` what we keep."""

    secret: str

    @classmethod
    def new(cls, randomness: SecretBits) -> "RecoveryCode":
        number = randomness.getrandbits(SECRET_BITS)
        return cls(_in_base32(number, _SECRET_CHARACTERS))

    @classmethod
    def parse(cls, text: str) -> "RecoveryCode":
        """Read what a person typed, in any case and spacing. Raises RecoveryCodeMistyped."""
        characters = "".join(_plain(character) for character in text).translate(_CONFUSED)
        if len(characters) != _CODE_CHARACTERS or set(characters) - set(_ALPHABET):
            raise RecoveryCodeMistyped(
                "A recovery code has seven groups of four letters and digits",
                characters=len(characters),
            )
        code = cls(characters[:_SECRET_CHARACTERS])
        if code._checksum != characters[_SECRET_CHARACTERS:]:
            raise RecoveryCodeMistyped("One of the characters is not as it was given to you")
        return code

    @property
    def text(self) -> str:
        characters = (self.secret + self._checksum).upper()
        starts = range(0, _CODE_CHARACTERS, _GROUP_CHARACTERS)
        return "-".join(characters[start : start + _GROUP_CHARACTERS] for start in starts)

    @property
    def digest(self) -> str:
        return hashlib.sha256(b"crowdloom recovery code\n" + self.secret.encode()).hexdigest()

    @property
    def _checksum(self) -> str:
        digest = hashlib.sha256(b"checksum\n" + self.secret.encode()).digest()
        return _in_base32(int.from_bytes(digest[:2], "big"), _CHECK_CHARACTERS)


def _in_base32(number: int, length: int) -> str:
    characters = []
    for _ in range(length):
        characters.append(_ALPHABET[number & 31])
        number >>= _BITS_PER_CHARACTER
    return "".join(reversed(characters))


def _plain(character: str) -> str:
    """Drop separators; turn Persian and other digits into Latin ones."""
    if character.isspace() or unicodedata.category(character) in {"Pd", "Cf", "Pc"}:
        return ""
    digit = unicodedata.digit(character, None)
    return character.lower() if digit is None else str(digit)
