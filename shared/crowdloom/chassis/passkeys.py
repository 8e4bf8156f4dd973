"""Passkeys (WebAuthn): added to an account, and signed in with, each challenge used once.

The library is loaded where it is met: each process would wait half a second for it at its start.
The relying party is the host of the market's public address; browsers allow a name (or localhost)
and no bare IP address. Keys and challenges are the own service's, in its database.
"""

import base64
import ipaddress
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from crowdloom.chassis.store import Document, MongoDatabase
from crowdloom.kernel import Clock, DomainError

PASSKEYS = "passkeys"
CHALLENGES = "passkey_challenges"
PASSKEY_INDEXES = {
    PASSKEYS: [IndexModel([("subject", ASCENDING)], name="of_subject")],
    CHALLENGES: [
        IndexModel([("expires_at", ASCENDING)], name="until_it_expires", expireAfterSeconds=0)
    ],
}
PASSKEYS_EACH_MAX = 20
NAME_CHARACTERS_MAX = 60
_CHALLENGE_LIFETIME = timedelta(minutes=5)
_ADD, _USE = "add", "use"


class PasskeyRefused(DomainError):
    """The answer does not fit: an old challenge, another site, a key that is not known."""

    code = "passkey_refused"
    status = 401


@dataclass(frozen=True)
class Passkey:
    """`passkey_id` is the credential's id in base64url; `name` is its owner's word for it."""

    passkey_id: str
    subject: str
    name: str
    added_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True)
class NewKey:
    """A key that was verified and belongs to nobody yet."""

    passkey_id: str
    public_key: bytes
    sign_count: int


class Passkeys:
    """`verified_owner`: the device has to know its owner by a PIN or a finger, because nothing
    else is asked for. Each call blocks for one or two operations.
    """

    def __init__(
        self, database: MongoDatabase, *, clock: Clock, public_url: str, verified_owner: bool
    ) -> None:
        self._keys = database[PASSKEYS]
        self._challenges = database[CHALLENGES]
        self._clock = clock
        place = urlsplit(public_url)
        self._origin = f"{place.scheme}://{place.netloc}"
        self._host = place.hostname or ""
        self._verified_owner = verified_owner

    @property
    def possible(self) -> bool:
        """Whether browsers allow passkeys at the market's address."""
        return not _is_address(self._host)

    def options_to_add(self, handle: str, *, shown_name: str, subject: str = "") -> str:
        """What `navigator.credentials.create` takes, as JSON. `handle` is stored in the key."""
        import webauthn
        from webauthn.helpers import structs

        options = webauthn.generate_registration_options(
            rp_id=self._host,
            rp_name="Crowdloom",
            user_id=handle.encode(),
            user_name=shown_name,
            authenticator_selection=structs.AuthenticatorSelectionCriteria(
                resident_key=structs.ResidentKeyRequirement.REQUIRED,
                user_verification=structs.UserVerificationRequirement(self._verification),
            ),
            exclude_credentials=[
                structs.PublicKeyCredentialDescriptor(id=_bytes(key.passkey_id))
                for key in (self.of(subject) if subject else ())
            ],
        )
        self._remember(options.challenge, _ADD)
        return webauthn.options_to_json(options)

    def read_new(self, answer: str) -> NewKey:
        """Verify what the browser made. Raises PasskeyRefused."""
        import webauthn
        from webauthn.helpers.exceptions import WebAuthnException

        try:
            verified = webauthn.verify_registration_response(
                credential=answer,
                expected_challenge=self._take_challenge(answer, _ADD),
                expected_rp_id=self._host,
                expected_origin=self._origin,
                require_user_verification=self._verified_owner,
            )
        except (WebAuthnException, ValueError, KeyError) as error:
            raise PasskeyRefused("The passkey could not be added; try again") from error
        return NewKey(
            _text(verified.credential_id),
            verified.credential_public_key,
            verified.sign_count,
        )

    def keep(self, key: NewKey, subject: str, *, name: str) -> Passkey:
        """Raises PasskeyRefused for a key that is kept already, or one too many."""
        if self._keys.count_documents({"subject": subject}) >= PASSKEYS_EACH_MAX:
            raise PasskeyRefused(
                "At most %(count_max)s passkeys; remove one first", count_max=PASSKEYS_EACH_MAX
            )
        kept = Passkey(
            passkey_id=key.passkey_id,
            subject=subject,
            name=" ".join(name.split())[:NAME_CHARACTERS_MAX],
            added_at=self._clock.now(),
        )
        fields = {field: value for field, value in vars(kept).items() if field != "passkey_id"}
        secret = {"public_key": key.public_key, "sign_count": key.sign_count}
        try:
            self._keys.insert_one({"_id": kept.passkey_id, **fields, **secret})
        except DuplicateKeyError as error:
            raise PasskeyRefused("This passkey is in use already") from error
        return kept

    def options_to_use(self) -> str:
        """What `navigator.credentials.get` takes, as JSON: the device offers the keys it has."""
        import webauthn
        from webauthn.helpers.structs import UserVerificationRequirement

        options = webauthn.generate_authentication_options(
            rp_id=self._host, user_verification=UserVerificationRequirement(self._verification)
        )
        self._remember(options.challenge, _USE)
        return webauthn.options_to_json(options)

    def subject_of(self, answer: str) -> str:
        """Whose key has signed. Raises PasskeyRefused, also for a key that seems to be a copy."""
        import webauthn
        from webauthn.helpers.exceptions import WebAuthnException

        key_id = str(_object(answer).get("id", ""))
        row = self._keys.find_one({"_id": key_id})
        challenge = self._take_challenge(answer, _USE)
        if row is None:
            raise PasskeyRefused("This passkey is not known here; it may have been removed")
        try:
            verified = webauthn.verify_authentication_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=self._host,
                expected_origin=self._origin,
                credential_public_key=row["public_key"],
                credential_current_sign_count=row["sign_count"],
                require_user_verification=self._verified_owner,
            )
        except (WebAuthnException, ValueError, KeyError) as error:
            raise PasskeyRefused("The passkey does not fit; try again") from error
        self._keys.update_one(
            {"_id": key_id},
            {"$set": {"sign_count": verified.new_sign_count, "used_at": self._clock.now()}},
        )
        return str(row["subject"])

    def of(self, subject: str) -> Sequence[Passkey]:
        """Oldest first."""
        found = self._keys.find({"subject": subject}).sort("added_at", ASCENDING)
        return [_passkey(row) for row in found.limit(PASSKEYS_EACH_MAX)]

    def remove(self, subject: str, passkey_id: str) -> bool:
        """Returns whether there was such a key of the subject's."""
        removed = self._keys.delete_one({"_id": passkey_id, "subject": subject})
        return removed.deleted_count == 1

    def forget(self, subject: str) -> None:
        self._keys.delete_many({"subject": subject})

    @property
    def _verification(self) -> str:
        return "required" if self._verified_owner else "preferred"

    def _remember(self, challenge: bytes, purpose: str) -> None:
        self._challenges.insert_one(
            {
                "_id": _text(challenge),
                "purpose": purpose,
                "expires_at": self._clock.now() + _CHALLENGE_LIFETIME,
            }
        )

    def _take_challenge(self, answer: str, purpose: str) -> bytes:
        """The challenge that the answer names, which nobody can answer again."""
        try:
            signed = _bytes(_object(answer)["response"]["clientDataJSON"])
            named = str(json.loads(signed)["challenge"])
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise PasskeyRefused("The browser's answer cannot be read") from error
        taken = self._challenges.find_one_and_delete({"_id": named, "purpose": purpose})
        if taken is None or taken["expires_at"] <= self._clock.now():
            raise PasskeyRefused("That took too long; try again")
        return _bytes(named)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _object(answer: str) -> Mapping[str, Any]:
    try:
        read = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise PasskeyRefused("The browser's answer cannot be read") from error
    if not isinstance(read, Mapping):
        raise PasskeyRefused("The browser's answer cannot be read")
    return read


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _passkey(row: Document) -> Passkey:
    return Passkey(
        passkey_id=row["_id"],
        subject=row["subject"],
        name=row["name"],
        added_at=row["added_at"],
        used_at=row["used_at"],
    )
