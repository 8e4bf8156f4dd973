"""The roles of people who act for a requester together."""

from enum import StrEnum


class TeamRole(StrEnum):
    """An editor may do all that has to do with the work, a reviewer decide answers alone, billing
    pay in and ask back; a viewer only looks. Keys, webhooks and the team itself are the owner's.
    """

    OWNER = "owner"
    EDITOR = "editor"
    REVIEWER = "reviewer"
    BILLING = "billing"
    VIEWER = "viewer"
