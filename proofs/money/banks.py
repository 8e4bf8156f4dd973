"""A bank of our own beside the processor. Its statements name sweeps, payouts and requesters, or do
not, bring payouts back, pay some twice, and have lines that nobody knows; each goes on from where
the last one ended, whatever was lost between.
"""

from collections.abc import Mapping
from typing import Any

from crowdloom.kernel import Money
from crowdloom.kernel.ids import StaffId
from payment_service.application.bank_ports import StatementFile
from payment_service.domain.bank_statements import BankLineState

from proofs.money.batches import REQUESTERS
from proofs.money.world import World

ACCOUNT = "second"
_MAPPING = {"date": "day", "amount": "amount", "balance": "balance", "text": "text"}
_LINES_MAX = 3
_LISTED_MAX = 50
_NAMED_CHANCE, _KNOWN_CHANCE = 0.6, 0.75


def open_account(world: World, who: StaffId) -> None:
    world.application.put_bank_account(
        who,
        ACCOUNT,
        name="Second",
        number="0532013000",
        currency=world.currency.code,
        mapping=_MAPPING,
    )


def read_statement(world: World, who: StaffId) -> None:
    """Look and confirm; the same file once more now and then, which must change nothing."""
    file = _statement(world)
    desk = world.application.import_statements

    def act() -> None:
        desk.confirm(who, desk.look(who, ACCOUNT, file).file_id)

    world.attempt(act)
    world.attempt(desk.book_waiting)


def proposal(world: World) -> tuple[str, Mapping[str, Any]] | None:
    """A kind of proposal about a random line, with its payload."""
    lines = world.application.readers.bank_lines
    if world.random.random() < 0.5:  # noqa: PLR2004
        waiting = lines.unmatched(_LISTED_MAX)
        if not waiting:
            return None
        account = f"expense:bank:fees:{world.currency.code}"
        line_id = world.random.choice(waiting).line_id
        return "statement_match", {"line_id": line_id, "kind": "account", "target": account}
    found = [
        kept.line_id
        for statement in world.application.readers.bank_statements.listed(_LISTED_MAX)
        for kept in lines.of_statement(statement.statement_id, _LISTED_MAX)
        if kept.state is BankLineState.MATCHED
    ]
    return ("statement_unmatch", {"line_id": world.random.choice(found)}) if found else None


def _statement(world: World) -> StatementFile:
    account = world.application.readers.bank_accounts.get(ACCOUNT)
    balance = Money.zero(world.currency)
    if account is not None and account.last is not None:
        balance = account.last.closing
    expected = [*_sweeps(world), *_payouts(world), *_paid_in(world)]
    rows = ["day,amount,balance,text"]
    for _ in range(world.random.randint(1, _LINES_MAX)):
        amount, text = Money.of_minor(world.random.choice((-3, 1, 20)), world.currency), "unknown"
        if expected and world.random.random() < _KNOWN_CHANCE:
            amount, text = expected.pop(world.random.randrange(len(expected)))
        balance += amount
        day = world.clock.now().date()
        rows.append(f"{day},{_digits(amount)},{_digits(balance)},{text}")
    return StatementFile("statement.csv", "\n".join([*rows, ""]).encode())


def _sweeps(world: World) -> list[tuple[Money, str]]:
    named = world.random.random() < _NAMED_CHANCE
    return [
        (sweep["amount"], str(sweep["_id"]) if named else "processor")
        for sweep in world.application.readers.sweeps.still_open(_LISTED_MAX)
    ]


def _payouts(world: World) -> list[tuple[Money, str]]:
    """Those that were handed over, and now and then one that was paid: back, or a second time."""
    by_bank = [
        (name, item, Money(item.units, world.currency))
        for name, item in world.watch.items.items()
        if item.rail == "bank_file"
    ]
    lines = [(-amount, f"payout {name}") for name, item, amount in by_bank if item.state == "sent"]
    paid = [(name, amount) for name, item, amount in by_bank if item.state == "paid"]
    if paid:
        name, amount = world.random.choice(paid)
        lines.append((world.random.choice((amount, amount, -amount)), f"again {name}"))
    return lines


def _paid_in(world: World) -> list[tuple[Money, str]]:
    return [(Money.of_minor(40, world.currency), world.random.choice(REQUESTERS))]


def _digits(amount: Money) -> str:
    return str(amount).partition(" ")[0]
