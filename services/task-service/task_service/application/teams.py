"""Teams: invite people, join, change roles, leave; and who acts for whom."""

from dataclasses import dataclass, replace

from crowdloom.kernel import Clock, IdFactory
from crowdloom.kernel.errors import Conflict, InvalidInput, NotFound
from crowdloom.kernel.ids import RequesterId
from crowdloom.kernel.teams import TeamRole

from task_service.application.accounts import Secret, random_secret
from task_service.application.know_deeds import note_joined
from task_service.application.ports import Reader, Session, Store
from task_service.domain.requesters import Requester, checked_name, digest_of
from task_service.domain.teams import INVITATION_LIFETIME, MEMBERS_MAX, Invitation, Membership


@dataclass(frozen=True)
class NewInvitation:
    """`secret` is shown now and never again."""

    invitation: Invitation
    secret: str


@dataclass(frozen=True)
class Team:
    """A team that somebody is a member of."""

    requester: Requester
    role: TeamRole


class Teams:
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

    def members(self, team_id: RequesterId) -> list[Membership]:
        """In the order they joined; the owner is none of them."""
        return self._reader.teams.of_team(team_id)

    def invitations(self, team_id: RequesterId) -> list[Invitation]:
        """Those that can still be taken up."""
        return self._reader.teams.invitations(team_id, self._clock.now())

    def invite(self, team_id: RequesterId, *, role: TeamRole, note: str) -> NewInvitation:
        """Raises InvalidInput, Conflict where the team is full."""
        if role is TeamRole.OWNER:
            raise InvalidInput("A team has one owner", errors={"role": ["Choose another role."]})
        if len(self.members(team_id)) + len(self.invitations(team_id)) >= MEMBERS_MAX:
            raise Conflict(
                "A team has at most %(count_max)s members and invitations", count_max=MEMBERS_MAX
            )
        secret = self._make_secret()
        invitation = Invitation(
            invitation_id=self._ids.new("invitation"),
            team_id=team_id,
            role=role,
            note=checked_name(note),
            digest=digest_of(secret),
            expires_at=self._clock.now() + INVITATION_LIFETIME,
        )
        self._store.run(lambda session: session.teams.invite(invitation))
        return NewInvitation(invitation, secret)

    def withdraw(self, team_id: RequesterId, invitation_id: str) -> None:
        """Raises NotFound."""
        if not self._store.run(lambda session: session.teams.withdraw(team_id, invitation_id)):
            raise NotFound("There is no such invitation", invitation_id=invitation_id)

    def invited_to(self, secret: str) -> Team:
        """What an invitation is for. Raises NotFound."""
        found = self._reader.teams.invitation(digest_of(secret), self._clock.now())
        return self._offered(self._reader, found if found and found.used_by is None else None)

    def join(self, person: Requester, secret: str) -> Team:
        """Take an invitation up, once; by the same person again, it changes nothing. Raises
        NotFound, Conflict for one's own team.
        """
        now = self._clock.now()

        def work(session: Session) -> Team:
            found = session.teams.invitation(digest_of(secret), now)
            team = self._offered(session, found)
            if team.requester.requester_id == person.requester_id:
                raise Conflict("You are the owner of this team")
            if found is None or not session.teams.use(found, person.requester_id):
                return self._joined(session, team, person, found)
            note_joined(team.requester.requester_id)
            session.teams.join(
                Membership(
                    team_id=team.requester.requester_id,
                    person_id=person.requester_id,
                    role=found.role,
                    name=person.name,
                    email=person.email,
                    joined_at=now,
                )
            )
            return team

        return self._store.run(work)

    def _offered(self, session: Session, found: Invitation | None) -> Team:
        team = session.requesters.get(found.team_id) if found else None
        if found is None or team is None:
            raise _no_invitation()
        return Team(team, found.role)

    def _joined(
        self, session: Session, team: Team, person: Requester, found: Invitation | None
    ) -> Team:
        """For a form that was sent twice. Raises NotFound for anybody else, or one who is out."""
        member = session.teams.get(team.requester.requester_id, person.requester_id)
        if found is None or found.used_by != person.requester_id or member is None:
            raise _no_invitation()
        return Team(team.requester, member.role)

    def set_role(self, team_id: RequesterId, person_id: RequesterId, role: TeamRole) -> Membership:
        """Raises NotFound, InvalidInput."""
        if role is TeamRole.OWNER:
            raise InvalidInput("A team has one owner", errors={"role": ["Choose another role."]})
        found = self._reader.teams.get(team_id, person_id)
        if found is None or not self._store.run(
            lambda session: session.teams.set_role(team_id, person_id, role)
        ):
            raise NotFound("There is no such member", person_id=person_id)
        return replace(found, role=role)

    def remove(self, team_id: RequesterId, person_id: RequesterId) -> None:
        """Raises NotFound."""
        if not self._store.run(lambda session: session.teams.leave(team_id, person_id)):
            raise NotFound("There is no such member", person_id=person_id)

    def of(self, person_id: RequesterId) -> list[Team]:
        """The teams that somebody may act for, beside their own account."""
        found = [
            (one, self._reader.requesters.get(one.team_id))
            for one in self._reader.teams.of_person(person_id)
        ]
        return [Team(team, one.role) for one, team in found if team is not None]

    def role_in(self, team_id: RequesterId, person_id: RequesterId) -> TeamRole | None:
        found = self._reader.teams.get(team_id, person_id)
        return found.role if found else None


def _no_invitation() -> NotFound:
    return NotFound("This invitation was used, withdrawn, or is older than seven days")
