"""What the use cases about banks need of the outside world. The same contract as in `ports`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from crowdloom.kernel import Money

from payment_service.domain.bank_statements import (
    BankAccount,
    BankLine,
    BankLineState,
    BankStatement,
    CsvMapping,
)
from payment_service.domain.tolerances import Tolerance


@dataclass(frozen=True)
class StatementFile:
    """As it was uploaded. `format` is empty where it is to be found out; `opening` and `closing`
    are typed for a CSV without a running balance.
    """

    name: str
    content: bytes
    format: str = ""
    opening: str = ""
    closing: str = ""


class StatementFormats(Protocol):
    """Reads a file. Does not block; the same bytes give the same statements."""

    @property
    def names(self) -> tuple[str, ...]: ...

    def __call__(self, file: StatementFile, account: BankAccount) -> Sequence[BankStatement]:
        """Statements in the file's order, at least one. Raises UnreadableStatement."""
        ...


@dataclass(frozen=True)
class KeptFile:
    """`file_id` is the SHA-256 of its bytes; `statement_ids` are set once it was confirmed, and so
    is the `mapping` that it was read with.
    """

    file_id: str
    account_id: str
    file: StatementFile
    uploaded_by: str
    uploaded_at: datetime
    statement_ids: tuple[str, ...] = ()
    mapping: CsvMapping | None = None


@dataclass(frozen=True)
class KeptStatement:
    """`number` counts the account's statements; `booked_count` the lines in the journal."""

    statement_id: str
    account_id: str
    number: int
    reference: str
    opening: Money
    closing: Money
    closed_on: str
    line_count: int
    booked_count: int
    file_id: str
    confirmed_by: str
    confirmed_at: datetime

    @property
    def moved(self) -> Money:
        """What came in less what went out."""
        return self.closing - self.opening


@dataclass(frozen=True)
class KeptLine:
    """A line with what became of it. `kind` and `target` say what it was matched with."""

    line_id: str
    statement_id: str
    account_id: str
    line: BankLine
    state: BankLineState
    kind: str = ""
    target: str = ""
    rule: str = ""
    match_count: int = 0
    entry_key: str = ""
    changed_at: datetime | None = None


class BankAccounts(Protocol):
    def get(self, account_id: str) -> BankAccount | None: ...

    def listed(self) -> Sequence[BankAccount]:
        """By name."""
        ...

    def put(self, account: BankAccount) -> None: ...

    def follow(self, account: BankAccount, after: str | None) -> bool:
        """Keep `last` and the count where the newest statement is still `after`."""
        ...


class BankFiles(Protocol):
    def get(self, file_id: str) -> KeptFile | None: ...

    def put(self, kept: KeptFile) -> None: ...


class BankStatements(Protocol):
    def get(self, statement_id: str) -> KeptStatement | None: ...

    def add(self, statement: KeptStatement) -> None: ...

    def note_booked(self, statement_id: str, count: int) -> None: ...

    def unstaged(self, count_max: int) -> Sequence[KeptStatement]:
        """Statements whose lines are not kept yet, oldest first."""
        ...

    def note_staged(self, statement_id: str) -> None: ...

    def unbooked(self, count_max: int) -> Sequence[KeptStatement]:
        """Statements with lines that are not in the journal yet, oldest first."""
        ...

    def listed(
        self, count_max: int, *, before: str | None = None, account_id: str | None = None
    ) -> Sequence[KeptStatement]:
        """Newest first; `before` is the last one that was seen."""
        ...


class BankLines(Protocol):
    def stage(self, lines: Sequence[KeptLine]) -> None:
        """Keep those that are not kept yet; they count once their statement is accepted. A line
        that is kept stays as it is: somebody else may have confirmed, and booked it.
        """
        ...

    def get(self, line_id: str) -> KeptLine | None: ...

    def change(self, line: KeptLine, *, was: Collection[BankLineState]) -> bool:
        """Write what became of it, if it is still in one of the states."""
        ...

    def waiting(self, statement_id: str, count_max: int) -> Sequence[KeptLine]: ...

    def of_statement(
        self, statement_id: str, count_max: int, *, after: int = 0
    ) -> Sequence[KeptLine]:
        """In the bank's order, from line number `after` on."""
        ...

    def unmatched(self, count_max: int, *, after: str | None = None) -> Sequence[KeptLine]:
        """Booked to suspense, by id."""
        ...

    def similar(self, amount: Money, *, since: date, until: date) -> Sequence[KeptLine]:
        """Of exactly this amount, within the days, and not matched; a few at most."""
        ...

    def matched_with(self, kind: str, target: str) -> Sequence[KeptLine]: ...

    def counts(self, statement_id: str) -> Mapping[BankLineState, int]: ...


class Sweeps(Protocol):
    """What moved between the processor and our bank and was booked to transit: amounts are above
    zero where it goes to the bank.
    """

    def add(self, sweep: Mapping[str, Any]) -> None: ...

    def get(self, source_id: str) -> Mapping[str, Any] | None: ...

    def still_open(self, count_max: int) -> Sequence[Mapping[str, Any]]:
        """Not seen at a bank yet."""
        ...

    def set_line(self, source_id: str, line_id: str | None) -> None: ...


class Tolerances(Protocol):
    def of_account(self, account_id: str) -> Sequence[Tolerance]: ...

    def listed(self) -> Sequence[Tolerance]: ...

    def put(self, rule: Tolerance) -> None: ...

    def remove(self, rule_id: str) -> None:
        """It ends now; what was booked by it stays."""
        ...
