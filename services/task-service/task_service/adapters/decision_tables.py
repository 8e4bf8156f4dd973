"""Tables of decisions, as spreadsheets save them: any encoding and delimiter, CSV or XLSX."""

import csv
import io
from collections.abc import Iterator

from crowdloom.kernel.limits import TABLE_BYTES_MAX

from task_service.adapters.table_texts import delimiter_of, table_text
from task_service.domain.tables import RowFault, names_delimiter, refuse_unclosed_quote, refused
from task_service.domain.uploads import check_kind


def read_decision_rows(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Rows with the lines they begin in, blank ones left out. Raises FaultyRows."""
    if len(content) > TABLE_BYTES_MAX:
        limit = f"{TABLE_BYTES_MAX // 1_000_000} MB"
        raise refused([RowFault(1, None, f"the file is larger than {limit}")])
    check_kind(content, "rows")
    text = table_text(content, None).text.removeprefix("\ufeff")
    refuse_unclosed_quote(text)
    csv.field_size_limit(TABLE_BYTES_MAX)
    delimiter = delimiter_of(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row) and not (line == 1 and names_delimiter(row)):
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise refused([RowFault(line, None, f"not a table: {error}")]) from error
