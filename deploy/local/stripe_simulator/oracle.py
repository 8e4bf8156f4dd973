"""What was really carried out, for whoever checks the ledger against it."""

from collections import Counter

from stripe_simulator import faults, ledger
from stripe_simulator.errors import Json
from stripe_simulator.params import Params
from stripe_simulator.scope import Scope

TRANSFERS_MAX = 100_000
SUMMARISED_BY = "payout_item"


def transfers(scope: Scope, params: Params) -> Json:
    """Every executed transfer, oldest first, with sums in minor units by currency.

    `by_metadata` counts transfers by one metadata key: a count above 1 that was not reversed is
    somebody paid twice.
    """
    name = params.text("metadata_key") or SUMMARISED_BY
    where: dict[str, object] = {}
    for condition in ("transfer_group", "destination"):
        value = params.text(condition)
        if value is not None:
            where[condition] = value
    params.done()
    rows = scope.tx.find("transfer", where, limit=TRANSFERS_MAX, oldest_first=True)
    return {
        "count": len(rows),
        "sums_minor": _sums(rows, "amount"),
        "reversed_minor": _sums(rows, "amount_reversed"),
        "by_destination": dict(Counter(row["destination"] for row in rows)),
        "by_metadata": _by_metadata(rows, name),
        "transfers": [_line(row) for row in rows],
    }


def _sums(rows: list[Json], name: str) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for row in rows:
        sums[row["currency"]] += row[name]
    return dict(sums)


def _by_metadata(rows: list[Json], name: str) -> Json:
    result: Json = {}
    for row in rows:
        entry = result.setdefault(
            row["metadata"].get(name, ""), {"count": 0, "amount": 0, "amount_reversed": 0}
        )
        entry["count"] += 1
        entry["amount"] += row["amount"]
        entry["amount_reversed"] += row["amount_reversed"]
    return result


def _line(row: Json) -> Json:
    names = "id amount amount_reversed currency destination created metadata transfer_group"
    line = {name: row[name] for name in names.split()}
    return line | {
        "balance_transaction": row["balance_transaction"],
        "idempotency_key": row.get("_idempotency_key"),
    }


def state(scope: Scope) -> Json:
    """The simulator at a glance."""
    kinds = ("checkout.session", "charge", "refund", "v2.core.account", "transfer", "payout")
    deliveries = scope.tx.db.execute("SELECT state, COUNT(*) FROM deliveries GROUP BY state")
    return {
        "simulator": True,
        "now": scope.now,
        "clock_offset_seconds": int(scope.tx.fact("clock_offset_seconds", "0")),
        "balance": ledger.balance(scope),
        "counts": {kind: scope.tx.count(kind) for kind in kinds},
        "events": scope.tx.count("event") + scope.tx.count("v2.core.event"),
        "deliveries": dict(deliveries.fetchall()),
        "faults_queued": len(faults.queued(scope.tx)),
    }
