"""Results as Mechanical Turk's requesters know them: 27 columns, inputs, answers, two to decide in.

The form is that of the results file which the requester site of Mechanical Turk gave out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from crowdloom.kernel import Money

from task_service.domain.batches import Batch
from task_service.domain.consensus import joined
from task_service.domain.projects import Project
from task_service.domain.submissions import Submission, SubmissionStatus

COLUMNS = (
    *("HITId", "HITTypeId", "Title", "Description", "Keywords", "Reward", "CreationTime"),
    *("MaxAssignments", "RequesterAnnotation", "AssignmentDurationInSeconds"),
    *("AutoApprovalDelayInSeconds", "Expiration", "NumberOfSimilarHITs", "LifetimeInSeconds"),
    *("AssignmentId", "WorkerId", "AssignmentStatus", "AcceptTime", "SubmitTime"),
    *("AutoApprovalTime", "ApprovalTime", "RejectionTime", "RequesterFeedback"),
    *("WorkTimeInSeconds", "LifetimeApprovalRate", "Last30DaysApprovalRate"),
    "Last7DaysApprovalRate",
)
ASSIGNMENT, APPROVE, REJECT = "AssignmentId", "Approve", "Reject"
MARK = "x"
_STATUSES = {
    SubmissionStatus.SUBMITTED: "Submitted",
    SubmissionStatus.ACCEPTED: "Approved",
    SubmissionStatus.REJECTED: "Rejected",
}
_PACIFIC = ZoneInfo("America/Los_Angeles")
_PREFIX_CHARACTERS = 3
_SPANS = (None, timedelta(days=30), timedelta(days=7))


def mturk_id(ours: str) -> str:
    """`tsk_01j..` as `TSK01J..`: capitals and digits, as scripts of that market expect."""
    return ours.replace("_", "").upper()


def id_of(theirs: str) -> str:
    """The way back; of anything else something that is no id."""
    kept = theirs.strip().lower()
    return f"{kept[:_PREFIX_CHARACTERS]}_{kept[_PREFIX_CHARACTERS:]}"


def mturk_instant(instant: datetime | None) -> str:
    """`Wed Nov 20 21:03:26 PST 2019`; nothing for None."""
    return f"{instant.astimezone(_PACIFIC):%a %b %d %H:%M:%S %Z %Y}" if instant else ""


def is_listed(submission: Submission) -> bool:
    """Whether that market has a word for its status: what was sent back is no answer there."""
    return submission.status in _STATUSES


@dataclass
class Survey:
    """What a file says of all its answers: how each worker's were decided."""

    decided: dict[str, list[tuple[datetime, bool]]] = field(default_factory=dict)

    @classmethod
    def of(cls, submissions: Iterable[Submission]) -> "Survey":
        survey = cls()
        for one in submissions:
            if one.decided_at is not None:
                accepted = one.status is SubmissionStatus.ACCEPTED
                survey.decided.setdefault(one.pseudonym, []).append((one.decided_at, accepted))
        return survey

    def rates(self, pseudonym: str, now: datetime) -> list[str]:
        """`50% (1/2)` of all, of the last 30 and of the last 7 days, within this batch."""
        known = self.decided.get(pseudonym, [])
        return [
            _rate([accepted for at, accepted in known if span is None or at >= now - span])
            for span in _SPANS
        ]


def header(columns: Sequence[str], fields: Sequence[str]) -> list[str]:
    inputs = [f"Input.{name}" for name in columns]
    return [*COLUMNS, *inputs, *(f"Answer.{name}" for name in fields), APPROVE, REJECT]


def batch_cells(batch: Batch, project: Project) -> dict[str, str]:
    """What is the same in every row."""
    terms = batch.terms
    named = mturk_id(batch.batch_id), mturk_id(project.project_id)
    return {
        "HITTypeId": named[0],
        "Title": batch.title,
        "Description": project.description,
        "Reward": _price(terms.reward),
        "CreationTime": mturk_instant(batch.created_at),
        "MaxAssignments": str(terms.redundancy),
        "RequesterAnnotation": "BatchId:{};OriginalHitTemplateId:{};".format(*named),
        "AssignmentDurationInSeconds": str(terms.lease_seconds),
        "AutoApprovalDelayInSeconds": str(terms.auto_accept_seconds),
    }


def answer_cells(submission: Submission, rates: Sequence[str]) -> dict[str, str]:
    """What is the row's own. What is decided is marked so, so that the file sent back as it is
    decides nothing.
    """
    status = submission.status
    accepted = status is SubmissionStatus.ACCEPTED
    rejected = status is SubmissionStatus.REJECTED
    decided_at = mturk_instant(submission.decided_at)
    return {
        "HITId": mturk_id(submission.task_id),
        ASSIGNMENT: mturk_id(submission.assignment_id),
        "WorkerId": submission.pseudonym,
        "AssignmentStatus": _STATUSES[status],
        "AcceptTime": mturk_instant(submission.claimed_at),
        "SubmitTime": mturk_instant(submission.submitted_at),
        "AutoApprovalTime": mturk_instant(submission.auto_accept_at),
        "ApprovalTime": decided_at if accepted else "",
        "RejectionTime": decided_at if rejected else "",
        "RequesterFeedback": submission.reason or "",
        "WorkTimeInSeconds": str(int(submission.seconds)),
        **dict(zip(COLUMNS[-len(_SPANS) :], rates, strict=True)),
        APPROVE: MARK if accepted else "",
        REJECT: (submission.reason or "") if rejected else "",
    }


def row(
    named: Mapping[str, str], inputs: Sequence[str], submission: Submission, fields: Sequence[str]
) -> list[str]:
    answer = joined(submission.answer)
    meta = [named.get(name, "") for name in COLUMNS]
    answers = [answer.get(name, "") for name in fields]
    return [*meta, *inputs, *answers, named[APPROVE], named[REJECT]]


def _price(money: Money) -> str:
    whole, rest = divmod(money.minor, 10**money.currency.exponent)
    amount = f"{whole}.{rest:0{money.currency.exponent}}" if money.currency.exponent else str(whole)
    return f"${amount}" if money.currency.code == "USD" else f"{amount} {money.currency.code}"


def _rate(decided: Sequence[bool]) -> str:
    accepted, count = sum(decided), len(decided)
    share = round(100 * accepted / count) if count else 0
    return f"{share}% ({accepted}/{count})"
