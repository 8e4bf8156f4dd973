"""The gettext catalogues of the shared pages and of every service.

    python -m crowdloom.ui.catalogues extract    collect the strings into the .po files
    python -m crowdloom.ui.catalogues compile    write the .mo files from them
    python -m crowdloom.ui.catalogues check      prove that both are fresh and complete

Run from a checkout. Both kinds of file are committed, so that a fresh checkout speaks every
language without a step; `check` is part of `make lint`.
"""

import io
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from crowdloom.ui.languages import DEFAULT_LANGUAGE, LANGUAGES
from crowdloom.ui.refusals import names_of_refusals

DOMAIN = "messages"
_KEYWORDS: Mapping[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "lazy_ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}
_PLACE = re.compile(r"%\((\w+)\)")
# A file that changes only when a string does carries no date of its making.
_NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)
_METHODS = [("**/tests/**", "ignore"), ("**.py", "python"), ("**.html", "jinja2")]
_OPTIONS = {"**.html": {"trimmed": "true", "silent": "false"}}


@dataclass(frozen=True)
class Source:
    """One package whose strings go into one set of catalogues."""

    name: str
    package: Path
    translations: Path
    beside: tuple[Path, ...] = ()
    """Further packages, whose refusals any page can show."""

    def po_of(self, language: str) -> Path:
        return self.translations / language / "LC_MESSAGES" / f"{DOMAIN}.po"

    def mo_of(self, language: str) -> Path:
        return self.po_of(language).with_suffix(".mo")


def sources(root: Path) -> list[Source]:
    """The shared pages, and each service that has a package."""
    shared = root / "shared" / "crowdloom" / "ui"
    beside = (shared.parent / "chassis", shared.parent / "kernel")
    found = [Source("crowdloom.ui", shared, shared / "translations", beside)]
    for folder in sorted((root / "services").glob("*-service")):
        package = folder / folder.name.replace("-", "_")
        pages = package / "entrypoints" / "pages"
        if pages.is_dir():
            found.append(Source(folder.name, package, pages / "translations"))
    return found


def collect(source: Source) -> Catalog:
    """Every string of the package, with the files it stands in but no line numbers."""
    template = Catalog(project=source.name, charset="utf-8")
    for folder in (source.package, *source.beside):
        refusals = dict.fromkeys(names_of_refusals(folder), (1,))
        found = extract_from_dir(
            folder,
            method_map=_METHODS,
            options_map=_OPTIONS,
            # Mapping is invariant in what Babel's is wider by.
            keywords=cast("Any", {**_KEYWORDS, **refusals}),
            comment_tags=("Translators:",),
        )
        for file, _line, text, comments, context in found:
            # A line number would change the file with every edit above the string.
            place = cast("list[tuple[str, int]]", [(file, None)])
            template.add(text, locations=place, auto_comments=comments, context=context)
    return template


def other_languages() -> list[str]:
    return [language for language in LANGUAGES if language != DEFAULT_LANGUAGE]


def updated(source: Source, language: str) -> Catalog:
    """The stored catalogue brought up to the package's strings; translations are kept."""
    template = collect(source)
    path = source.po_of(language)
    if path.exists():
        with path.open("rb") as stored:
            catalog = read_po(stored, locale=language, domain=DOMAIN)
    else:
        catalog = Catalog(locale=language, domain=DOMAIN, project=source.name, charset="utf-8")
    catalog.update(template, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    return catalog


def po_bytes(catalog: Catalog) -> bytes:
    """The .po file without dates, so that it changes only when a string does."""
    catalog.fuzzy = False
    written = io.BytesIO()
    write_po(written, catalog, width=100, sort_output=True, omit_header=True)
    language = catalog.locale
    header = (
        'msgid ""\nmsgstr ""\n'
        f'"Language: {language}\\n"\n'
        f'"Plural-Forms: {catalog.plural_forms}\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n\n'
    )
    return header.encode() + written.getvalue()


def mo_bytes(source: Source, language: str) -> bytes:
    """What the .mo file must hold for the .po file as it stands."""
    with source.po_of(language).open("rb") as stored:
        catalog = read_po(stored, locale=language, domain=DOMAIN)
    plain = Catalog(locale=language, domain=DOMAIN, creation_date=_NO_DATE, fuzzy=False)
    for message in catalog:
        if message.id:
            plain[message.id] = message
    written = io.BytesIO()
    write_mo(written, plain)
    return written.getvalue()


def extract(root: Path) -> Iterator[str]:
    """Bring the .po files up to date; say how many strings wait for a translator."""
    for source in sources(root):
        for language in other_languages():
            catalog = updated(source, language)
            if not len(catalog):
                continue
            path = source.po_of(language)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(po_bytes(catalog))
            waiting = sum(1 for message in catalog if message.id and not _translated(message))
            yield f"{source.name} {language}: {len(catalog)} strings, {waiting} to translate"


def compile_all(root: Path) -> Iterator[str]:
    for source in sources(root):
        for language in other_languages():
            if source.po_of(language).exists():
                source.mo_of(language).write_bytes(mo_bytes(source, language))
                yield f"{source.name} {language}: compiled"


def faults(root: Path) -> Iterator[str]:
    """Every reason why the committed catalogues are not what they should be."""
    for source in sources(root):
        for language in other_languages():
            yield from faults_of(source, language)


def faults_of(source: Source, language: str) -> Iterator[str]:
    place = f"{source.name} {language}"
    catalog = updated(source, language)
    if not len(catalog):
        return
    path = source.po_of(language)
    if not path.exists() or path.read_bytes() != po_bytes(catalog):
        yield f"{place}: {DOMAIN}.po is not what `extract` writes"
        return
    for message in catalog:
        if message.id:
            yield from (f"{place}: {message.id!r}: {reason}" for reason in _wrong(message, catalog))
    mo = source.mo_of(language)
    if not mo.exists() or mo.read_bytes() != mo_bytes(source, language):
        yield f"{place}: {DOMAIN}.mo is not what `compile` writes"


def _wrong(message: Message, catalog: Catalog) -> Iterator[str]:
    if not _translated(message):
        yield "not translated"
    if message.fuzzy:
        yield "fuzzy"
    yield from (str(error) for error in message.check(catalog))
    # Babel finds a name that is unknown, and not one that is left out.
    wanted = set(_PLACE.findall(_texts(message.id)[-1]))
    for text in _texts(message.string):
        if missing := wanted.difference(_PLACE.findall(text)):
            yield f"{text!r} leaves out {', '.join(sorted(missing))}"


def _translated(message: Message) -> bool:
    texts = _texts(message.string)
    return all(texts) and bool(texts)


def _texts(one_or_plural: Any) -> list[str]:
    """Of one number and of many, or the only one."""
    is_plural = isinstance(one_or_plural, (tuple, list))
    return list(one_or_plural) if is_plural else [one_or_plural]


def main(arguments: list[str]) -> int:
    commands = {"extract": extract, "compile": compile_all, "check": faults}
    if len(arguments) != 1 or arguments[0] not in commands:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    root = Path(__file__).resolve().parents[3]
    lines = list(commands[arguments[0]](root))
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 1 if lines and arguments[0] == "check" else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
