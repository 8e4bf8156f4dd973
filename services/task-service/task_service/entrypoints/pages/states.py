"""States of batches and answers as a reader sees them."""

from flask_babel import gettext as _

from task_service.domain.batches import BatchStatus
from task_service.domain.bonuses import BonusStatus
from task_service.domain.submissions import SubmissionStatus

BATCH_TONES = {
    BatchStatus.DRAFT: "quiet",
    BatchStatus.FUNDING: "move",
    BatchStatus.OPEN: "move",
    BatchStatus.PAUSED: "wait",
    BatchStatus.CANCELLED: "bad",
    BatchStatus.COMPLETED: "good",
}
ANSWER_TONES = {
    SubmissionStatus.SUBMITTED: "wait",
    SubmissionStatus.ACCEPTED: "good",
    SubmissionStatus.REJECTED: "bad",
    SubmissionStatus.RETURNED: "quiet",
}
BONUS_TONES = {
    BonusStatus.GRANTED: "move",
    BonusStatus.SETTLED: "good",
    BonusStatus.DECLINED: "bad",
}


def bonus_words() -> dict[BonusStatus, str]:
    return {
        BonusStatus.GRANTED: _("Bonus under way"),
        BonusStatus.SETTLED: _("Bonus paid"),
        BonusStatus.DECLINED: _("Bonus not paid"),
    }


def batch_words() -> dict[BatchStatus, str]:
    return {
        BatchStatus.DRAFT: _("Draft"),
        BatchStatus.FUNDING: _("Reserving funds"),
        BatchStatus.OPEN: _("Running"),
        BatchStatus.PAUSED: _("Paused"),
        BatchStatus.CANCELLED: _("Cancelled"),
        BatchStatus.COMPLETED: _("Completed"),
    }


def answer_words() -> dict[SubmissionStatus, str]:
    return {
        SubmissionStatus.SUBMITTED: _("in review"),
        SubmissionStatus.ACCEPTED: _("accepted"),
        SubmissionStatus.REJECTED: _("rejected"),
        SubmissionStatus.RETURNED: _("sent back"),
    }
