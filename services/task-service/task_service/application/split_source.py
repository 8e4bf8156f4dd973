"""Split a whole into a draft's tasks, and merge the answers to them back into the whole."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import RequesterId, TaskId

from task_service.application.batches import Batches
from task_service.application.piece_port import Pieces
from task_service.application.ports import Reader
from task_service.application.source_ports import Files, Source, Splitter, StoredFile
from task_service.domain.batches import Batch, BatchStatus
from task_service.domain.consensus import majority
from task_service.domain.projects import Project
from task_service.domain.splitting.pieces import Merged, PieceAnswer, Split, Wish
from task_service.domain.submissions import Answer
from task_service.domain.tables import Table, checked_table
from task_service.domain.uploads import check_kind

FILE_CELL = "file:"
_RECIPE = "application/json"
_TOLD_EVERY = 1_000


@dataclass(frozen=True)
class Upload:
    """A whole as it was sent; `name` is its file's."""

    name: str
    content: bytes
    media_type: str = "application/octet-stream"


@dataclass(frozen=True)
class Prepared:
    """Tasks to be, and the note of the whole they are pieces of, given their table's id. `kept` are
    the digests of all files that they are made of.
    """

    owner: RequesterId
    table: Table
    source_of: Callable[[str], Source]
    kept: Sequence[str]


class SplitSource:
    """`splitters` by the kind of wish."""

    def __init__(
        self, *, batches: Batches, files: Files, splitters: Mapping[str, Splitter]
    ) -> None:
        self._batches = batches
        self._files = files
        self._splitters = splitters

    def split(
        self,
        batch: Batch,
        upload: Upload,
        wish: Wish,
        *,
        told: Callable[[int], None] = lambda _made: None,
    ) -> Batch:
        """Give a draft the pieces of the whole as tasks, in place of any it had: all or none.
        `told` is called with how many pieces are kept as files so far. Raises FaultyRows,
        WrongBatchStatus.
        """
        batch.check_status(BatchStatus.DRAFT)
        project = self._batches.project_of(batch)
        return self.give(batch, self.prepare(project, upload, wish, told))

    def prepare(
        self, project: Project, upload: Upload, wish: Wish, told: Callable[[int], None]
    ) -> Prepared:
        """Read and cut the whole; nothing counts before it is given to a draft. Pieces of images,
        recordings and PDFs are kept as files, and their cells name them. Raises FaultyRows.
        """
        check_kind(upload.content, wish.kind)
        owner = project.requester_id

        pieces: list[str] = []

        with self._files.keeping(owner) as kept:

            def keep(content: bytes, media_type: str) -> str:
                pieces.append(kept(content, media_type))
                told(len(pieces))
                return FILE_CELL + pieces[-1]

            split = self._splitters[wish.kind].split(upload.content, wish, keep)
        table = table_of(split, project)
        digest = self._files.keep(owner, upload.content, upload.media_type)
        recipe = self._files.keep(owner, json.dumps(split.recipe).encode(), _RECIPE)
        exact = _exact(wish, split)
        return Prepared(
            owner,
            table,
            lambda table_id: Source(
                table_id, owner, upload.name, exact, digest, recipe, split.file_columns
            ),
            kept=[*pieces, digest, recipe],
        )

    def give(self, batch: Batch, prepared: Prepared) -> Batch:
        """Raises WrongBatchStatus."""
        # Before the table counts: a file too many is kept for good, one too few would be missed.
        self._files.use(prepared.owner, prepared.kept)
        return self._batches.set_table(batch, prepared.table, source_of=prepared.source_of)


class MergeSource:
    def __init__(
        self,
        *,
        reader: Reader,
        pieces: Pieces,
        files: Files,
        splitters: Mapping[str, Splitter],
    ) -> None:
        self._reader = reader
        self._pieces = pieces
        self._files = files
        self._splitters = splitters

    def source_of(self, batch: Batch) -> Source | None:
        """The whole that the batch's tasks are pieces of, None where they are rows of a table."""
        return self._reader.sources.get(batch.table_id) if batch.table_id else None

    def merged(
        self, batch: Batch, project: Project, *, told: Callable[[int], None] = lambda _read: None
    ) -> Merged:
        """The whole of what the answers so far say; `told` is called with how many are read so far.
        Raises NotFound where nothing was split.
        """
        source = self.source_of(batch)
        if source is None:
            raise NotFound("The batch was not split from a file: there is nothing to merge")
        # The whole is in memory in any case: so its answers are read once, not by their tasks.
        given: dict[TaskId, list[Answer]] = defaultdict(list)
        for read, (task_id, answer) in enumerate(self._pieces.answers(batch.batch_id), start=1):
            given[task_id].append(answer)
            if read % _TOLD_EVERY == 0:
                told(read)
        answers = [
            _piece_answer(given.pop(task_id, ()), project.answer_fields)
            for task_id in self._pieces.task_ids(source.table_id, batch.task_count)
        ]
        content = self._read(source.requester_id, source.digest)
        recipe: Mapping[str, Any] = json.loads(self._read(source.requester_id, source.recipe))
        return self._splitters[source.wish.kind].merge(content, recipe, answers)

    def open(self, requester_id: RequesterId, digest: str) -> StoredFile:
        """A kept file of the requester's own. Raises NotFound."""
        file = self._files.open(requester_id, digest)
        if file is None:
            raise NotFound("There is no such file", digest=digest)
        return file

    def _read(self, requester_id: RequesterId, digest: str) -> bytes:
        return self.open(requester_id, digest).read()


def table_of(split: Split, project: Project) -> Table:
    """The pieces under the columns that the template needs: where it needs a single one that is not
    there, what is worked on gets that name. Raises FaultyRows.
    """
    lacking = [name for name in project.columns if name not in split.columns]
    named = {split.main_column: lacking[0]} if len(lacking) == 1 else {}
    if split.main_column in project.columns:
        named = {}
    columns = tuple(named.get(name, name) for name in split.columns)
    numbered = list(zip(split.lines, split.rows, strict=True))
    return checked_table(columns, numbered, needed=project.columns)


def _exact(wish: Wish, split: Split) -> Wish:
    """The wish with what was detected written out, so that it can be told of later."""
    noted = split.recipe
    return replace(
        wish,
        encoding=noted.get("encoding", wish.encoding),
        delimiter=noted.get("delimiter", wish.delimiter),
    )


def _piece_answer(answers: Sequence[Answer], fields: Sequence[str]) -> PieceAnswer | None:
    """What most say, the template's own fields first; contested where two values have as many."""
    won = majority(answers)
    if not won:
        return None
    ordered = [*(name for name in fields if name in won), *(n for n in won if n not in fields)]
    return PieceAnswer(
        {name: won[name].value for name in ordered}, any(one.tied for one in won.values())
    )
