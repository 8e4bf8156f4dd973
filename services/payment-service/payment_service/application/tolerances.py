"""Tolerance rules under maker and checker."""

from crowdloom.kernel import Money
from crowdloom.kernel.errors import InvalidInput, NotFound

from payment_service.application.approvals import ApprovalKind, Payload, Prepared
from payment_service.application.ports import Session
from payment_service.domain import chart
from payment_service.domain.approvals import Approval
from payment_service.domain.bank_statements import plain
from payment_service.domain.tolerances import (
    MAXIMUM_MINOR,
    TOLERANCE_KINDS,
    RuleRefused,
    Tolerance,
)

_TEXT_CHARACTERS = range(3, 41)
# Costs and earnings of our own: a tolerance never moves what belongs to somebody.
_OURS = ("expense:", "income:")


def tolerance_rule() -> ApprovalKind:
    """Payload: `{"account_id", "kind": "line" or "sweep_fee", "contains", "maximum": money,
    "account"}`; a `maximum` of zero ends the rule of that account, kind and text.
    """

    def prepare(session: Session, payload: Payload) -> Prepared:
        account_id = str(payload.get("account_id", ""))
        known = session.bank_accounts.get(account_id)
        if known is None:
            raise NotFound("There is no such bank account")
        kind, contains = str(payload.get("kind", "")), str(payload.get("contains", "")).strip()
        account = str(payload.get("account", ""))
        maximum = _money(payload)
        errors = {}
        if kind not in TOLERANCE_KINDS:
            errors["kind"] = [", ".join(TOLERANCE_KINDS)]
        if len(plain(contains)) not in _TEXT_CHARACTERS:
            errors["contains"] = ["3 to 40 letters or digits that the line must hold"]
        if maximum.currency is not known.currency or not 0 <= maximum.minor <= MAXIMUM_MINOR:
            errors["maximum"] = [f"At most {Money.of_minor(MAXIMUM_MINOR, known.currency)}"]
        if not account.startswith(_OURS):
            errors["account"] = ["A cost or an earning of our own"]
        if errors:
            raise RuleRefused("Mend the fields that are named", errors=errors)
        chart.check(account, known.currency)
        return Prepared(
            subject=account_id,
            payload={
                "account_id": account_id,
                "kind": kind,
                "contains": contains,
                "maximum": maximum.to_wire(),
                "account": account,
            },
        )

    def carry_out(session: Session, approval: Approval) -> None:
        said = approval.payload
        rule_id = f"{said['account_id']}:{said['kind']}:{plain(said['contains'])}"
        maximum = Money.from_wire(said["maximum"])
        if not maximum:
            session.tolerances.remove(rule_id)
            return
        session.tolerances.put(
            Tolerance(
                rule_id=rule_id,
                account_id=said["account_id"],
                kind=said["kind"],
                contains=said["contains"],
                maximum=maximum,
                account=said["account"],
                approved_by=str(approval.decided_by),
                approved_at=session.now(),
            )
        )

    return ApprovalKind(prepare, carry_out)


def _money(payload: Payload) -> Money:
    try:
        return Money.from_wire(payload["maximum"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise InvalidInput(
            "An amount is a number of minor units and a currency", errors={"maximum": ["Missing"]}
        ) from None
