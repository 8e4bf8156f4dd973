"""Refusals of the domain in the reader's language.

The domain says a refusal in a plain English sentence, which is what the API answers. That sentence
is the key of its translation as well: the catalogues collect the first text of every call of a
refusal (`NotFound("There is no such batch")`), so that one without a translation fails the build.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from flask import g
from flask_babel import gettext

from crowdloom.kernel import Money
from crowdloom.kernel.errors import DomainError, with_facts
from crowdloom.ui.formats import money_text, number_text

_SHARED = Path(__file__).parents[1]


def in_readers_language(sentence: str) -> str:
    """What a problem document says; as it stands where nobody translated it."""
    refusal: DomainError | None = g.get("refusal")
    if refusal is None or refusal.sentence != sentence:
        return str(gettext(sentence))
    return worded(refusal)


def worded(refusal: DomainError) -> str:
    """A refusal for a page that shows it in its place."""
    facts = {name: _shown(value) for name, value in refusal.facts.items()}
    return with_facts(gettext(refusal.wording), facts)


def _shown(value: object) -> object:
    if isinstance(value, Money):
        return money_text(value)
    if isinstance(value, str) and value:
        return gettext(value)  # a state is a word that pages have; an id is not
    return number_text(value) if type(value) is int else value


def names_of_refusals(package: Path) -> list[str]:
    """The classes of refusals that code of this package can raise with a sentence: those of the
    shared packages and its own. One that words itself has a constructor of its own.
    """
    bases = {name: over for folder in (_SHARED, package) for name, over in _classes_in(folder)}
    found = {DomainError.__name__}
    while more := {name for name, over in bases.items() if found & set(over)} - found:
        found |= more
    return sorted(found)


@cache
def _classes_in(package: Path) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple(
        (node.name, tuple(base.id for base in node.bases if isinstance(base, ast.Name)))
        for file in sorted(package.rglob("*.py"))
        for node in _classes(file)
        if not any(isinstance(e, ast.FunctionDef) and e.name == "__init__" for e in node.body)
    )


def _classes(file: Path) -> Iterator[ast.ClassDef]:
    text = file.read_text()
    if "class " in text:
        yield from (node for node in ast.parse(text).body if isinstance(node, ast.ClassDef))
