"""API keys: made, listed, revoked; and who calls with one."""

from crowdloom.chassis.tokens import Principal

from task_service.application.accounts import ApiKeys


class ApiKeyPrincipals:
    """The chassis' view of the keys: whose key is it?"""

    def __init__(self, api_keys: ApiKeys) -> None:
        self._api_keys = api_keys

    def principal_of(self, api_key: str) -> Principal | None:
        requester = self._api_keys.requester_of(api_key)
        return Principal(role="requester", subject=requester.requester_id) if requester else None
