"""The platform's balance: every movement is a balance transaction, and nothing else moves it."""

from stripe_simulator import objects
from stripe_simulator.errors import ApiError, Json
from stripe_simulator.scope import Scope
from stripe_simulator.store import Tx, new_id


def post(
    scope: Scope,
    kind: str,
    category: str,
    *,
    amount: int,
    currency: str,
    source: str,
    fee: int = 0,
    available_on: int | None = None,
    description: str | None = None,
) -> str:
    """Books one movement (minor units, negative = out) and returns its id, `txn_...`."""
    body = objects.balance_transaction(
        object_id=new_id("txn"),
        kind=kind,
        category=category,
        amount=amount,
        fee=fee,
        currency=currency,
        source=source,
        created=scope.now,
        available_on=scope.now if available_on is None else available_on,
        description=description,
    )
    scope.tx.insert("balance_transaction", body, scope.now)
    # What is available already goes to bucket 0, so that the balance stays a sum of few rows.
    bucket = 0 if body["available_on"] <= scope.now else body["available_on"]
    scope.tx.db.execute(
        "INSERT INTO buckets (currency, available_on, net) VALUES (?, ?, ?)"
        " ON CONFLICT (currency, available_on) DO UPDATE SET net = net + excluded.net",
        (currency, bucket, body["net"]),
    )
    return str(body["id"])


def funds(tx: Tx, now: int) -> tuple[dict[str, int], dict[str, int]]:
    """Available and pending minor units by currency; both name every currency that ever moved."""
    available: dict[str, int] = {}
    pending: dict[str, int] = {}
    for currency, available_on, net in tx.db.execute(
        "SELECT currency, available_on, net FROM buckets"
    ):
        side = available if available_on <= now else pending
        available.setdefault(currency, 0)
        pending.setdefault(currency, 0)
        side[currency] += net
    return available, pending


def mature(scope: Scope) -> list[str]:
    """Folds funds that became available into bucket 0; returns the currencies they are in."""
    due = "FROM buckets WHERE available_on > 0 AND available_on <= ?"
    rows = scope.tx.db.execute(
        f"SELECT currency, SUM(net) {due} GROUP BY currency",
        (scope.now,),
    ).fetchall()
    if not rows:
        return []
    scope.tx.db.execute(f"DELETE {due}", (scope.now,))
    scope.tx.db.executemany(
        "INSERT INTO buckets (currency, available_on, net) VALUES (?, 0, ?)"
        " ON CONFLICT (currency, available_on) DO UPDATE SET net = net + excluded.net",
        rows,
    )
    return [row[0] for row in rows]


def require_available(scope: Scope, currency: str, amount: int) -> None:
    """Raises `balance_insufficient`, which Stripe stores and replays under the same key."""
    available, _ = funds(scope.tx, scope.now)
    if available.get(currency, 0) >= amount:
        return
    raise ApiError(
        400,
        "You have insufficient available funds in your Stripe account. Try adding funds directly"
        " to your available balance.",
        code="balance_insufficient",
        stored=True,
    )


def balance(scope: Scope) -> Json:
    available, pending = funds(scope.tx, scope.now)
    if not available:
        available, pending = {"usd": 0}, {"usd": 0}
    return objects.balance(available, pending)


def processing_fee(scope: Scope, amount: int) -> int:
    """The fee on a charge in minor units, rounded half up."""
    share = (amount * scope.settings.fee_basis_points + 5_000) // 10_000
    return share + scope.settings.fee_fixed_minor
