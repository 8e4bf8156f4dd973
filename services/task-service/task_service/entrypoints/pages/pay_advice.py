"""What a reward must be for a fair hour, by the time an item took the requester."""

from dataclasses import dataclass

from crowdloom.kernel import Money
from crowdloom.kernel.money import UNITS_PER_MINOR

from task_service.application.show_batches import hourly
from task_service.bootstrap import Application
from task_service.domain.minimum_wages import minimum_wages
from task_service.domain.projects import Project
from task_service.entrypoints.pages.batch_pages import country_name

_SECONDS_PER_HOUR = 3600


@dataclass(frozen=True)
class PayAdvice:
    """The smallest reward that pays the minimum wage of a country, and what an hour of it pays."""

    seconds: int
    reward: Money
    hourly: Money
    country: str


def pay_advice(application: Application, project: Project) -> PayAdvice | None:
    """None where nobody tried, or no minimum wage is known in the currency."""
    seconds = application.edit_drafts.seconds_of_project(project.project_id)
    currency = application.batches.currency
    known = [one for one in minimum_wages().values() if one.hourly.currency is currency]
    if seconds is None or not known:
        return None
    wage = known[0]
    minor = -(-wage.hourly.units * seconds // (_SECONDS_PER_HOUR * UNITS_PER_MINOR))
    reward = Money.of_minor(minor, currency)
    return PayAdvice(seconds, reward, hourly(reward, seconds), country_name(wage.country))
