"""What the launcher refuses, the secrets it keeps, and how paths reach services."""

import re
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from crowdloom.chassis import wiring
from crowdloom_local import composition
from crowdloom_local.market import AREAS, Market, RefusedToStart
from crowdloom_local.secrets import SERVICES, environment_of_secrets
from pymongo import MongoClient
from werkzeug.test import Client


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Market]:
    market = Market(tmp_path / "data")
    yield market
    market.stop()


@pytest.mark.parametrize("key", ["sk_live_51abc", "rk_live_51abc"])
def test_a_live_payment_key_is_refused_before_anything_starts(market, monkeypatch, key):
    monkeypatch.setenv("CROWDLOOM_STRIPE_API_KEY", key)
    with pytest.raises(RefusedToStart, match="live Stripe key"):
        market.start()
    assert not market.data.exists()
    assert market.supervisor.processes == {}


def test_a_test_key_means_stripe_itself_and_no_simulator(market, monkeypatch):
    assert market.on_simulator
    monkeypatch.setenv("CROWDLOOM_STRIPE_API_KEY", "sk_test_51abc")
    assert not market.on_simulator
    with pytest.raises(RefusedToStart):
        market.simulate_fault({"kind": "lost_answer"})


def test_a_port_that_is_taken_is_told_before_anything_starts(market):
    with socket.create_server(("127.0.0.1", 0)) as other:
        market.port = other.getsockname()[1]
        with pytest.raises(RefusedToStart, match="is taken"):
            market.start()
    assert market.supervisor.processes == {}


def test_secrets_are_made_once_and_are_their_owners_alone(tmp_path):
    first = environment_of_secrets(tmp_path)
    assert environment_of_secrets(tmp_path) == first
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert (
        len({first[f"CROWDLOOM_{s.replace('-', '_').upper()}_SIGNING_KEY"] for s in SERVICES}) == 4
    )
    assert environment_of_secrets(tmp_path / "another") != first


@pytest.fixture(scope="module")
def origin(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """The four applications behind one origin, as gunicorn builds them."""
    clients: list[MongoClient] = []

    def noted(*arguments: Any, **options: Any) -> MongoClient:
        clients.append(MongoClient(*arguments, **options))
        return clients[-1]

    environment = {
        **environment_of_secrets(tmp_path_factory.mktemp("secrets")),
        "CROWDLOOM_MONGODB_URI": mongodb_uri,
        "CROWDLOOM_KAFKA_BOOTSTRAP": "127.0.0.1:9",
        "CROWDLOOM_STRIPE_API_KEY": "sk_test_simulator",
        "CROWDLOOM_STRIPE_API_BASE": "http://127.0.0.1:9",
        "CROWDLOOM_SANDBOX": "true",
    }
    with pytest.MonkeyPatch.context() as patch:
        # The applications are never told to end; here they are, so that no connection is left.
        patch.setattr(wiring, "MongoClient", noted)
        for name, value in environment.items():
            patch.setenv(name, value)
        yield Client(composition.create())
    for client in clients:
        client.close()


@pytest.mark.parametrize("area", AREAS)
def test_every_area_is_answered_by_its_own_service(origin, area):
    assert origin.get(f"/api/{area}/healthz").json == {"status": "alive"}
    document = origin.get(f"/api/{area}/openapi.json").json
    paths = document["paths"]
    assert paths
    assert all(path.startswith(f"/api/{area}/") for path in paths), list(paths)


def test_what_belongs_to_nobody_is_answered_all_the_same(origin):
    landing = origin.get("/")
    assert landing.status_code == 200
    sheets = re.findall(r'href="(/static/[^"]+\.css)"', landing.text)
    assert sheets
    for sheet in sheets:
        with origin.get(sheet) as answer:
            assert answer.status_code == 200
    assert origin.get("/no-such-page").status_code == 404
    assert origin.get("/api/no-such-area/x").status_code == 404
