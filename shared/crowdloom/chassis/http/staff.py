"""Who of the staff reads a page, for what is around it: the bar of an error page as well."""

from crowdloom.chassis.http.auth import NotSignedIn, authenticate
from crowdloom.chassis.tokens import InvalidToken
from crowdloom.kernel.errors import NotAllowed


def is_staff_with(grant: str) -> bool:
    try:
        return grant in authenticate(("staff",)).grants
    except (NotSignedIn, InvalidToken, NotAllowed):
        return False
