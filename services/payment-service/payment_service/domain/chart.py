"""The chart of accounts: paths, as money.md section 3 names them, each ending with its currency.

Assets and expenses live on the debit side, liabilities and income on the credit side. Guarded
accounts have a balance of their own that is kept with each entry and never falls below zero; what
all others hold is derived from the journal.
"""

import re

from crowdloom.kernel import Currency
from crowdloom.kernel.errors import InvalidInput
from crowdloom.kernel.ids import BatchId, PayoutItemId, RequesterId, WorkerId

_KNOWN = re.compile(
    r"asset:stripe:(pending|available|reserved)|asset:bank:\w[\w-]*|asset:transit:\w+:\w+"
    r"|asset:dispute:\w+|asset:receivable:(requester|worker):\w+|asset:suspense:\w+"
    r"|liability:requester:\w+:(wallet|refunding)|liability:requester:\w+:escrow:\w+:\d+"
    r"|liability:worker:\w+:(clearing|payable|held)|liability:payout:\w+|liability:gift"
    r"|liability:tax:(vat|withheld):\w+|income:fee:(platform|bonus|payout)"
    r"|expense:stripe:(processing|connect|dispute|fx)"
    r"|expense:loss:(chargeback|fraud|writeoff)|expense:goodwill|expense:bank:fees"
    r"|income:interest|clearing:fx|equity:opening",
    re.ASCII,
)
_MEMO = "memo:"
_GUARDED_LAST_BUT_ONE = {"wallet", "clearing", "payable", "held"}
# Shards spread a very large batch over several documents; one consumer handles a batch, so one is
# enough until several may touch it.
_SHARD = 0


def wallet(requester_id: RequesterId, currency: Currency) -> str:
    """Free money of a requester."""
    return f"liability:requester:{requester_id}:wallet:{currency.code}"


def refunding(requester_id: RequesterId, currency: Currency) -> str:
    """Asked back to a card, and not on the processor's books yet."""
    return f"liability:requester:{requester_id}:refunding:{currency.code}"


def escrow(requester_id: RequesterId, batch_id: BatchId, currency: Currency) -> str:
    """Reserved for the published slots of a batch."""
    return f"liability:requester:{requester_id}:escrow:{batch_id}:{_SHARD}:{currency.code}"


def clearing(worker_id: WorkerId, currency: Currency) -> str:
    """Accepted, inside the hold window."""
    return f"liability:worker:{worker_id}:clearing:{currency.code}"


def payable(worker_id: WorkerId, currency: Currency) -> str:
    """May be paid out."""
    return f"liability:worker:{worker_id}:payable:{currency.code}"


def held(worker_id: WorkerId, currency: Currency) -> str:
    """Earned, and kept back while somebody looks into it."""
    return f"liability:worker:{worker_id}:held:{currency.code}"


def owed_by(requester_id: RequesterId, currency: Currency) -> str:
    """What a requester owes us: paid to a worker beyond what the wallet held."""
    return f"asset:receivable:requester:{requester_id}:{currency.code}"


def payout_item(item_id: PayoutItemId, currency: Currency) -> str:
    """Reserved in a run, outcome not known yet."""
    return f"liability:payout:{item_id}:{currency.code}"


def gift_credit(currency: Currency) -> str:
    """Credit that workers took instead of money, and nobody has spent yet."""
    return f"liability:gift:{currency.code}"


def platform_fees(currency: Currency) -> str:
    return f"income:fee:platform:{currency.code}"


def bonus_fees(currency: Currency) -> str:
    return f"income:fee:bonus:{currency.code}"


def vat(country: str, currency: Currency) -> str:
    """Taken with our fees, and owed to a country's tax office."""
    return f"liability:tax:vat:{country}:{currency.code}"


def withheld(country: str, currency: Currency) -> str:
    """Taken from workers' payouts, and owed to a country's tax office."""
    return f"liability:tax:withheld:{country}:{currency.code}"


def payout_fees(currency: Currency) -> str:
    return f"income:fee:payout:{currency.code}"


def stripe_pending(currency: Currency) -> str:
    """Equals the processor's pending balance."""
    return f"asset:stripe:pending:{currency.code}"


def stripe_available(currency: Currency) -> str:
    """Equals the processor's available balance."""
    return f"asset:stripe:available:{currency.code}"


def processing_costs(currency: Currency) -> str:
    return f"expense:stripe:processing:{currency.code}"


def suspense(currency: Currency) -> str:
    """Processor lines nobody could identify; must age to zero."""
    return f"asset:suspense:stripe:{currency.code}"


def check(path: str, currency: Currency) -> None:
    """Raises InvalidInput for a path that is not of this chart: a typing error is no account."""
    name, _, code = path.rpartition(":")
    if code != currency.code or _KNOWN.fullmatch(name) is None:
        raise InvalidInput(
            "%(account)s is no account of the chart in %(currency)s",
            account=path,
            currency=currency.code,
            errors={"account": [path]},
        )


def is_guarded(path: str) -> bool:
    """Whether the account's balance is kept with each entry and may not fall below zero."""
    parts = path.split(":")
    if parts[0] != "liability":
        return False
    return parts[-2] in _GUARDED_LAST_BUT_ONE or "escrow" in parts


def is_debit_side(path: str) -> bool:
    return path.startswith(("asset:", "expense:"))


def connected(account_id: str, currency: Currency) -> str:
    """Mirrors a worker's own balance at the processor."""
    return f"{_MEMO}connected:{account_id}:{currency.code}"


def is_off_the_books(path: str) -> bool:
    """A mirror of what is not ours: never in an entry, so never in a trial balance."""
    return path.startswith(_MEMO)


def owner_of(path: str) -> str:
    """The requester or worker a guarded account belongs to."""
    return path.split(":")[2]


def kind_of(path: str) -> str:
    """wallet, escrow, clearing, payable, held, payout, gift, tax, or the first two parts of any
    other path.
    """
    parts = path.split(":")
    if parts[0] == "liability":
        return parts[1] if parts[1] in {"payout", "gift", "tax"} else parts[3]
    return ":".join(parts[:2])
