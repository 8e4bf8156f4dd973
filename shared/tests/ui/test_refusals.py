"""Refusals of the domain: English for scripts, the reader's language on pages."""

from collections.abc import Callable
from pathlib import Path

import pytest
from crowdloom.chassis.http.problems import register_problem_handlers
from crowdloom.kernel import Money
from crowdloom.kernel.errors import Conflict, NotFound
from crowdloom.kernel.money import Currency
from crowdloom.ui.refusals import names_of_refusals
from flask import Flask

Refusing = Callable[[Exception], str]


@pytest.fixture
def page_of(app: Flask) -> Refusing:
    """The page of a refusal, as a Persian reader sees it."""
    register_problem_handlers(app)
    raised: list[Exception] = []

    @app.get("/work/refused")
    def refused() -> str:
        raise raised[-1]

    def read(error: Exception) -> str:
        raised.append(error)
        return app.test_client().get("/work/refused?lang=fa", headers={"Accept": "text/html"}).text

    return read


def test_a_page_says_a_refusal_in_its_readers_language_and_digits(page_of: Refusing) -> None:
    page = page_of(Conflict("At most %(count_max)s passkeys; remove one first", count_max=20))
    assert "حداکثر ۲۰ کلید عبور؛ نخست یکی را بردارید" in page


def test_a_refusal_says_its_facts_in_english_to_a_script(app: Flask, page_of: Refusing) -> None:
    amount = Money.of_minor(520, Currency.USD)
    page_of(Conflict("At most %(most)s, not %(other)s or 5 %(d", most=amount))
    problem = app.test_client().get("/work/refused?lang=fa").get_json()
    assert problem["detail"] == "At most 5.20 USD, not %(other)s or 5 %(d"


def test_a_sentence_that_nobody_translated_stays_as_it_is(page_of: Refusing) -> None:
    assert "100 % of it" in page_of(NotFound("100 % of it"))


def test_refusals_are_known_by_what_they_are_derived_from(tmp_path: Path) -> None:
    (tmp_path / "errors.py").write_text(
        "class Taken(Conflict): pass\nclass Twice(Taken): pass\nclass Other(ValueError): pass\n"
        "class Worded(Conflict):\n    def __init__(self): ...\n"
    )
    found = names_of_refusals(tmp_path)
    assert {"NotFound", "Taken", "Twice"} <= set(found)
    assert not {"Other", "Worded"} & set(found)
