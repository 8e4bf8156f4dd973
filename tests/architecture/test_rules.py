"""The absences of ARCHITECTURE.md that can be read off the code."""

import ast
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from crowdloom.chassis.http.auth import COOKIE_PATHS
from crowdloom.contracts import all_event_types, event_type
from crowdloom.ui.refusals import names_of_refusals
from crowdloom_local.composition import SERVICE_OF_PREFIX, service_of

ROOT = Path(__file__).parents[2]
SERVICES = ("task", "worker", "matching", "payment")


def python_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*.py") if "/tests/" not in str(path)]


def service_files(service: str) -> list[Path]:
    return python_files(ROOT / "services" / f"{service}-service" / f"{service}_service")


def test_imports_follow_the_arrows():
    command = [Path(sys.executable).parent / "lint-imports", "--no-cache"]
    outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout


@pytest.mark.parametrize("service", SERVICES)
def test_only_config_reads_the_environment(service: str):
    readers = [
        path
        for path in service_files(service)
        if re.search(r"os\.environ|os\.getenv|\bEnv\(", path.read_text())
        and path.name != "config.py"
    ]
    allowed = {"wsgi.py", "__main__.py"}  # they pass the environment on as a whole
    assert [path for path in readers if path.name not in allowed] == []


@pytest.mark.parametrize("service", SERVICES)
def test_application_code_takes_time_ids_and_randomness_as_ports(service: str):
    taken = re.compile(r"datetime\.now|time\.time\(|uuid4|random\.(random|choice|randint)\(")
    folder = ROOT / "services" / f"{service}-service" / f"{service}_service"
    for layer in ("domain", "application"):
        for path in python_files(folder / layer):
            assert not taken.search(path.read_text()), path


def test_task_service_does_not_know_the_word_worker_id():
    for path in service_files("task"):
        code = re.sub(r"#.*|\"\"\".*?\"\"\"", "", path.read_text(), flags=re.DOTALL)
        assert "worker_id" not in code, path


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_publishes_its_own_events_only(service: str):
    owned = {
        known.cls.__name__ for known in all_event_types() if known.owner == f"{service}-service"
    }
    emitted = re.compile(r"\.emit\(\s*(?:\w+\.)*([A-Z]\w+)\(")
    for path in service_files(service):
        for name in emitted.findall(path.read_text()):
            assert name in owned, f"{path} emits {name}"


@pytest.mark.parametrize("service", SERVICES)
def test_task_service_reads_no_topic_that_names_a_worker(service: str):
    subscriptions = import_module(f"{service}_service.entrypoints.events").SUBSCRIPTIONS
    closed = [cls.__name__ for cls in subscriptions if event_type(cls).pii]
    assert subscriptions
    if service == "task":
        assert closed == []


def test_a_workers_cookie_never_reaches_task_service():
    for path in COOKIE_PATHS["worker"]:
        assert service_of(path) != "task_service", path


@pytest.mark.parametrize("prefix", SERVICE_OF_PREFIX)
def test_a_prefix_and_all_below_it_belong_to_one_service(prefix: str):
    assert service_of(prefix) == service_of(f"{prefix}/some/page") == SERVICE_OF_PREFIX[prefix]


@pytest.mark.parametrize("package", ["task", "worker", "matching", "chassis", "kernel"])
def test_a_refusal_is_a_plain_text_that_can_be_translated(package: str):
    shared = ROOT / "shared" / "crowdloom" / package
    folder = shared if shared.is_dir() else ROOT / f"services/{package}-service/{package}_service"
    by_field = {"InvalidInput"}  # of which pages word each field
    refusals = set(names_of_refusals(folder)) - by_field
    for path in python_files(folder):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in refusals:
                words = call.args[0] if call.args else None
                assert isinstance(words, ast.Constant), f"{path}:{call.lineno}"


def test_files_keep_to_their_size():
    long = {
        str(path.relative_to(ROOT)): count
        for folder in ("services", "shared", "deploy")
        for path in (ROOT / folder).rglob("*.py")
        if (count := len(path.read_text().splitlines())) > (600 if "/tests/" in str(path) else 400)
    }
    assert long == {}


def test_nothing_committed_names_this_machine_or_a_registry():
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    forbidden = re.compile(r"/work/(main|shared|brief)|/root/|\.library/|farm-(bench|studio)")
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".mk", ".js", ".css", ".html", ".yaml", ".lock"}:
            if path == Path(__file__) or not path.exists():
                continue
            assert not forbidden.search(path.read_text(errors="replace")), name
