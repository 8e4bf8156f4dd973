"""Requesters sign up and in, and keep API keys."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from crowdloom.kernel import Clock, IdFactory
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import RequesterId

from task_service.application.account_ports import Passwords, SignUpLimit, Tries
from task_service.application.ports import Reader, Store
from task_service.domain.errors import WrongPassword
from task_service.domain.requesters import (
    API_KEY_PREFIX,
    ApiKey,
    KeyScope,
    Requester,
    check_password,
    checked_email,
    checked_name,
    digest_of,
)

Secret = Callable[[], str]
_USE_NOTED_EVERY = timedelta(minutes=1)


def random_secret() -> str:
    return secrets.token_urlsafe(32)


class SignUp:
    def __init__(
        self,
        *,
        store: Store,
        passwords: Passwords,
        limit: SignUpLimit,
        clock: Clock,
        ids: IdFactory,
    ) -> None:
        self._store = store
        self._limit = limit
        self._passwords = passwords
        self._clock = clock
        self._ids = ids

    def __call__(
        self, *, email: str, password: str, name: str, source: str | None = None
    ) -> Requester:
        """`source` is the address the wish came from. Raises InvalidInput, EmailTaken,
        TooManySignUps.
        """
        check_password(password)
        kept_email, kept_name = checked_email(email), checked_name(name)
        if source is not None:
            # Before the slow hash: whoever sends many costs little.
            self._limit.take(source)
        requester = Requester(
            requester_id=RequesterId(self._ids.new("requester")),
            email=kept_email,
            name=kept_name,
            password_hash=self._passwords.hash(password),
            created_at=self._clock.now(),
        )
        self._store.run(lambda session: session.requesters.add(requester))
        return requester


class SignIn:
    def __init__(self, *, reader: Reader, passwords: Passwords, tries: Tries) -> None:
        self._reader = reader
        self._passwords = passwords
        self._tries = tries
        self._decoy = passwords.hash(random_secret())

    def __call__(self, *, email: str, password: str) -> Requester:
        """Raises WrongPassword (also for an unknown e-mail, after as long a time), TooManyTries."""
        subject = email.strip().lower()
        self._tries.check(subject)
        requester = self._reader.requesters.by_email(subject)
        known_hash = requester.password_hash if requester else self._decoy
        matches = self._passwords.matches(known_hash, password)
        if requester is None or not matches:
            self._tries.failed(subject)
            raise WrongPassword("E-mail and password do not belong together")
        self._tries.succeeded(subject)
        return requester

    def account(self, requester_id: RequesterId) -> Requester:
        """Raises NotFound."""
        requester = self._reader.requesters.get(requester_id)
        if requester is None:
            raise NotFound("There is no such account", requester_id=requester_id)
        return requester


@dataclass(frozen=True)
class NewApiKey:
    """`secret` is shown now and never again."""

    key: ApiKey
    secret: str


class ApiKeys:
    def __init__(
        self,
        *,
        store: Store,
        reader: Reader,
        clock: Clock,
        ids: IdFactory,
        make_secret: Secret = random_secret,
    ) -> None:
        self._store = store
        self._reader = reader
        self._clock = clock
        self._ids = ids
        self._make_secret = make_secret

    def create(
        self, requester_id: RequesterId, name: str, *, scope: KeyScope = KeyScope.ALL
    ) -> NewApiKey:
        """Raises InvalidInput."""
        secret = API_KEY_PREFIX + self._make_secret()
        key = ApiKey(
            key_id=self._ids.new("api_key"),
            requester_id=requester_id,
            name=checked_name(name),
            digest=digest_of(secret),
            created_at=self._clock.now(),
            scope=scope,
        )
        self._store.run(lambda session: session.api_keys.add(key))
        return NewApiKey(key, secret)

    def listed(self, requester_id: RequesterId) -> list[ApiKey]:
        return self._reader.api_keys.of_requester(requester_id)

    def revoke(self, requester_id: RequesterId, key_id: str) -> None:
        """Raises NotFound."""
        if not self._store.run(lambda session: session.api_keys.revoke(requester_id, key_id)):
            raise NotFound("There is no such API key", key_id=key_id)

    def used(self, secret: str) -> ApiKey | None:
        """The key that a call came with, noted as used; None where it is unknown or revoked."""
        key = self._reader.api_keys.by_digest(digest_of(secret))
        now = self._clock.now()
        if key and (key.last_used_at is None or now - key.last_used_at >= _USE_NOTED_EVERY):
            self._reader.api_keys.note_used(key.key_id, now)
        return key
