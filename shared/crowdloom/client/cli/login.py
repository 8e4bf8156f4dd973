"""`crowdloom login`: a session for the commands that follow."""

import click

from crowdloom.client.cli.desk import Desk, command
from crowdloom.client.people import PAYMENTS, TASKS


def add_to(root: click.Group) -> None:
    @command(root, "login")
    @click.option("--email", prompt=True)
    @click.option("--password", prompt=True, hide_input=True, envvar="CROWDLOOM_PASSWORD")
    @click.option("--finance", is_flag=True, help="As finance staff, with a second factor.")
    @click.option("--code", help="The six digits of the second factor (with --finance).")
    def login(desk: Desk, email: str, password: str, finance: bool, code: str | None) -> None:
        """Sign in. The session is kept in a file that only you can read."""
        role = "finance" if finance else "requester"
        body = {"email": email, "password": password}
        if finance:
            body["totp"] = code or click.prompt("Six digits")
        path = f"{PAYMENTS if finance else TASKS}/sessions"
        desk.keep_session(role, desk.anonymous().post(path, body)["token"])
        told = {"role": role, "email": email, "url": desk.url}
        desk.show(told, lambda: desk.say(f"Signed in to {desk.url} as {email} ({role})."))
