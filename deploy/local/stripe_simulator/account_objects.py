"""Builders of v2 accounts (recipients) and the links with which their owners onboard."""

import copy

from stripe_simulator.errors import Json
from stripe_simulator.objects import nulls
from stripe_simulator.scope import rfc3339

STATUSES = ("active", "pending", "restricted", "rejected", "unsupported")
# What a status says about itself: code and resolution, as the package's annotations allow.
_DETAILS = {
    "active": [],
    "pending": [{"code": "requirements_pending_verification", "resolution": "no_resolution"}],
    "restricted": [{"code": "requirements_past_due", "resolution": "provide_info"}],
    "rejected": [{"code": "rejected_other", "resolution": "contact_stripe"}],
    "unsupported": [{"code": "unsupported_country", "resolution": "no_resolution"}],
}
# Sent as null unless the call asks for them with `include`.
INCLUDABLE = {
    "configuration.customer": ("configuration", "customer"),
    "configuration.merchant": ("configuration", "merchant"),
    "configuration.recipient": ("configuration", "recipient"),
    "defaults": ("defaults",),
    "future_requirements": ("future_requirements",),
    "identity": ("identity",),
    "requirements": ("requirements",),
}


def capability(status: str) -> Json:
    return {"status": status, "status_details": copy.deepcopy(_DETAILS[status])}


def capabilities(status: str) -> Json:
    transfers, payouts = capability(status), capability(status)
    balance = {"payouts": payouts, "stripe_transfers": transfers}
    return {"bank_accounts": None, "cards": None, "stripe_balance": balance}


def requirements(status: str) -> Json:
    if status != "restricted":
        return {"alternatives": None, "entries": [], "summary": None}
    restricts = {
        "capability": "stripe_balance.stripe_transfers",
        "configuration": "recipient",
        "deadline": {"status": "currently_due"},
    }
    entry = {
        "awaiting_action_from": "user",
        "description": "identity.individual",
        "errors": [],
        "impact": {"restricts_capabilities": [restricts]},
        "minimum_deadline": {"status": "currently_due"},
        "reference": None,
        "requested_reasons": [{"code": "routine_onboarding"}],
    }
    summary = {"minimum_deadline": {"status": "currently_due", "time": None}}
    return {"alternatives": None, "entries": [entry], "summary": summary}


def account(
    *,
    object_id: str,
    created: int,
    country: str,
    entity_type: str | None,
    dashboard: str | None,
    contact_email: str | None,
    contact_phone: str | None,
    display_name: str | None,
    currency: str,
    responsibilities: Json,
    metadata: dict[str, str],
) -> Json:
    return {
        "id": object_id,
        "object": "v2.core.account",
        "applied_configurations": ["recipient"],
        "closed": False,
        "configuration": {
            "customer": None,
            "merchant": None,
            "recipient": {
                "applied": True,
                "capabilities": capabilities("restricted"),
                "default_outbound_destination": None,
            },
        },
        "contact_email": contact_email,
        "contact_phone": contact_phone,
        "created": rfc3339(created),
        "dashboard": dashboard,
        "defaults": nulls("locales payout_methods profile")
        | {"currency": currency, "responsibilities": responsibilities},
        "display_name": display_name,
        "future_requirements": {"alternatives": None, "entries": [], "summary": None},
        "identity": nulls("attestations business_details individual")
        | {"country": country, "entity_type": entity_type},
        "livemode": False,
        "metadata": metadata,
        "requirements": requirements("restricted"),
        "_refuses": None,
    }


def shown(account: Json, include: list[str]) -> Json:
    """The account as v2 sends it: the large parts are null unless included."""
    result = {key: value for key, value in account.items() if not key.startswith("_")}
    for part in ("configuration", "defaults", "future_requirements", "identity", "requirements"):
        result[part] = None
    for name in include:
        path = INCLUDABLE[name]
        if len(path) == 1:
            result[path[0]] = account[path[0]]
            continue
        kept = result[path[0]] or nulls("customer merchant recipient")
        result[path[0]] = kept | {path[1]: account[path[0]][path[1]]}
    return result


def account_link(*, account_id: str, url: str, created: int, lives: int, use_case: Json) -> Json:
    return {
        "object": "v2.core.account_link",
        "account": account_id,
        "created": rfc3339(created),
        "expires_at": rfc3339(created + lives),
        "livemode": False,
        "url": url,
        "use_case": use_case,
    }
