"""`crowdloom project`: a template and what it is about."""

from pathlib import Path

import click

from crowdloom.client.api import Json
from crowdloom.client.cli.desk import Desk, command, money_text, text_of


@click.group()
def project() -> None:
    """Projects: a template with its title and description."""


@command(project, "create")
@click.argument("template", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--title", required=True, help="What workers see first.")
@click.option("--description", required=True, help="What is to be done.")
@click.option("--language", help="Of the task, like en or fa.")
def create(desk: Desk, template: Path, title: str, description: str, language: str | None) -> None:
    """Make a project of an HTML TEMPLATE; ${name} in it stands for a column of the table."""
    made = desk.requester().create_project(
        title=title,
        description=description,
        template_html=text_of(template),
        language=language,
    )
    desk.show(made, lambda: _print_project(desk, made))


@command(project, "list")
def listed(desk: Desk) -> None:
    """Your projects, newest first."""
    found = list(desk.requester().projects())
    rows = ([one["project_id"], one["title"], one["created_at"][:10]] for one in found)
    desk.show(found, lambda: desk.table(("Project", "Title", "Made"), rows))


@command(project, "show")
@click.argument("project_id")
def show(desk: Desk, project_id: str) -> None:
    """A project with its batches."""
    requester = desk.requester()
    found = requester.project(project_id)
    batches = list(requester.batches(project_id))

    def people() -> None:
        _print_project(desk, found)
        rows = (
            [one["batch_id"], one["status"], one["task_count"], money_text(one["cost"])]
            for one in batches
        )
        desk.table(("Batch", "State", "#Tasks", "#Cost"), rows)

    desk.show({**found, "batches": batches}, people)


def _print_project(desk: Desk, shown: Json) -> None:
    desk.say(f"{shown['project_id']}  {shown['title']}")
    desk.say(f"  columns it needs: {', '.join(shown['columns']) or 'none'}")
    desk.say(f"  answers it asks for: {', '.join(shown['answer_fields']) or 'none named'}")
