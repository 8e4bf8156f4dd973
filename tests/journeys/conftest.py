"""One whole market of real processes on the embedded engines, for all journeys of a test run."""

from collections.abc import Iterator

import pytest
from crowdloom_local.market import Market

# One event in seven is published twice, throughout: no journey may notice.
OVERRIDES = {"CROWDLOOM_CHAOS_DUPLICATE_EVERY": "7", "CROWDLOOM_WEB_WORKERS": "1"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The replay counts whatever the market pays: it comes before anybody else works there."""
    items.sort(key=lambda item: item.path.name != "test_journeys.py")


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    with Market(tmp_path_factory.mktemp("market"), overrides=OVERRIDES) as started:
        yield started
