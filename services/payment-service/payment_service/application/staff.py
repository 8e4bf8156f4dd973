"""Finance staff and operators: added by command, enrolled once, signed in with a second factor."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from crowdloom.chassis.store import Store
from crowdloom.kernel import Clock, IdFactory
from crowdloom.kernel.errors import InvalidInput, NotFound
from crowdloom.kernel.ids import StaffId

from payment_service.application.ports import Session
from payment_service.domain.people import (
    GRANTS,
    NotEnrolled,
    StaffMember,
    TooManySignIns,
    WrongCredentials,
    check_password_strength,
)

FAILURES_MAX = 5
_LOCKED_FOR = timedelta(minutes=1)


class Credentials(Protocol):
    """Passwords and second factors. Hashing blocks for some tens of milliseconds on purpose."""

    def hash(self, password: str) -> str: ...

    def verifies(self, hashed: str | None, password: str) -> bool:
        """Takes as long where there is no hash."""
        ...

    def new_secret(self) -> str:
        """A fresh second-factor secret in base 32."""
        ...

    def seal(self, secret: str) -> str: ...

    def unseal(self, sealed: str) -> str: ...

    def step_of(self, sealed: str, code: str, now: datetime) -> int | None:
        """The time step the code belongs to, None where it is wrong or not of about now."""
        ...


@dataclass(frozen=True)
class Enrolment:
    """What a newcomer's authenticator needs."""

    member: StaffMember
    secret: str


class AddStaff:
    def __init__(
        self, store: Store[Session], *, credentials: Credentials, clock: Clock, ids: IdFactory
    ) -> None:
        self._store = store
        self._credentials = credentials
        self._clock = clock
        self._ids = ids

    def __call__(
        self, *, email: str, grants: list[str], password: str | None, secret: str | None
    ) -> tuple[StaffMember, bool]:
        """Returns the member and whether it is new. Raises InvalidInput, WeakPassword.

        With password and secret given, the member is enrolled at once.
        """
        unknown = sorted(set(grants) - set(GRANTS))
        if unknown or "@" not in email:
            raise InvalidInput(
                f"Grants are {', '.join(GRANTS)}; the e-mail has an @",
                errors={"grants": unknown, "email": email},
            )
        if password is not None:
            check_password_strength(password)
        member = StaffMember(
            staff_id=StaffId(self._ids.new("staff")),
            email=email.strip().lower(),
            password_hash=self._credentials.hash(password) if password else None,
            secret=self._credentials.seal(secret or self._credentials.new_secret()),
            grants=frozenset(grants),
            enrolled=bool(password and secret),
        )

        def work(session: Session) -> tuple[StaffMember, bool]:
            there = session.staff.by_email(member.email)
            if there is not None:
                return there, False
            session.staff.add(member)
            session.audit.note(
                who="command line",
                what="staff.add",
                subject=member.staff_id,
                grants=sorted(grants),
            )
            return member, True

        return self._store.run(work)


class Enrol:
    """The newcomer's own part: a password, and a first code that shows the authenticator works."""

    def __init__(self, store: Store[Session], *, credentials: Credentials, clock: Clock) -> None:
        self._store = store
        self._credentials = credentials
        self._clock = clock

    def show(self, staff_id: StaffId) -> Enrolment:
        """Raises NotFound, also for somebody who is enrolled already."""
        member = self._store.run(lambda session: session.staff.get(staff_id))
        if member is None or member.enrolled or member.removed:
            raise NotFound("This link has been used")
        return Enrolment(member, self._credentials.unseal(member.secret))

    def __call__(self, staff_id: StaffId, *, password: str, code: str) -> None:
        """Raises NotFound, WeakPassword, WrongCredentials."""
        check_password_strength(password)
        hashed = self._credentials.hash(password)

        def work(session: Session) -> None:
            member = session.staff.get(staff_id)
            if member is None or member.enrolled or member.removed:
                raise NotFound("This link has been used")
            step = self._credentials.step_of(member.secret, code, self._clock.now())
            if step is None:
                raise WrongCredentials("The code does not fit; check the authenticator's clock")
            session.staff.replace(
                replace(member, password_hash=hashed, enrolled=True, last_step=step)
            )
            session.audit.note(who=staff_id, what="staff.enrol", subject=staff_id)

        self._store.run(work)


class SignIn:
    """E-mail, password and a code that was not used before (the sandbox lets it be used again)."""

    def __init__(
        self,
        store: Store[Session],
        *,
        credentials: Credentials,
        clock: Clock,
        codes_once: bool = True,
    ) -> None:
        self._store = store
        self._credentials = credentials
        self._clock = clock
        self._codes_once = codes_once

    def __call__(
        self, *, email: str, password: str, code: str = "", key_owner: str | None = None
    ) -> StaffMember:
        """The second factor is a code, or a passkey of `key_owner` that has just been used.

        Raises WrongCredentials, TooManySignIns, NotEnrolled.
        """
        now = self._clock.now()
        member = self._store.run(lambda s: s.staff.by_email(email.strip().lower()))
        if member is not None and member.locked_until and member.locked_until > now:
            raise TooManySignIns("Too many wrong sign-ins; wait a minute")
        fits = self._credentials.verifies(member.password_hash if member else None, password)
        if member is None or not fits:
            self._count_failure(member)
            raise WrongCredentials("E-mail, password or code is wrong")
        if not member.enrolled:
            raise NotEnrolled("Set up your second factor first, with the link you were given")
        if key_owner is not None and key_owner == member.staff_id:
            return self._store.run(lambda s: self._signed_in(s, member, None))
        step = self._credentials.step_of(member.secret, code, now)
        if step is None or (self._codes_once and step <= member.last_step):
            self._count_failure(member)
            raise WrongCredentials("E-mail, password or code is wrong")
        return self._store.run(lambda s: self._signed_in(s, member, step))

    def _signed_in(self, session: Session, member: StaffMember, step: int | None) -> StaffMember:
        """Looks again: the same code may just have been used by somebody else."""
        now = session.staff.get(member.staff_id) or member
        if step is not None and self._codes_once and step <= now.last_step:
            raise WrongCredentials("E-mail, password or code is wrong")
        last_step = max(step or 0, now.last_step)
        signed_in = replace(now, last_step=last_step, failures=0, locked_until=None)
        session.staff.replace(signed_in)
        factor = "passkey" if step is None else "code"
        session.audit.note(who=member.staff_id, what="staff.sign_in", subject="self", factor=factor)
        return signed_in

    def _count_failure(self, member: StaffMember | None) -> None:
        if member is None:
            return

        def work(session: Session) -> None:
            now = session.staff.get(member.staff_id) or member
            failures = now.failures + 1
            locked = self._clock.now() + _LOCKED_FOR if failures >= FAILURES_MAX else None
            session.staff.replace(
                replace(now, failures=0 if locked else failures, locked_until=locked)
            )
            session.audit.note(who=member.staff_id, what="staff.sign_in_failed", subject="self")

        self._store.run(work)
