"""Who of the staff reads a page, for what is around it: the bar of an error page as well."""

from crowdloom.chassis.http.auth import who_is


def is_staff_with(grant: str) -> bool:
    found = who_is("staff")
    return found is not None and grant in found.grants
