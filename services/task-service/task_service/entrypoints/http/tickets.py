"""Tickets as they come with a request: in the header, or in the cookie that a claim has set."""

from crowdloom.chassis.http.auth import bearer_token
from crowdloom.chassis.tickets import Ticket
from crowdloom.kernel import DomainError
from flask import request

from task_service.bootstrap import Application

COOKIE_PREFIX = "cl_ticket_"


class TicketMissing(DomainError):
    code = "ticket_missing"
    status = 401


def ticket_for(application: Application, assignment_id: str) -> Ticket:
    """The caller's ticket for this assignment.

    Raises TicketMissing, InvalidToken, and NotFound for a ticket of another assignment.
    """
    token = bearer_token() or request.cookies.get(f"{COOKIE_PREFIX}{assignment_id}")
    if not token:
        raise TicketMissing("Send the assignment's ticket in the Authorization header")
    ticket = application.tickets.read(token)
    application.answer_task.check_ticket(ticket, assignment_id)
    return ticket
