"""Files beside an exception: a bank's letter, a screen of the processor, a worker's complaint."""

import hashlib
from collections.abc import Sequence
from typing import Protocol

from crowdloom.chassis.store import Store
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import StaffId

from payment_service.application.exception_ports import Note
from payment_service.application.exceptions_desk import TEXT_CHARACTERS_MAX
from payment_service.application.ports import Session
from payment_service.domain.evidence import (
    EVIDENCE_FILES_MAX,
    EvidenceFile,
    EvidenceRefused,
    media_type_of,
    plain_name,
)

FILE = "file"


class EvidenceFiles(Protocol):
    """Files by exception and content. Blocks; a file is never changed and never removed."""

    def keep(self, exception_id: str, file: EvidenceFile, content: bytes) -> None:
        """Does nothing where the exception has it already."""
        ...

    def of_exception(self, exception_id: str) -> Sequence[EvidenceFile]: ...

    def read(self, exception_id: str, file_id: str) -> tuple[EvidenceFile, bytes] | None: ...


class AttachEvidence:
    """A file is kept first, then noted with who brought it: also beside one that is settled."""

    def __init__(self, store: Store[Session], files: EvidenceFiles) -> None:
        self._store = store
        self._files = files

    def __call__(
        self, who: StaffId, exception_id: str, *, name: str, content: bytes, text: str = ""
    ) -> EvidenceFile:
        """The same file again changes nothing. Raises NotFound, EvidenceRefused."""
        file = EvidenceFile(
            file_id=hashlib.sha256(content).hexdigest(),
            name=plain_name(name),
            media_type=media_type_of(content),
            length=len(content),
        )
        if self._store.run(lambda session: session.exceptions.get(exception_id)) is None:
            raise NotFound("There is no such exception")
        if len(self._files.of_exception(exception_id)) >= EVIDENCE_FILES_MAX:
            sentence = f"It has {EVIDENCE_FILES_MAX} files already"
            raise EvidenceRefused(sentence, reason="too_many", errors={"file": [sentence]})
        self._files.keep(exception_id, file, content)
        self._store.run(lambda session: _note(session, who, exception_id, file, text))
        return file

    def listed(self, exception_id: str) -> Sequence[EvidenceFile]:
        return self._files.of_exception(exception_id)

    def read(self, exception_id: str, file_id: str) -> tuple[EvidenceFile, bytes]:
        """Raises NotFound, also for a file of another exception."""
        found = self._files.read(exception_id, file_id)
        if found is None:
            raise NotFound("There is no such file")
        return found


def _note(session: Session, who: StaffId, exception_id: str, file: EvidenceFile, text: str) -> None:
    evidence = (FILE, file.file_id)
    if session.exceptions.noted(exception_id, evidence):
        return
    said = text.strip()[:TEXT_CHARACTERS_MAX]
    session.exceptions.note(Note(exception_id, who, "comment", said, evidence))
    session.audit.note(
        who=who,
        what="exception.evidence",
        subject=exception_id,
        file=file.name,
        file_id=file.file_id,
        media_type=file.media_type,
        length=file.length,
    )
