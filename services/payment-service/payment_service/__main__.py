"""`python -m payment_service {events|migrate|staff add|verify-seals|rebuild-balances}`."""

import argparse
import sys
from collections.abc import Sequence

from crowdloom.chassis.logs import configure_logging
from crowdloom.chassis.wiring import run_main
from crowdloom.kernel import DomainError

from payment_service import bootstrap
from payment_service.bootstrap import Application
from payment_service.config import SERVICE, read_settings
from payment_service.domain.people import GRANTS
from payment_service.entrypoints.events import make_events_process

ENROLMENT_PAGE = "/finance/enrol"


def main(arguments: Sequence[str]) -> int:
    # Whoever asks for help, or mistyped, may have no settings yet.
    if arguments[:1] in (["-h"], ["--help"]):
        sys.stdout.write(f"{__doc__}\n")
        return 0
    if arguments[:1] == ["staff"]:
        _parser().parse_args(arguments[1:])
    settings = read_settings()
    configure_logging(
        service=SERVICE, process="-".join(arguments[:1]), level=settings.common.log_level
    )
    if arguments[:1] == ["staff"]:
        return staff(bootstrap.build(settings), arguments[1:])
    if arguments[:1] == ["verify-seals"]:
        return verify_seals(bootstrap.build(settings))
    if arguments[:1] == ["rebuild-balances"]:
        return rebuild_balances(bootstrap.build(settings))
    return run_main(
        arguments,
        service=SERVICE,
        events=lambda: make_events_process(bootstrap.build(settings)),
        migrate=bootstrap.migrate,
    )


def staff(application: Application, arguments: Sequence[str]) -> int:
    """Add a person. Without a password the person sets one up with the link that is printed."""
    asked = _parser().parse_args(arguments)
    try:
        member, is_new = application.add_staff(
            email=asked.email,
            grants=[grant.strip() for grant in asked.grants.split(",") if grant.strip()],
            password=asked.password,
            secret=asked.totp_secret,
        )
    except DomainError as error:
        raise SystemExit(str(error)) from error
    sys.stdout.write(f"{member.email} {'added' if is_new else 'is there already'}\n")
    if not member.enrolled:
        token = application.enrolment_links.dumps(member.staff_id)
        url = application.settings.common.public_url
        sys.stdout.write(f"enrolment, within a day: {url}{ENROLMENT_PAGE}/{token}\n")
    return 0


def verify_seals(application: Application) -> int:
    """Walk the chain of seals beside the journal; exit code 1 where it does not verify."""
    report = application.verify_seals()
    sys.stdout.write(
        f"{report.sealed_count} entries sealed, {report.due_count} due, head {report.head}\n"
        f"{report.broken or ('holds' if report.holds else 'sealing is late')}\n"
    )
    return 0 if report.holds else 1


def rebuild_balances(application: Application) -> int:
    """Derive the daily balances from zero; exit code 1 where they were not what they must be."""
    apart = application.rebuild_balances()
    for cell in apart:
        sys.stdout.write(f"{cell.account} on {cell.effective_on} was not what the journal says\n")
    number = application.balances.progress().number
    sys.stdout.write(f"{number} entries counted, {len(apart)} balances mended\n")
    return 1 if apart else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m payment_service staff")
    add = parser.add_subparsers(required=True).add_parser("add", help="add a member of staff")
    add.add_argument("--email", required=True)
    add.add_argument("--password", help="enrols at once, together with --totp-secret")
    add.add_argument("--grants", required=True, help=f"comma-separated of {', '.join(GRANTS)}")
    add.add_argument("--totp-secret", help="the second factor's secret in base 32")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
