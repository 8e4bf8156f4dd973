"""Everything known about a worker as one ZIP: work as CSV, all else as JSON.

A collection that names a worker belongs in here: a test lists them.
"""

import io
import json
import zipfile
from typing import Any

from crowdloom.kernel.clock import format_instant
from crowdloom.kernel.ids import WorkerId

from worker_service.application.close_account import Belongings
from worker_service.application.talk_ports import TalkAnswer
from worker_service.bootstrap import Application
from worker_service.domain.appeals import Appeal
from worker_service.domain.qualifications import Held
from worker_service.domain.queue_choices import QueueChoices
from worker_service.entrypoints.pages.work_pages import lines_of_work

FILE_NAME = "crowdloom-export.zip"


def export_of(application: Application, worker_id: WorkerId) -> bytes:
    """Raises NotFound. Neither the recovery code nor its digest is in it: the code would open the
    account to whoever finds the file.
    """
    belongings = application.show_belongings(worker_id)
    work = "".join(lines_of_work(application.show_work, worker_id))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "account.json", _json(_account(belongings) | _ways_in(application, worker_id))
        )
        archive.writestr("appeals.json", _json([_appeal(one) for one in belongings.appeals]))
        archive.writestr("qualifications.json", _json(_qualifications(belongings)))
        archive.writestr("queue.json", _json(_choices(belongings.choices)))
        archive.writestr("talk.json", _json([_talk(one) for one in belongings.talk]))
        archive.writestr("work.csv", work)
    return buffer.getvalue()


def _account(belongings: Belongings) -> dict[str, Any]:
    worker = belongings.worker
    return {
        "worker_id": worker.worker_id,
        "registered_at": format_instant(worker.registered_at),
        "languages": list(worker.languages),
    }


def _ways_in(application: Application, worker_id: WorkerId) -> dict[str, Any]:
    """Where the account is signed in, and which passkeys open it; no key itself."""
    return {
        "sessions": [
            {
                "device": session.device,
                "begun_at": format_instant(session.begun_at),
                "seen_at": format_instant(session.seen_at),
            }
            for session in application.session_records.of(worker_id)
        ],
        "passkeys": [
            {"name": key.name, "added_at": format_instant(key.added_at)}
            for key in application.passkeys.of(worker_id)
        ],
    }


def _appeal(appeal: Appeal) -> dict[str, Any]:
    return {
        "assignment_id": appeal.assignment_id,
        "status": str(appeal.status),
        "rejection": appeal.rejection,
        "opened_at": format_instant(appeal.opened_at),
        "messages": [
            {"side": str(said.side), "text": said.text, "said_at": format_instant(said.said_at)}
            for said in appeal.messages
        ],
        "reason": appeal.reason,
        "decided_at": format_instant(appeal.decided_at) if appeal.decided_at else None,
    }


def _qualifications(belongings: Belongings) -> dict[str, Any]:
    record = belongings.record
    return {
        "decisions": {"accepted": record.accepted_count, "rejected": record.rejected_count},
        "known_items": {"count": record.told.count, "right": record.told.right_count},
        "held": [_held(one) for one in belongings.held],
        "tests": [
            {
                "qualification": one.code,
                "tried_at": [format_instant(instant) for instant in one.tried_at],
                "scores": list(one.scores),
            }
            for one in belongings.tries
        ],
    }


def _choices(choices: QueueChoices) -> dict[str, Any]:
    return {
        "filter": dict(choices.filter),
        "hidden_projects": dict(choices.hidden_batches),
        "hidden_requesters": dict(choices.hidden_requesters),
        "watched": [watch.name or watch.words for watch in choices.watches],
        "sound": choices.sound,
        "quiet_hours": {"since": choices.quiet.since, "until": choices.quiet.until},
        "alerts_seen_at": format_instant(choices.seen_at) if choices.seen_at else None,
    }


def _talk(answer: TalkAnswer) -> dict[str, Any]:
    return {
        "assignment_id": answer.assignment_id,
        "question": answer.question,
        "answer": answer.answer,
        "answered_at": format_instant(answer.answered_at),
        "reported_at": format_instant(answer.reported_at) if answer.reported_at else None,
    }


def _held(held: Held) -> dict[str, Any]:
    return {
        "qualification": held.code,
        "granted_by": str(held.granted_by),
        "granted_at": format_instant(held.granted_at),
        "expires_at": format_instant(held.expires_at) if held.expires_at else None,
        "score": held.score,
        "revoked_at": format_instant(held.revoked_at) if held.revoked_at else None,
        "reason": held.reason or None,
    }


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"
