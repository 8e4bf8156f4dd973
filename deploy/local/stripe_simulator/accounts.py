"""Recipients (v2 accounts), their links, and the switches on their capability to be paid."""

from urllib.parse import urlsplit

from stripe_simulator import account_objects
from stripe_simulator.account_objects import INCLUDABLE, shown
from stripe_simulator.errors import ApiError, Json, bad_parameter, refused
from stripe_simulator.events import CAPABILITY_UPDATED, emit_thin
from stripe_simulator.params import (
    Params,
    missing_parameter,
    read_currency,
    read_metadata,
)
from stripe_simulator.scope import Scope
from stripe_simulator.store import Tx, new_id

KIND = "v2.core.account"
LINK_KIND = "account_link"
LINK_LIVES_SECONDS = 300
# Where Connect pays recipients: US, UK, EEA, CA, CH.
_COUNTRIES = (
    "us gb ca ch at be bg cy cz de dk ee es fi fr gr hr hu ie is it li lt lu lv mt nl no pl pt"
    " ro se si sk"
)
COUNTRIES = frozenset(_COUNTRIES.split())
REFUSAL = {
    "code": "transfers_not_allowed",
    "message": "The requested transfer cannot be created. (The simulator was told to refuse it.)",
}


def find_account(tx: Tx, account_id: str) -> Json | None:
    return tx.get(account_id, KIND)


def transfers_status(account: Json) -> str:
    recipient = account["configuration"]["recipient"]
    return str(recipient["capabilities"]["stripe_balance"]["stripe_transfers"]["status"])


def read_include(params: Params) -> list[str]:
    include = params.texts("include")
    for name in include:
        if name not in INCLUDABLE:
            raise bad_parameter("include", f"Unknown value for include: {name[:60]}")
    return include


def create_account(scope: Scope, params: Params) -> Json:
    include, identity = read_include(params), params.mapping("identity")
    country = _country(identity)
    entity_type = identity.text("entity_type") if identity is not None else None
    responsibilities, currency = _defaults(params.mapping("defaults"))
    _require_transfers_asked_for(params.mapping("configuration"))
    dashboard = params.text("dashboard")
    if dashboard not in {None, "express", "full", "none"}:
        raise bad_parameter("dashboard", f"Unknown dashboard: {dashboard}")
    body = account_objects.account(
        object_id=new_id("acct"),
        created=scope.now,
        country=country,
        entity_type=entity_type,
        dashboard=dashboard,
        contact_email=params.text("contact_email"),
        contact_phone=params.text("contact_phone"),
        display_name=params.text("display_name"),
        currency=currency,
        responsibilities=responsibilities,
        metadata=params.metadata(),
    )
    params.done()
    scope.tx.insert(KIND, body, scope.now)
    return shown(body, include)


def _country(identity: Params | None) -> str:
    country = identity.text("country") if identity is not None else None
    if country is None:
        raise missing_parameter("identity.country")
    if country.lower() not in COUNTRIES:
        raise refused(
            f"Connect does not pay recipients in {country[:10]}.", code="country_unsupported"
        )
    return country.lower()


def _defaults(defaults: Params | None) -> tuple[Json, str]:
    given = defaults.mapping("responsibilities") if defaults is not None else None
    fees = given.text("fees_collector") if given is not None else None
    losses = given.text("losses_collector") if given is not None else None
    currency = defaults.text("currency") if defaults is not None else None
    responsibilities = {
        "fees_collector": fees or "application",
        "losses_collector": losses or "application",
        "requirements_collector": "stripe",
    }
    return responsibilities, read_currency("defaults.currency", currency or "usd")


def _require_transfers_asked_for(configuration: Params | None) -> None:
    """The simulator knows recipients only: anything else is refused, not half done."""
    recipient = configuration.mapping("recipient") if configuration is not None else None
    asked = recipient.mapping("capabilities") if recipient is not None else None
    balance = asked.mapping("stripe_balance") if asked is not None else None
    transfers = balance.mapping("stripe_transfers") if balance is not None else None
    if transfers is None or transfers.any("requested") is not True:
        raise missing_parameter(
            "configuration.recipient.capabilities.stripe_balance.stripe_transfers.requested"
        )


def account_or_404(scope: Scope, account_id: str) -> Json:
    found = find_account(scope.tx, account_id)
    if found is None:
        raise ApiError(404, f"Account not found: {account_id}", code="not_found")
    return found


def retrieve_account(scope: Scope, params: Params, account_id: str) -> Json:
    include = read_include(params)
    params.done()
    return shown(account_or_404(scope, account_id), include)


def update_account(scope: Scope, params: Params, account_id: str) -> Json:
    body, include = account_or_404(scope, account_id), read_include(params)
    for name in ("contact_email", "contact_phone", "display_name"):
        body[name] = params.text(name) or body[name]
    body["metadata"] |= read_metadata("metadata", params.any("metadata"))
    params.ignore({"configuration", "defaults", "identity"})
    params.done()
    scope.tx.put(body)
    emit_thin(scope, "v2.core.account.updated", account_id, {})
    return shown(body, include)


def close_account(scope: Scope, params: Params, account_id: str) -> Json:
    params.ignore({"applied_configurations"})
    params.done()
    body = account_or_404(scope, account_id)
    body["closed"] = True
    scope.tx.put(body)
    emit_thin(scope, "v2.core.account.closed", account_id, {})
    return shown(body, [])


def list_accounts(scope: Scope, params: Params) -> Json:
    limit, page = params.page(), params.integer("page")
    params.ignore({"applied_configurations"})
    params.done()
    where = {} if page is None else {"after": page}
    rows = scope.tx.find(KIND, where, limit=limit + 1)
    following = None
    if len(rows) > limit:
        last = scope.tx.seq(rows[limit - 1]["id"], KIND)
        following = f"/v2/core/accounts?limit={limit}&page={last}"
    data = [shown(row, []) for row in rows[:limit]]
    return {"data": data, "next_page_url": following, "previous_page_url": None}


def set_capability(scope: Scope, account_id: str, status: str) -> Json:
    """Switches the capability and tells so by a thin event, as Stripe does for v2 accounts."""
    if status not in account_objects.STATUSES:
        raise bad_parameter("status", f"status is one of {', '.join(account_objects.STATUSES)}.")
    body = account_or_404(scope, account_id)
    body["configuration"]["recipient"]["capabilities"] = account_objects.capabilities(status)
    body["requirements"] = account_objects.requirements(status)
    scope.tx.put(body)
    for name in ("stripe_balance.stripe_transfers", "stripe_balance.payouts"):
        emit_thin(scope, CAPABILITY_UPDATED, account_id, {"updated_capability": name})
    return body


def set_refusal(scope: Scope, account_id: str, refusal: Json | None) -> Json:
    body = account_or_404(scope, account_id)
    body["_refuses"] = refusal
    scope.tx.put(body)
    return body


def create_link(scope: Scope, params: Params) -> Json:
    account_id = params.required_text("account")
    use_case = params.mapping("use_case")
    if use_case is None:
        raise missing_parameter("use_case")
    kind = use_case.required_text("type")
    if kind not in {"account_onboarding", "account_update"}:
        raise bad_parameter("use_case.type", f"Unknown use case: {kind[:40]}")
    flow = use_case.mapping(kind)
    if flow is None:
        raise missing_parameter(f"use_case.{kind}")
    urls = {
        "refresh_url": require_web_address("refresh_url", flow.required_text("refresh_url")),
        "return_url": require_web_address("return_url", flow.text("return_url")),
    }
    params.done()
    account_or_404(scope, account_id)
    token = new_id("link")
    said = {"account_onboarding": None, "account_update": None, "type": kind} | {
        kind: {"collection_options": None, **urls}
    }
    body = account_objects.account_link(
        account_id=account_id,
        url=f"{scope.origin}/connect/{token}",
        created=scope.now,
        lives=LINK_LIVES_SECONDS,
        use_case=said,
    )
    kept = {"id": token, "_used": False, "_until": scope.now + LINK_LIVES_SECONDS, **urls}
    scope.tx.insert(LINK_KIND, kept | body, scope.now)
    return body


def require_web_address(name: str, url: str | None) -> str | None:
    """Only http(s) addresses are ever put into a page's link or a redirect."""
    if url is None:
        return None
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise bad_parameter(name, "Not a valid URL", "url_invalid")
    return url
