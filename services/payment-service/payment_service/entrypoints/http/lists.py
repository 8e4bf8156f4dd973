"""Lists that are paged by cursor: whoever asks gets all of it, a page at a time."""

from collections.abc import Callable
from typing import Any, TypeVar

from crowdloom.chassis.http.cursors import Cursors, page_of
from flask_smorest import Blueprint

from payment_service.application.rows import Order, Rows
from payment_service.bootstrap import Application
from payment_service.entrypoints.http import schemas
from payment_service.entrypoints.http.documented import refusals

RowT = TypeVar("RowT")


class NewestFirst:
    """A list by `key`, newest first; `name` keeps its cursors apart from those of other lists."""

    def __init__(self, application: Application, name: str, key: str) -> None:
        self._cursors = Cursors(application.settings.common.cursor_key, salt=name)
        self._order = Order(key, is_descending=True)

    def page(
        self,
        rows: Rows[RowT],
        query: dict[str, Any],
        present: Callable[[RowT], dict[str, Any]] = vars,
    ) -> dict[str, Any]:
        """Raises InvalidInput for a cursor that is none."""
        after = self._cursors.place_of(query)
        found = rows.page(self._order, query["limit"] + 1, after=after)
        return page_of(found, query["limit"], self._cursors, place=rows.id_of, present=present)


def paged(blueprint: Blueprint) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The query of such a list, and what it is refused with."""

    def decorated(view: Callable[..., Any]) -> Callable[..., Any]:
        asked = blueprint.arguments(schemas.PageQuerySchema, location="query")(view)
        found: Callable[..., Any] = refusals(
            blueprint, {401: "not_signed_in", 422: "invalid_input"}
        )(asked)
        return found

    return decorated
