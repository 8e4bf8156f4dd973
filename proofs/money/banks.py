"""A bank of our own beside the processor: statements that name sweeps, or do not, and lines that
nobody knows. What it shows goes on from where its last statement ended, whatever was lost between.
"""

from collections.abc import Mapping
from typing import Any

from crowdloom.kernel import Money
from crowdloom.kernel.ids import StaffId
from payment_service.application.bank_ports import StatementFile
from payment_service.domain.bank_statements import BankLineState

from proofs.money.world import World

ACCOUNT = "second"
_MAPPING = {"date": "day", "amount": "amount", "balance": "balance", "text": "text"}
_LINES_MAX = 3
_LISTED_MAX = 50
_NAMED_CHANCE, _SWEEP_CHANCE = 0.6, 0.7


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
    sweeps = list(world.application.readers.sweeps.still_open(_LISTED_MAX))
    rows = ["day,amount,balance,text"]
    for _ in range(world.random.randint(1, _LINES_MAX)):
        amount, text = Money.of_minor(world.random.choice((-3, 1, 20)), world.currency), "unknown"
        if sweeps and world.random.random() < _SWEEP_CHANCE:
            sweep = sweeps.pop(world.random.randrange(len(sweeps)))
            amount = sweep["amount"]
            text = str(sweep["_id"]) if world.random.random() < _NAMED_CHANCE else "processor"
        balance += amount
        day = world.clock.now().date()
        rows.append(f"{day},{_digits(amount)},{_digits(balance)},{text}")
    return StatementFile("statement.csv", "\n".join([*rows, ""]).encode())


def _digits(amount: Money) -> str:
    return str(amount).partition(" ")[0]
