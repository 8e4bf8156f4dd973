"""The client against a server that is not always there: real HTTP on loopback."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from crowdloom.client import HttpApi, Problem, Requester, Worker


class Server(ThreadingHTTPServer):
    """Answers with the given statuses, one after the other, the last one for ever."""

    def __init__(self, *statuses: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.statuses = list(statuses)
        self.keys: list[str | None] = []
        self.paths: list[str] = []
        self.held: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        self.server.paths.append(self.path)
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.keys.append(self.headers.get("Idempotency-Key"))
        statuses = self.server.statuses
        status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
        known = {
            200: b'{"done": true}',
            202: b'{"code": "merging", "read": 1, "answers": 2}',
            206: json.dumps(
                {"items": [{"assignment_id": one} for one in self.server.held]}
            ).encode(),
            401: b'{"code": "invalid_token"}',
            409: b'{"code": "too_many_leases"}',
            422: b'{"code": "refused"}',
        }
        body = known.get(status, b'{"code": "try_again"}')
        self.send_response(status)
        self.send_header("Retry-After", "0")
        self.send_header("Location", "/there")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Keep the test's output to itself."""


@pytest.fixture
def servers() -> Iterator[list[Server]]:
    started: list[Server] = []
    yield started
    for server in started:
        server.shutdown()
        server.server_close()


def serve(servers: list[Server], *statuses: int) -> Server:
    server = Server(*statuses)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    servers.append(server)
    return server


def test_a_503_with_a_retry_after_is_tried_again_under_the_same_key(servers: list[Server]) -> None:
    server = serve(servers, 503, 503, 200)
    assert HttpApi(server.url).post("/call") == {"done": True}
    assert len(server.keys) == 3
    assert len(set(server.keys)) == 1


def test_patience_ends_in_the_servers_own_word(servers: list[Server]) -> None:
    server = serve(servers, 503)
    with pytest.raises(Problem) as refused:
        HttpApi(server.url, patience_seconds=0).post("/call")
    assert refused.value.status == 503
    assert refused.value.code == "try_again"


def test_a_refusal_is_not_asked_for_twice(servers: list[Server]) -> None:
    server = serve(servers, 422)
    with pytest.raises(Problem):
        HttpApi(server.url).post("/call")
    assert len(server.keys) == 1


def test_a_token_that_has_expired_is_renewed_once_a_call(servers: list[Server]) -> None:
    server = serve(servers, 401, 200)
    api, given = HttpApi(server.url, "old"), iter(["new"])
    api.renew_with(lambda: next(given))
    assert api.post("/call") == {"done": True}
    assert len(set(server.keys)) == 1, "it is the same call"
    refusing = serve(servers, 401)
    api, tokens = HttpApi(refusing.url, "old"), iter(["new", "newer"])
    api.renew_with(lambda: next(tokens))
    with pytest.raises(Problem):
        api.post("/call")
    assert len(refusing.keys) == 2, "renewed once, and then it is a refusal"


def test_a_file_that_is_being_made_is_waited_for_where_the_server_says(
    servers: list[Server],
) -> None:
    server = serve(servers, 202, 202, 200)
    told: list[int] = []
    requester = Requester(HttpApi(server.url))
    found = requester.results("bat_1", kind="merged", told=lambda one: told.append(one["read"]))
    assert found == b'{"done": true}'
    assert told == [1, 1]
    first, *later = server.paths
    assert first.endswith("/batches/bat_1/results?format=merged")
    assert later == ["/there", "/there"]


def test_a_worker_waits_for_the_place_of_an_answer_that_it_just_submitted(
    servers: list[Server],
) -> None:
    submitted, full, held, free = 200, 409, 206, 200
    server = serve(servers, submitted, full, held, full, held, free)
    server.held = ["asg_1", "asg_2"]
    worker = Worker(HttpApi(server.url))
    worker.submit({"assignment_id": "asg_1", "ticket": "t"}, [("answer", "cat")])
    assert worker.claim() == {"done": True}


def test_a_worker_who_holds_as_many_items_as_one_can_is_told_at_once(
    servers: list[Server],
) -> None:
    server = serve(servers, 409, 206, 409, 206)
    server.held = ["asg_1", "asg_2"]
    with pytest.raises(Problem) as refused:
        Worker(HttpApi(server.url)).claim()
    assert refused.value.code == "too_many_leases"
    assert len(server.paths) == 4, "a place may have become free before the look"
