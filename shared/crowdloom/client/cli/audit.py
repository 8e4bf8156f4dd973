"""`crowdloom audit`: the invariants of the books of a live market, a line and a figure each."""

import click

from crowdloom.client.cli.desk import Desk, command

_BROKEN = 1


def add_to(root: click.Group) -> None:
    @command(root, "audit")
    def audit(desk: Desk) -> None:
        """Check every invariant of the books. Exit code 1 where one does not hold."""
        found = desk.staff().audit()

        def people() -> None:
            rows = [
                (each["invariant"], _state(each), each["figure"], each["sentence"])
                for each in found["findings"]
            ]
            desk.table(("Invariant", "State", "Looked at", "What it says"), rows)
            for each in found["findings"]:
                for broken in each["broken"]:
                    desk.say(f"{each['invariant']}: {broken}")
            count = len(found["findings"])
            desk.say(f"{count - found['broken_count']} of {count} invariants hold.")

        desk.show(found, people)
        if not found["holds"]:
            raise click.exceptions.Exit(_BROKEN)


def _state(finding: dict[str, object]) -> str:
    return "holds" if finding["holds"] else "does not hold"
