"""The simulator as a process: kill -9 and back, and where it refuses to run at all."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import stripe
from stripe_simulator.params import decode_form
from stripe_simulator.settings import RefusedToStart, parse

ROOT = Path(__file__).parents[2]


def start(data, **environ):
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environ}
    command = [sys.executable, "-m", "stripe_simulator", "--port", "0", "--data", str(data)]
    return subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def address(process):
    line = process.stdout.readline()
    assert "SIMULATOR" in line, process.stderr.read()
    return line.split()[3].rstrip(",")


def end(process, how):
    process.send_signal(how)
    process.communicate(timeout=15)
    return process.returncode


def test_kill_9_loses_nothing_that_was_answered(tmp_path):
    transport = stripe.RequestsClient(timeout=5)

    def client(url):
        return stripe.StripeClient("sk_test_x", base_addresses={"api": url}, http_client=transport)

    given = {
        "mode": "payment",
        "success_url": "http://127.0.0.1:9/",
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": "usd",
                    "unit_amount": 500,
                    "product_data": {"name": "Top-up"},
                },
            }
        ],
    }
    options = {"idempotency_key": "k"}
    first = start(tmp_path)
    session = client(address(first)).v1.checkout.sessions.create(given, options)
    assert end(first, signal.SIGKILL) == -signal.SIGKILL
    second = start(tmp_path)
    url = address(second)
    again = client(url).v1.checkout.sessions.create(given, options)
    assert again.id == session.id
    assert client(url).v1.checkout.sessions.retrieve(session.id).amount_total == 500
    assert end(second, signal.SIGTERM) == 0
    transport.close()


def test_a_data_folder_belongs_to_one_process(tmp_path):
    first = start(tmp_path)
    address(first)
    second = start(tmp_path)
    _, said = second.communicate(timeout=15)
    assert second.returncode == 2
    assert "in use" in said
    assert end(first, signal.SIGTERM) == 0


@pytest.mark.parametrize("name", ["CROWDLOOM_STRIPE_API_KEY", "STRIPE_API_KEY"])
def test_beside_a_live_key_it_does_not_start(name):
    with pytest.raises(RefusedToStart):
        parse([], {name: "sk_live_123"})
    assert parse([], {name: "sk_test_123"})


def test_it_does_not_leave_loopback_by_accident():
    with pytest.raises(RefusedToStart):
        parse(["--host", "0.0.0.0"], {})  # noqa: S104  # refused is the point
    assert parse(["--host", "0.0.0.0", "--leave-loopback"], {}).host  # noqa: S104


def test_bracketed_forms_are_read_as_trees():
    pairs = [("a[b][0][c]", "1"), ("a[b][1][c]", "2"), ("e[]", "x"), ("e[]", "y"), ("f", "z")]
    assert decode_form(pairs) == {"a": {"b": [{"c": "1"}, {"c": "2"}]}, "e": ["x", "y"], "f": "z"}
