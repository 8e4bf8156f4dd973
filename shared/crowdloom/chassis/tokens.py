"""Signed tokens: each service signs what it is the authority of, everybody verifies (EdDSA JWT)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from jwt.algorithms import OKPAlgorithm

from crowdloom.kernel import Clock, DomainError

_ALGORITHM = "EdDSA"
_EDDSA = OKPAlgorithm()
_VERIFIED_MAX = 4_096


class InvalidToken(DomainError):
    """Unreadable, expired, wrongly signed, or meant for another purpose."""

    code = "invalid_token"
    status = 401


@dataclass(frozen=True)
class Principal:
    """Who calls: a role with its subject's id; `grants` are the finer rights of staff."""

    role: str
    subject: str
    grants: frozenset[str] = frozenset()
    name: str = ""


def new_signing_key() -> tuple[str, str]:
    """Make a key pair; returns (private PEM, public PEM)."""
    private = Ed25519PrivateKey.generate()
    private_pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public_pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private_pem.decode(), public_pem.decode()


class TokenSigner:
    """Signs claims as `issuer`, for one `audience` (session or ticket)."""

    def __init__(self, *, issuer: str, private_key: str, audience: str, clock: Clock) -> None:
        self._issuer = issuer
        # Read once: reading the PEM costs more than a signature.
        self._key = _EDDSA.prepare_key(private_key)
        self._audience = audience
        self._clock = clock

    def sign(self, claims: Mapping[str, Any], *, expires_at: datetime) -> str:
        document = {
            **claims,
            "iss": self._issuer,
            "aud": self._audience,
            "iat": self._clock.now(),
            "exp": expires_at,
        }
        return jwt.encode(document, self._key, algorithm=_ALGORITHM)


class TokenVerifier:
    """Verifies tokens of one audience by the public key of the issuer they name."""

    def __init__(self, *, public_keys: Mapping[str, str], audience: str, clock: Clock) -> None:
        self._public_keys = {name: _EDDSA.prepare_key(key) for name, key in public_keys.items()}
        self._audience = audience
        self._clock = clock
        self._claims_of = lru_cache(maxsize=_VERIFIED_MAX)(self._verified)

    def verify(self, token: str, *, check_expiry: bool = True) -> dict[str, Any]:
        """Return the claims. Raises InvalidToken; an expired one too unless told not to check."""
        claims = dict(self._claims_of(token))
        if check_expiry and claims["exp"] <= self._clock.now().timestamp():
            raise InvalidToken("The token has expired; sign in again")
        return claims

    def _verified(self, token: str) -> Mapping[str, Any]:
        """The claims of a token that is rightly signed: it stays so, and only its time runs out."""
        try:
            unverified = jwt.decode(token, options={"verify_signature": False})
            claims: dict[str, Any] = jwt.decode(
                token,
                self._public_keys[unverified["iss"]],
                algorithms=[_ALGORITHM],
                audience=self._audience,
                # Expiry is judged by our clock port, not by the library's.
                options={
                    "require": ["exp", "iss", "aud"],
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
        except (jwt.PyJWTError, KeyError, TypeError) as error:
            raise InvalidToken("The token is not valid; sign in again") from error
        return claims


SESSION_AUDIENCE = "crowdloom-session"
TICKET_AUDIENCE = "crowdloom-ticket"


class Sessions:
    """Issues session tokens of one role and reads those of every role.

    A service issues only the role it is the authority of; `roles` maps each role to the service
    that may issue it, so that one service's key cannot make another's users.
    """

    ISSUER_OF_ROLE: Mapping[str, str] = {
        "requester": "task-service",
        "worker": "worker-service",
        "staff": "payment-service",
    }

    def __init__(self, *, signer: TokenSigner, verifier: TokenVerifier, clock: Clock) -> None:
        self._signer = signer
        self._verifier = verifier
        self._clock = clock

    def issue(self, principal: Principal, *, lifetime: timedelta) -> str:
        claims = {
            "sub": principal.subject,
            "role": principal.role,
            "grants": sorted(principal.grants),
            "name": principal.name,
        }
        return self._signer.sign(claims, expires_at=self._clock.now() + lifetime)

    def read(self, token: str) -> Principal:
        """Raises InvalidToken."""
        claims = self._verifier.verify(token)
        role = claims.get("role")
        if self.ISSUER_OF_ROLE.get(str(role)) != claims["iss"]:
            raise InvalidToken("The token was issued by a service that may not issue it")
        return Principal(
            role=str(role),
            subject=str(claims["sub"]),
            grants=frozenset(claims.get("grants", ())),
            name=str(claims.get("name", "")),
        )
