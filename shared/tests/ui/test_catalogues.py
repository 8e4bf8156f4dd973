import shutil
from pathlib import Path

import pytest
from crowdloom.ui import catalogues

ROOT = Path(__file__).resolve().parents[3]


def test_the_committed_catalogue_of_the_shared_pages_is_fresh_and_complete() -> None:
    shared = catalogues.sources(ROOT)[0]
    faults = [
        f for language in catalogues.other_languages() for f in shared_faults(shared, language)
    ]
    assert faults == []


def shared_faults(source: catalogues.Source, language: str) -> list[str]:
    return list(catalogues.faults_of(source, language))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with one service of one string, extracted and compiled."""
    (tmp_path / "shared" / "crowdloom" / "ui").mkdir(parents=True)
    pages = tmp_path / "services/toy-service/toy_service/entrypoints/pages"
    (pages / "templates").mkdir(parents=True)
    (pages / "templates" / "a.html").write_text('{{ _("%(n)s left", n=3) }}')
    list(catalogues.extract(tmp_path))
    return tmp_path


def po_of(checkout: Path) -> Path:
    return next(checkout.rglob("messages.po"))


def translate(checkout: Path, text: str) -> None:
    po = po_of(checkout)
    po.write_text(
        po.read_text()
        .replace('msgstr ""\n', f'msgstr "{text}"\n')
        .replace(f'msgid ""\nmsgstr "{text}"', 'msgid ""\nmsgstr ""')
    )


def test_a_string_without_translation_is_a_fault(checkout: Path) -> None:
    list(catalogues.compile_all(checkout))
    assert any("not translated" in fault for fault in catalogues.faults(checkout))


@pytest.mark.parametrize("text", ["%(m)s mandeh", "mandeh"])
def test_a_lost_placeholder_is_a_fault(checkout: Path, text: str) -> None:
    translate(checkout, text)
    list(catalogues.compile_all(checkout))
    assert any("%(n)s left" in fault for fault in catalogues.faults(checkout))


def test_a_translated_and_compiled_catalogue_has_no_fault(checkout: Path) -> None:
    translate(checkout, "%(n)s mandeh")
    list(catalogues.compile_all(checkout))
    assert list(catalogues.faults(checkout)) == []


def test_a_stale_mo_is_a_fault(checkout: Path) -> None:
    translate(checkout, "%(n)s mandeh")
    list(catalogues.compile_all(checkout))
    translate_again = po_of(checkout)
    translate_again.write_text(translate_again.read_text().replace("mandeh", "baqi"))
    assert any(".mo" in fault for fault in catalogues.faults(checkout))


def test_a_new_string_is_a_fault_until_extracted_and_keeps_the_old_ones(checkout: Path) -> None:
    translate(checkout, "%(n)s mandeh")
    template = next(checkout.rglob("a.html"))
    template.write_text(template.read_text() + '{{ _("More") }}')
    assert any(".po" in fault for fault in catalogues.faults(checkout))
    list(catalogues.extract(checkout))
    assert "mandeh" in po_of(checkout).read_text()


def test_a_string_that_went_leaves_the_catalogue(checkout: Path) -> None:
    translate(checkout, "%(n)s mandeh")
    next(checkout.rglob("a.html")).write_text('{{ _("More") }}')
    list(catalogues.extract(checkout))
    assert "mandeh" not in po_of(checkout).read_text()


def test_extracting_twice_changes_nothing(checkout: Path) -> None:
    before = po_of(checkout).read_bytes()
    list(catalogues.extract(checkout))
    assert po_of(checkout).read_bytes() == before
    shutil.rmtree(checkout / "services")
    assert list(catalogues.faults(checkout)) == []
