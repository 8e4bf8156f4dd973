"""Bank statements in: looked at first, confirmed, then booked line by line.

A file that does not add up, or does not follow the last statement, is refused whole. One
transaction accepts its statements, and from then on every line is booked, whatever stops in
between: a job stages the lines under ids that the file's content makes, and books some at a time.
Of a short file whoever confirmed sees the result at once; nobody waits for a long one.
"""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from crowdloom.chassis.store import Store
from crowdloom.kernel import Clock, Money, TransientError
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import StaffId

from payment_service.application.bank_ports import (
    KeptFile,
    KeptLine,
    KeptStatement,
    StatementFile,
    StatementFormats,
)
from payment_service.application.book_bank_lines import book
from payment_service.application.judge_bank_lines import Verdict, judge
from payment_service.application.ports import Session
from payment_service.domain import bank_flows
from payment_service.domain.bank_statements import (
    BankAccount,
    BankLine,
    BankLineState,
    BankStatement,
    LastStatement,
    StatementKnown,
    line_id,
    statement_id,
)

_STAGED_TOGETHER = 500
_BOOKED_TOGETHER = 50
_TIMES_MAX = 4
# So many lines are staged and booked while somebody waits for it.
_AT_ONCE_MAX = _TIMES_MAX * _BOOKED_TOGETHER
_FORESEEN_LINES_MAX = 200


@dataclass(frozen=True)
class Foreseen:
    """A line with what it would be matched with."""

    line: BankLine
    verdict: Verdict


@dataclass(frozen=True)
class Preview:
    """What confirming would do. `foreseen` holds the first lines of each statement."""

    file_id: str
    name: str
    account: BankAccount
    statements: Sequence[BankStatement]
    foreseen: Sequence[Sequence[Foreseen]]
    is_first: bool


class ImportStatements:
    def __init__(self, store: Store[Session], *, formats: StatementFormats, clock: Clock) -> None:
        self._store = store
        self._formats = formats
        self._clock = clock

    @property
    def formats(self) -> tuple[str, ...]:
        return self._formats.names

    def look(self, who: StaffId, account_id: str, file: StatementFile) -> Preview:
        """Read and check a file, and keep it; nothing is booked.

        Raises NotFound, UnreadableStatement, OtherAccount, StatementDoesNotAddUp,
        StatementMissing, StatementKnown.
        """
        file_id = _digest(account_id, file)
        account = self._store.run(lambda s: _need_account(s, account_id))
        kept = self._store.run(lambda s: s.bank_files.get(file_id))
        if kept is not None and kept.statement_ids:
            raise StatementKnown("This file is in the books already", file_id=file_id)
        statements = self._formats(file, account)
        self._store.run(lambda s: _check(s, account, statements))
        if kept is None:
            kept = KeptFile(file_id, account_id, file, who, self._clock.now())
            self._store.run(lambda s: s.bank_files.put(kept))
        return self._preview(kept, account, statements)

    def preview(self, file_id: str) -> Preview:
        """The same of a file that was looked at before."""
        kept, account = self._store.run(lambda s: _kept(s, file_id))
        statements = self._formats(kept.file, account)
        self._store.run(lambda s: _check(s, account, statements))
        return self._preview(kept, account, statements)

    def confirm(self, who: StaffId, file_id: str) -> Sequence[str]:
        """Book it; returns its statements. Confirming again changes nothing. Raises as `look`."""
        kept, account = self._store.run(lambda s: _kept(s, file_id))
        if kept.statement_ids:
            return kept.statement_ids
        statements = self._formats(kept.file, account)
        self._store.run(lambda s: _check(s, account, statements))
        ids = self._store.run(lambda s: self._accept(s, who, kept, statements))
        if sum(len(statement.moving_lines) for statement in statements) <= _AT_ONCE_MAX:
            # The job may be booking them by now; what is left of it is the job's.
            with suppress(TransientError):
                self.book_waiting()
        return ids

    def book_waiting(self) -> int:
        """A job, run again at once while it did something: book lines of accepted statements.

        A statement is staged whole first, then booked a few hundred lines at a time; where it is
        interrupted it goes on from what is there. Returns how many were staged and booked.
        """
        count = self._stage_next()
        for _ in range(_TIMES_MAX):
            done = self._store.run(_book_some)
            count += done
            if not done:
                break
        return count

    def _preview(
        self, kept: KeptFile, account: BankAccount, statements: Sequence[BankStatement]
    ) -> Preview:
        def work(session: Session) -> Sequence[Sequence[Foreseen]]:
            return [
                [_foreseen(session, account, line) for line in each.lines[:_FORESEEN_LINES_MAX]]
                for each in statements
            ]

        foreseen = self._store.run(work)
        return Preview(
            kept.file_id, kept.file.name, account, statements, foreseen, account.last is None
        )

    def _stage_next(self) -> int:
        """All lines of the oldest statement that has none yet; returns how many."""
        waiting = self._store.run(lambda s: s.bank_statements.unstaged(1))
        if not waiting:
            return 0
        kept, account = self._store.run(lambda s: _kept(s, waiting[0].file_id))
        read_so = replace(account, mapping=kept.mapping)
        count = sum(
            self._stage(account, statement)
            for statement in self._formats(kept.file, read_so)
            if statement_id(account, statement) == waiting[0].statement_id
        )
        self._store.run(lambda s: s.bank_statements.note_staged(waiting[0].statement_id))
        return count

    def _stage(self, account: BankAccount, statement: BankStatement) -> int:
        name = statement_id(account, statement)
        lines = [
            KeptLine(
                line_id=line_id(name, line.number),
                statement_id=name,
                account_id=account.account_id,
                line=line,
                state=BankLineState.WAITING,
            )
            for line in statement.moving_lines
        ]
        for start in range(0, len(lines), _STAGED_TOGETHER):
            part = lines[start : start + _STAGED_TOGETHER]
            self._store.run(lambda s, p=part: s.bank_lines.stage(p))  # type: ignore[misc]
        return len(lines)

    def _accept(
        self,
        session: Session,
        who: StaffId,
        kept: KeptFile,
        statements: Sequence[BankStatement],
    ) -> tuple[str, ...]:
        again = session.bank_files.get(kept.file_id)
        if again is not None and again.statement_ids:
            return again.statement_ids
        account = _need_account(session, kept.account_id)
        _check(session, account, statements)
        now = self._clock.now()
        if account.last is None:
            _open(session, account, statements[0])
        ids = []
        after = account.last.statement_id if account.last else None
        for number, statement in enumerate(statements, account.statement_count + 1):
            name = statement_id(account, statement)
            ids.append(name)
            session.bank_statements.add(
                KeptStatement(
                    statement_id=name,
                    account_id=account.account_id,
                    number=number,
                    reference=statement.reference,
                    opening=statement.opening,
                    closing=statement.closing,
                    closed_on=statement.closed_on.isoformat(),
                    line_count=len(statement.moving_lines),
                    booked_count=0,
                    file_id=kept.file_id,
                    confirmed_by=who,
                    confirmed_at=now,
                )
            )
        last = statements[-1]
        ended = LastStatement(ids[-1], last.reference, last.closing, last.closed_on.isoformat())
        followed = replace(
            account, last=ended, statement_count=account.statement_count + len(statements)
        )
        if not session.bank_accounts.follow(followed, after):
            raise TransientError("Another statement of this account was confirmed meanwhile")
        session.bank_files.put(replace(kept, statement_ids=tuple(ids), mapping=account.mapping))
        session.audit.note(
            who=who,
            what="bank_statement.confirm",
            subject=ids[-1],
            account=account.account_id,
            file=kept.file.name,
            file_id=kept.file_id,
            statements=ids,
        )
        return tuple(ids)


def _open(session: Session, account: BankAccount, first: BankStatement) -> None:
    """Book what was in the bank before, as far as nobody has booked it by hand."""
    path = bank_flows.bank(account.account_id, account.currency)
    missing = first.opening - Money(session.ledger.standing(path), account.currency)
    if missing:
        on = first.lines[0].booked_on if first.lines else first.closed_on
        name = statement_id(account, first)
        session.ledger.post(bank_flows.opening(account.account_id, name, missing, on))


def _foreseen(session: Session, account: BankAccount, line: BankLine) -> Foreseen:
    return Foreseen(line, judge(session, account.account_id, line))


def _book_some(session: Session) -> int:
    """Of the oldest statement that waits."""
    for statement in session.bank_statements.unbooked(1):
        lines = session.bank_lines.waiting(statement.statement_id, _BOOKED_TOGETHER)
        for line in lines:
            book(session, line)
        session.bank_statements.note_booked(statement.statement_id, len(lines))
        return len(lines)
    return 0


def _check(session: Session, account: BankAccount, statements: Sequence[BankStatement]) -> None:
    before = account.last
    for statement in statements:
        name = statement_id(account, statement)
        if session.bank_statements.get(name) is not None:
            raise StatementKnown(
                f"Statement {statement.reference} of {statement.closed_on} is in the books already",
                reference=statement.reference,
                statement_id=name,
            )
        statement.check(account, before)
        statement.check_days(session.now().date())
        before = LastStatement(
            name, statement.reference, statement.closing, statement.closed_on.isoformat()
        )


def _kept(session: Session, file_id: str) -> tuple[KeptFile, BankAccount]:
    kept = session.bank_files.get(file_id)
    if kept is None:
        raise NotFound("There is no such file")
    return kept, _need_account(session, kept.account_id)


def _need_account(session: Session, account_id: str) -> BankAccount:
    account = session.bank_accounts.get(account_id)
    if account is None:
        raise NotFound("There is no such bank account")
    return account


def _digest(account_id: str, file: StatementFile) -> str:
    """Of the bytes, and of the balances that were typed with them."""
    digest = hashlib.sha256(file.content)
    digest.update(f"{account_id}\n{file.opening}\n{file.closing}".encode())
    return digest.hexdigest()
