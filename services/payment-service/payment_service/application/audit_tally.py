"""One reading of the journal: what an audit keeps of it, which is sums and never entries."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from payment_service.application.journal import JournalEntry
from payment_service.domain.chart import kind_of
from payment_service.domain.entries import Entry, Line, UnbalancedEntry

# What an entry is called, by its code: a second one about the same thing cannot have another name.
# A match of a bank line after the first has its number behind the line's id.
_NAMES = {
    "topup": "topup:{stripe_txn}",
    "settle": "settle:{stripe_txn}",
    "suspense": "suspense:{stripe_txn}",
    "publish": "publish:{batch}:*",
    "accept": "accept:{assignment}",
    "overturn": "accept:{assignment}",
    "bonus": "bonus:{bonus}",
    "mature": "mature:{assignment}",
    "release": "release:*",
    "cancel": "cancel:{batch}:*",
    "close": "close:{batch}",
    "hold": "hold:{hold}",
    "unhold": "unhold:{hold}",
    "payout_reserve": "payout:{item}:reserve:*",
    "payout_void": "payout:{item}:void:*",
    "payout_post": "payout:{item}:post:*",
    "payout_return": "payout:{item}:return:{bank_line}",
    "return_unmatch": "unmatch:{bank_line}:*",
    "gift_redeem": "gift:{item}:redeem",
    "refund_reserve": "refund:{refund}:reserve",
    "refund_void": "refund:{refund}:void:*",
    "refund_post": "refund:{refund}:post:{stripe_txn}",
    "refund_return": "refund:{refund}:return:{stripe_txn}",
    "bank_opening": "bankopening:{bank_account}",
    "bank_suspense": "suspense:{bank_line}",
    "bank_other": "bankline:{bank_line}",
    "bank_topup": "banktopup:{bank_line}",
    "bank_unmatch": "unmatch:{bank_line}:*",
    "sweep": "sweep:{sweep}|sweep:{sweep}:fail:{stripe_txn}",
    "fund": "fund:{sweep}|fund:{sweep}:fail:{stripe_txn}",
    "stripe_fee": "stripefee:{stripe_txn}",
    "sweep_in": "sweep:{sweep}:in:{bank_line}|sweeps:{bank_line}",
    "manual": "manual:{approval}",
    "correction": "correct:{corrects}",
    "resolution": "resolve:{approval}",
    "write_off": "writeoff:{approval}",
}
_MANUAL = frozenset({"manual", "correction", "resolution", "write_off"})


@dataclass
class Tally:
    """What one reading of the journal leaves behind. Units; debits count up."""

    count: int = 0
    sums: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    by_period: dict[str, dict[str, int]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(int))
    )
    accepts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    overturns: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    accept_units: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    # What a slot of each batch costs by the terms in force at that place of the journal, and the
    # batches with an accepted answer that was paid otherwise.
    price: dict[str, int] = field(default_factory=dict)
    off_terms: set[str] = field(default_factory=set)
    earned: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    paid: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    reserved: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    voided: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    posted: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    returned: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    booked: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    settled: dict[str, int] = field(default_factory=dict)
    # What each line of a bank moved on the bank's account, by both.
    bank: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    suspense_since: dict[str, datetime] = field(default_factory=dict)
    counted_before: str = ""
    counted: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    newest_of_period: dict[str, datetime] = field(default_factory=dict)
    unbalanced: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    manual: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)


def tally_of(entries: Iterator[JournalEntry], *, counted_before: str = "") -> Tally:
    """`counted` are sums of what was booked before a day: those that other figures have too."""
    tally = Tally(counted_before=counted_before)
    for entry in entries:
        _add(tally, entry)
    return tally


def _add(tally: Tally, entry: JournalEntry) -> None:
    tally.count += 1
    if not (_is_itself(entry) and _is_named_after_its_cause(entry)):
        tally.unbalanced.append(entry.key)
    newest = tally.newest_of_period.get(entry.period, entry.booked_at)
    tally.newest_of_period[entry.period] = max(newest, entry.booked_at)
    month = tally.by_period[entry.period]
    counted = f"{entry.booked_at:%Y-%m-%d}" < tally.counted_before
    for line in entry.lines:
        change = line.debit - line.credit
        _follow_suspense(tally, entry, line.account, change)
        tally.sums[line.account] += change
        month[line.account] += change
        if counted:
            tally.counted[line.account] += change
    _add_work(tally, entry)
    _add_payout(tally, entry)
    _add_line(tally, entry)
    _add_bank_line(tally, entry)
    if entry.code in _MANUAL:
        tally.manual.append((entry.key, entry.refs))


def _follow_suspense(tally: Tally, entry: JournalEntry, path: str, change: int) -> None:
    """Since when something stands on a suspense account."""
    if not path.startswith("asset:suspense:"):
        return
    if tally.sums[path] == 0:
        tally.suspense_since[path] = entry.booked_at
    elif tally.sums[path] + change == 0:
        del tally.suspense_since[path]


def _is_itself(entry: JournalEntry) -> bool:
    """Whether it balances and still says what its fingerprint was made of."""
    lines = tuple(Line(line.account, line.debit, line.credit) for line in entry.lines)
    try:
        made = Entry(entry.key, entry.code, entry.currency, lines)
    except UnbalancedEntry:
        return False
    return made.fingerprint == entry.fingerprint and made.total == entry.total


def _is_named_after_its_cause(entry: JournalEntry) -> bool:
    names = _NAMES.get(entry.code)
    given = entry.key.removesuffix(":appeal").split(":")
    return names is None or any(_fits(given, name, entry.refs) for name in names.split("|"))


def _fits(given: Sequence[str], name: str, refs: Mapping[str, str]) -> bool:
    known = defaultdict(str, refs)
    wanted = [part.format_map(known) for part in name.split(":")]
    return len(given) == len(wanted) and all(
        w in ("*", g) or g.startswith(f"{w}.") for w, g in zip(wanted, given, strict=True)
    )


def _add_work(tally: Tally, entry: JournalEntry) -> None:
    for line in entry.lines:
        kind = kind_of(line.account)
        if kind == "clearing" and entry.code in {"accept", "overturn"}:
            tally.earned[line.account.split(":")[2]] += line.credit
    if entry.code == "publish" and "slot_units" in entry.refs:
        tally.price[entry.refs["batch"]] = int(entry.refs["slot_units"])
    elif entry.code == "accept":
        tally.accepts[entry.refs["batch"]] += 1
        tally.accept_units[entry.refs["batch"]] += entry.total
        if tally.price.get(entry.refs["batch"], entry.total) != entry.total:
            tally.off_terms.add(entry.refs["batch"])
    elif entry.code == "overturn":
        tally.overturns[entry.refs["batch"]] += 1
    elif entry.code in {"bonus", "manual", "correction", "resolution"}:
        for line in entry.lines:
            if kind_of(line.account) in {"payable", "held"}:
                tally.earned[line.account.split(":")[2]] += line.credit - line.debit


def _add_payout(tally: Tally, entry: JournalEntry) -> None:
    columns = {
        "payout_reserve": tally.reserved,
        "payout_void": tally.voided,
        "payout_post": tally.posted,
    }
    column = columns.get(entry.code)
    if column is not None:
        column[entry.refs["item"]] += entry.total
    if entry.code == "bank_unmatch" and "item" in entry.refs:
        # A bank line turned out to be of something else: the payout is under way again.
        tally.posted[entry.refs["item"]] -= entry.total
        tally.paid[entry.refs["worker"]] -= entry.total
    if entry.code == "payout_post":
        tally.paid[entry.refs["worker"]] += entry.total
    if entry.code in {"payout_return", "return_unmatch"}:
        # It is payable once more, and not earned once more.
        back = entry.total if entry.code == "payout_return" else -entry.total
        tally.returned[entry.refs["item"]] += back
        tally.paid[entry.refs["worker"]] -= back


def _add_line(tally: Tally, entry: JournalEntry) -> None:
    line_id = entry.refs.get("stripe_txn")
    if line_id is None:
        return
    net = sum(n.debit - n.credit for n in entry.lines if n.account.startswith("asset:stripe:"))
    if entry.code == "settle":
        tally.settled[line_id] = sum(n.debit for n in entry.lines)
        return
    if line_id in tally.booked:
        tally.doubled.append(f"{line_id}: {tally.booked[line_id][0]} and {entry.key}")
    # A line that is a fee itself has none: its amount is what it costs.
    fee = sum(
        n.debit - n.credit
        for n in entry.lines
        if n.account.startswith("expense:stripe:") and entry.code != "stripe_fee"
    )
    tally.booked[line_id] = (entry.key, net, fee)


def _add_bank_line(tally: Tally, entry: JournalEntry) -> None:
    """Once, however often it is matched and unmatched: later entries move suspense."""
    line_id = entry.refs.get("bank_line")
    if line_id is None:
        return
    for line in entry.lines:
        if line.account.startswith("asset:bank:"):
            tally.bank[f"{line_id} on {line.account}"] += line.debit - line.credit
