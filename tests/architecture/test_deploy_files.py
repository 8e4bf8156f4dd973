"""What deploy/ says of services, paths, variables and figures is what the code knows of them."""

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from crowdloom.chassis.http import health
from crowdloom.chassis.http.app import REQUEST_BYTES_MAX
from crowdloom.chassis.operations import (
    ConsumerState,
    DeadLetterState,
    EventsProcessState,
    OutboxState,
    Report,
)
from crowdloom.kernel import SystemClock
from crowdloom_local.composition import SERVICE_OF_PREFIX, SERVICE_OF_THE_REST, service_of
from crowdloom_local.docs import _settings
from crowdloom_local.market import AREAS, PACKAGES
from crowdloom_local.secrets import as_env_file, new_secrets
from dotenv import dotenv_values
from payment_service.application.watch_books import WatchBooks
from payment_service.application.watch_invariants import WatchInvariants
from worker_service.application.review_appeals import ReviewAppeals

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SETTINGS = ROOT / "shared/crowdloom/chassis/settings.py"
PREFIX = "CROWDLOOM_"
SERVICES = {package.split("_")[0]: package for package in PACKAGES}


def loaded(path: str) -> Any:
    return yaml.safe_load((DEPLOY / path).read_text())


def variables_of(service: str) -> dict[str, bool]:
    """Every variable that the service reads: whether it refuses to start without."""
    config = ROOT / f"services/{service}-service/{service}_service/config.py"
    signing = f"{PREFIX}{service.upper()}_SERVICE_SIGNING_KEY"
    return {
        name.replace(f"{PREFIX}<SERVICE>_SIGNING_KEY", signing): default == "refuses to start"
        for source in (SETTINGS, config)
        for name, _, default in _settings(source)
    }


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = loaded("compose/compose.yaml")
    return found


@pytest.fixture(scope="module")
def values() -> dict[str, Any]:
    found: dict[str, Any] = loaded("helm/crowdloom/values.yaml")
    return found


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("process", ["api", "events", "migrate"])
def test_compose_gives_a_process_what_it_needs_and_nothing_it_does_not_know(
    compose: dict[str, Any], service: str, process: str
) -> None:
    given = set(compose["services"][f"{service}-{process}"]["environment"])
    known = variables_of(service)
    assert given <= set(known)
    assert {name for name, needed in known.items() if needed} <= given


@pytest.mark.parametrize("service", SERVICES)
def test_compose_runs_entry_points_that_exist(compose: dict[str, Any], service: str) -> None:
    package = SERVICES[service]
    processes = compose["services"]
    assert processes[f"{service}-api"]["command"] == [
        "gunicorn",
        f"{package}.entrypoints.wsgi:create_wsgi_app()",
    ]
    for process in ("events", "migrate"):
        command = processes[f"{service}-{process}"]["command"]
        assert command == ["python", "-m", package, process]


def test_compose_waits_only_for_what_it_starts(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert set(service.get("depends_on", ())) <= set(compose["services"]), name


def test_no_service_is_given_another_ones_key(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        keys = [key for key in service.get("environment", ()) if key.endswith("_SIGNING_KEY")]
        assert all(name.split("-")[0].upper() in key for key in keys), name


def test_what_compose_leaves_open_is_in_the_secrets_file_or_asked_for() -> None:
    text = (DEPLOY / "compose/compose.yaml").read_text()
    asked = set(re.findall(r"\$\{(\w+):\?", text))
    assert asked - set(new_secrets()) == {f"{PREFIX}STRIPE_API_KEY"}


def test_a_secrets_file_reads_back_as_it_was_written() -> None:
    secrets = new_secrets()
    assert dotenv_values(stream=StringIO(as_env_file(secrets)), interpolate=True) == secrets


def test_nginx_and_the_ingress_send_every_path_where_the_composition_does(
    values: dict[str, Any],
) -> None:
    text = (DEPLOY / "compose/nginx.conf").read_text()
    nginx = dict(re.findall(r'"~\^(/[^(]+)\(/\|\$\)" (\w+);', text))
    assert nginx == SERVICE_OF_PREFIX
    assert re.findall(r"default (\w+);", text) == [SERVICE_OF_THE_REST]
    ingress = {
        path: service["module"]
        for service in values["services"].values()
        for path in service["paths"]
    }
    assert ingress.pop("/") == SERVICE_OF_THE_REST
    assert ingress == SERVICE_OF_PREFIX


def test_nginx_lets_in_what_the_services_take(compose: dict[str, Any]) -> None:
    text = (DEPLOY / "compose/nginx.conf").read_text()
    assert f"client_max_body_size {REQUEST_BYTES_MAX // 1_000_000}m;" in text
    upstreams = set(re.findall(r"server ([\w-]+):8000;", text))
    assert upstreams == {name for name in compose["services"] if name.endswith("-api")}


@pytest.mark.parametrize("service", SERVICES)
def test_the_chart_gives_a_service_what_it_needs_and_nothing_it_does_not_know(
    values: dict[str, Any], service: str
) -> None:
    config = values["services"][service]
    by_template = {f"{PREFIX}{name}" for name in ("PUBLIC_URL", "KAFKA_BOOTSTRAP")}
    given = {
        *by_template,
        f"{PREFIX}KAFKA_REPLICATION",
        *values["settings"],
        *values["sharedSecrets"],
        *config["settings"],
        *config["secrets"],
    }
    known = variables_of(service)
    assert given <= set(known)
    assert {name for name, needed in known.items() if needed} <= given
    assert config["module"] == SERVICES[service]
    assert config["area"] in AREAS
    assert service_of(f"/api/{config['area']}/healthz") == config["module"]


def test_the_image_holds_every_package_and_no_local_tool() -> None:
    text = (DEPLOY / "compose/Dockerfile").read_text()
    for service in SERVICES:
        assert f"/app/services/{service}-service" in text
    for source in re.findall(r"^COPY (?!--from)(\S+) ", text, flags=re.MULTILINE):
        assert (ROOT / source).exists(), source
        assert not source.startswith("deploy/local")


def figures() -> set[str]:
    report = Report(
        as_of=None,  # type: ignore[arg-type]
        ready={},
        outbox=OutboxState(1, 1.0),
        consumer=ConsumerState(1, {}, 1.0),
        events_process=EventsProcessState(None, 1.0, 1),
        dead_letters=DeadLetterState(1, ()),
    )
    own = WatchBooks(None, clock=SystemClock()).figures()  # type: ignore[arg-type]
    audited = WatchInvariants(None, None, audit=list, clock=SystemClock()).figures()  # type: ignore[arg-type]
    appeals = ReviewAppeals(None, None, SystemClock()).figures()  # type: ignore[arg-type]
    found = (*health._alarm_values(report), *own, *audited, *appeals)
    return {f"crowdloom_{name}" for name in found}


def test_alerts_speak_of_figures_that_are_told() -> None:
    rules = loaded("observability/alerts.yaml")["groups"][0]["rules"]
    asked = set(re.findall(r"crowdloom_\w+", json.dumps([rule["expr"] for rule in rules])))
    told = figures() | {"crowdloom_request_seconds_count"}
    assert asked <= told
    unwatched = told - asked
    assert unwatched <= {"crowdloom_outbox_unpublished"}, "the age says what the count would"
    assert len({rule["alert"] for rule in rules}) == len(rules)


def test_every_area_is_scraped(compose: dict[str, Any]) -> None:
    jobs = loaded("observability/prometheus.yaml")["scrape_configs"]
    assert {job["metrics_path"] for job in jobs} == {f"/api/{area}/metrics" for area in AREAS}
    for job in jobs:
        host, port = job["static_configs"][0]["targets"][0].split(":")
        assert host in compose["services"]
        assert port == "8000"
        assert SERVICES[host.split("-")[0]] == service_of(job["metrics_path"])
