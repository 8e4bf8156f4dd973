"""Signed tokens: each service signs what it is the authority of, everybody verifies (EdDSA JWT)."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, cast

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
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
    """Who calls: a role with its subject's id; `grants` are the finer rights of staff, and
    `session_id` names the record at the service that issued the token.
    """

    role: str
    subject: str
    grants: frozenset[str] = frozenset()
    name: str = ""
    session_id: str = ""


def new_signing_key() -> tuple[str, str]:
    """Make a key pair; returns (private PEM, public PEM)."""
    private = Ed25519PrivateKey.generate()
    private_pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public_pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private_pem.decode(), public_pem.decode()


class TokenSigner:
    """Signs claims as `issuer`, for one `audience` (session or ticket)."""

    def __init__(self, *, issuer: str, private_key: str, audience: str, clock: Clock) -> None:
        self.issuer = issuer
        # Read once: reading the PEM costs more than a signature.
        self._key = cast("Ed25519PrivateKey", _EDDSA.prepare_key(private_key))
        self._audience = audience
        self._clock = clock

    def sign(self, claims: Mapping[str, Any], *, expires_at: datetime) -> str:
        document = {
            **claims,
            "iss": self.issuer,
            "aud": self._audience,
            "iat": self._clock.now(),
            "exp": expires_at,
        }
        return jwt.encode(document, self._key, algorithm=_ALGORITHM)


class TokenVerifier:
    """Verifies tokens of an audience, or of several, by the public key of the issuer they name."""

    def __init__(
        self, *, public_keys: Mapping[str, str], audience: str | Sequence[str], clock: Clock
    ) -> None:
        self._public_keys = {
            name: cast("Ed25519PublicKey", _EDDSA.prepare_key(key))
            for name, key in public_keys.items()
        }
        self._audience = audience
        self._clock = clock
        self._claims_of = lru_cache(maxsize=_VERIFIED_MAX)(self._verified)

    def verify(self, token: str, *, check_expiry: bool = True) -> dict[str, Any]:
        """Return the claims. Raises InvalidToken; an expired one too unless told not to check."""
        claims = dict(self._claims_of(token))
        if check_expiry:
            self.check_expiry(claims)
        return claims

    def _verified(self, token: str) -> Mapping[str, Any]:
        """The claims of a token that is rightly signed: it stays so, and only its time runs out."""
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._public_keys[_claimed_issuer(token)],
                algorithms=[_ALGORITHM],
                audience=self._audience,
                # Expiry is judged by our clock port, not by the library's.
                options={
                    "require": ["exp", "iss", "aud"],
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
        except (jwt.PyJWTError, LookupError, TypeError, ValueError, RecursionError) as error:
            raise InvalidToken("The token is not valid; sign in again") from error
        return claims

    def check_expiry(self, claims: Mapping[str, Any]) -> None:
        """Raises InvalidToken."""
        if claims["exp"] <= self._clock.now().timestamp():
            raise InvalidToken("The token has expired; sign in again")


def _claimed_issuer(token: str) -> str:
    """Who the token says it is from, which only chooses the key that it must be signed with. Read
    here, since a second look by the library costs a quarter of a millisecond a token.
    """
    payload = token.split(".")[1] if token.count(".") == 2 else ""  # noqa: PLR2004 - a JWS has three
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return str(claims["iss"])


SESSION_AUDIENCE = "crowdloom-session"
# For the issuing service alone, which looks the session up: it lives long. Others get passes.
HOME_AUDIENCE = "crowdloom-home"
TICKET_AUDIENCE = "crowdloom-ticket"
PREVIEW_AUDIENCE = "crowdloom-preview"


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

    def __init__(
        self,
        *,
        signer: TokenSigner,
        verifier: TokenVerifier,
        clock: Clock,
        home: TokenSigner | None = None,
    ) -> None:
        self._signer = signer
        self._verifier = verifier
        self._clock = clock
        self._home = home

    def issue(self, principal: Principal, *, lifetime: timedelta) -> str:
        """A token that every service reads."""
        return self._signed(self._signer, principal, lifetime)

    def issue_home(self, principal: Principal, *, lifetime: timedelta) -> str:
        """A token that this service alone reads; for a session that has a record."""
        if self._home is None:
            raise LookupError("this service keeps no sessions of its own")
        return self._signed(self._home, principal, lifetime)

    def _signed(self, signer: TokenSigner, principal: Principal, lifetime: timedelta) -> str:
        claims = {
            "sub": principal.subject,
            "role": principal.role,
            "grants": sorted(principal.grants),
            "name": principal.name,
            **({"sid": principal.session_id} if principal.session_id else {}),
        }
        return signer.sign(claims, expires_at=self._clock.now() + lifetime)

    def read(self, token: str) -> Principal:
        """Raises InvalidToken. Of a session with a record here, the record says when it ends."""
        claims = self._verifier.verify(token, check_expiry=False)
        if not self._has_record_here(claims):
            self._verifier.check_expiry(claims)
        if claims["aud"] == HOME_AUDIENCE and (
            self._home is None or claims["iss"] != self._home.issuer
        ):
            raise InvalidToken("The token is for the service alone that issued it")
        role = claims.get("role")
        if self.ISSUER_OF_ROLE.get(str(role)) != claims["iss"]:
            raise InvalidToken("The token was issued by a service that may not issue it")
        return Principal(
            role=str(role),
            subject=str(claims["sub"]),
            grants=frozenset(claims.get("grants", ())),
            name=str(claims.get("name", "")),
            session_id=str(claims.get("sid", "")),
        )

    def _has_record_here(self, claims: Mapping[str, Any]) -> bool:
        ours = self._home is not None and claims["iss"] == self._home.issuer
        return ours and bool(claims.get("sid"))
