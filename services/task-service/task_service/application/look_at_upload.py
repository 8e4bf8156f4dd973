"""An upload looked at before it counts: what it is, the pieces it makes, the rows to mend."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import RequesterId
from crowdloom.kernel.limits import TABLE_BYTES_MAX

from task_service.application.source_ports import Files, Splitter, StoredFile
from task_service.application.split_source import FILE_CELL, Upload, table_of
from task_service.domain.errors import FaultyRows
from task_service.domain.mending import Mends, RawTable, mended
from task_service.domain.projects import Project
from task_service.domain.splitting.pieces import Wish, not_splittable
from task_service.domain.tables import RowFault, Table, checked_table
from task_service.domain.uploads import check_kind, fitting_splits, usual_split

PIECES_SHOWN = 5
_CSV = "text/csv"


@dataclass(frozen=True)
class Look:
    """What splitting so gives: pieces, or a refusal. `encoding` and `delimiter` are those that the
    file was read with; None where that does not apply. `raw` is there for tables that have rows.
    """

    fitting: tuple[str, ...]
    table: Table | None
    refusal: FaultyRows | None
    encoding: str | None = None
    delimiter: str | None = None
    raw: RawTable | None = None
    faults: Mapping[int, Sequence[RowFault]] | None = None

    def exact(self, wish: Wish) -> Wish:
        """The wish with what was detected written out, so that it can be told of later."""
        return replace(wish, encoding=self.encoding, delimiter=self.delimiter)


class LookAtUpload:
    """Files are kept under their owner, and are no tasks before they are given to a draft."""

    def __init__(
        self,
        *,
        files: Files,
        splitters: Mapping[str, Splitter],
        read_rows: Callable[[bytes, Wish], RawTable],
    ) -> None:
        self._files = files
        self._splitters = splitters
        self._read_rows = read_rows

    def keep(self, owner: RequesterId, upload: Upload) -> str:
        """The digest under which the upload is found again. Raises FaultyRows for a file that is
        too large, empty or of a kind that cannot be split.
        """
        if len(upload.content) > TABLE_BYTES_MAX:
            raise not_splittable(f"the file is larger than {TABLE_BYTES_MAX // 1_000_000} MB")
        if not upload.content:
            raise not_splittable("the file is empty: its first line names the columns")
        if not fitting_splits(upload.content):
            check_kind(upload.content, usual_split(upload.content, upload.name))
        return self._files.keep(owner, upload.content, upload.media_type)

    def use(self, owner: RequesterId, digest: str) -> None:
        """Keep it for good: something that lasts names it."""
        self._files.use(owner, [digest])

    def open(self, owner: RequesterId, digest: str) -> StoredFile:
        """Raises NotFound as well for a file of somebody else's."""
        file = self._files.open(owner, digest)
        if file is None:
            raise NotFound("There is no such file", digest=digest)
        return file

    def look(self, project: Project, content: bytes, wish: Wish) -> Look:
        """Nothing is made of it; of pieces that are files, the first few are kept to be shown."""
        fitting = fitting_splits(content)
        owner = project.requester_id
        shown: list[str] = []

        def keep(piece: bytes, media_type: str) -> str:
            if len(shown) >= PIECES_SHOWN:
                return FILE_CELL
            shown.append(FILE_CELL + self._files.keep(owner, piece, media_type))
            return shown[-1]

        try:
            check_kind(content, wish.kind)
            if wish.kind == "rows" and wish.size == 1:
                return self._rows(project, content, wish)
            split = self._splitters[wish.kind].split(content, wish, keep)
            noted = split.recipe
            return Look(
                fitting,
                table_of(split, project),
                None,
                noted.get("encoding"),
                noted.get("delimiter"),
            )
        except FaultyRows as refusal:
            return Look(fitting, None, refusal)

    def mend(
        self, owner: RequesterId, upload: Upload, wish: Wish, mends: Mends
    ) -> tuple[Upload, str]:
        """The table with its rows mended or left out, as a file of its own, and its digest: CSV
        in UTF-8 with commas. Raises FaultyRows where there are no rows to mend.
        """
        text = mended(self._read_rows(upload.content, wish), mends)
        made = Upload(f"{PurePath(upload.name).stem}.csv", text.encode(), _CSV)
        return made, self._files.keep(owner, made.content, made.media_type)

    def rows(self, content: bytes, wish: Wish) -> RawTable:
        """Raises FaultyRows."""
        return self._read_rows(content, wish)

    def _rows(self, project: Project, content: bytes, wish: Wish) -> Look:
        raw = self._read_rows(content, wish)
        faults = raw.faults(project.columns)
        table, refusal = None, None
        try:
            # Strict about names, unlike other kinds of splitting: a table's columns have a meaning.
            numbered = [(row.line, row.cells) for row in raw.rows]
            table = checked_table(raw.header.cells, numbered, needed=project.columns)
        except FaultyRows as found:
            refusal = found
        return Look(
            fitting_splits(content), table, refusal, raw.encoding, raw.delimiter, raw, faults
        )
