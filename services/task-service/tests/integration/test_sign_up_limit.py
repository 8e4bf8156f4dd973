"""One address makes so many accounts an hour and no more."""

from dataclasses import replace
from typing import Any

import pytest
from crowdloom.testkit.ports import FrozenClock
from flask import Flask
from task_service.bootstrap import Application, build
from task_service.entrypoints.wsgi import create_web

PASSWORD = "a long enough password"


@pytest.fixture
def strict(application: Application, mongo_client: Any, clock: FrozenClock) -> Flask:
    """The service with a limit of two."""
    made = build(
        replace(application.settings, sign_ups_per_hour=2),
        client=mongo_client,
        database=application.database.name,
        clock=clock,
    )
    return create_web(made)


def sign_up(web: Flask, number: int, address: str = "192.0.2.1") -> Any:
    return web.test_client().post(
        "/api/tasks/v1/requesters",
        json={"email": f"{number}@example.org", "password": PASSWORD, "name": "N"},
        environ_overrides={"REMOTE_ADDR": address},
    )


def test_the_third_account_of_an_address_waits_an_hour(strict: Flask, clock: FrozenClock) -> None:
    assert [sign_up(strict, number).status_code for number in range(2)] == [201, 201]
    refusal = sign_up(strict, 2)
    assert (refusal.status_code, refusal.json["code"]) == (429, "too_many_sign_ups")
    assert sign_up(strict, 3, "192.0.2.2").status_code == 201
    form = {"email": "4@example.org", "password": PASSWORD, "name": "N"}
    page = strict.test_client().post(
        "/requester/sign-up", data=form, environ_overrides={"REMOTE_ADDR": "192.0.2.1"}
    )
    assert (page.status_code, "Try again in an hour" in page.text) == (429, True)
    clock.advance(seconds=3_600)
    assert sign_up(strict, 5).status_code == 201


def test_the_address_itself_is_not_kept(strict: Flask, application: Application) -> None:
    sign_up(strict, 0)
    rows = list(application.database["sign_up_counts"].find())
    assert rows
    assert "192.0.2.1" not in str(rows)
