"""The figures of a replay, each read back through the public API."""

import csv
import io
from collections import Counter

from crowdloom.client import Requester, Staff
from crowdloom.client.api import Json

from crowdloom_local.crowd.answers import Dataset
from crowdloom_local.crowd.workers import SimulatedWorker
from crowdloom_local.replay.plan import DECISIONS_MAX, FIELD, TASK_COLUMN, Plan, wait_for


def figures_of(
    staff: Staff, requester: Requester, batch_id: str, *, run: Json, plan: Plan, dataset: Dataset
) -> Json:
    counts = requester.batch(batch_id)["counts"]
    spend = requester.spend(batch_id)
    books = _reconciled(staff)
    return {
        "dataset": plan.dataset.name,
        "tasks": requester.batch(batch_id)["task_count"],
        "redundancy": plan.redundancy,
        "workers": plan.workers,
        "claimed": staff.batch_counts(batch_id)["claimed_total"],
        "submitted": counts["submitted"] + counts["accepted"] + counts["rejected"],
        "accepted": counts["accepted"],
        "settled": spend["settled_count"],
        "paid_minor": run["paid"]["amount_minor"],
        "owed_minor": spend["settled"]["amount_minor"],
        "currency": spend["settled"]["currency"],
        "ledger_sum": staff.trial_balance()["sum"],
        "unreconciled_minor": books["unreconciled_minor"],
        "processor_transfers": books["transfers_count"],
        **_audited(staff),
        "accuracy": _accuracy(requester, batch_id, dataset),
        **_over_assigned(requester, batch_id, plan),
    }


def _reconciled(staff: Staff) -> Json:
    reconciliation_id = staff.reconcile()["reconciliation_id"]
    wait_for(
        "the reconciliation to end",
        lambda: staff.reconciliation(reconciliation_id)["status"] not in {"running", "queued"},
    )
    return staff.reconciliation(reconciliation_id)


def _audited(staff: Staff) -> Json:
    """The invariants of the books at the end, told as `crowdloom audit` does."""
    audit = staff.audit()
    for each in audit["findings"]:
        state = "holds" if each["holds"] else "does not hold"
        print(f"audit {each['invariant']:<4} {state} ({each['figure']}): {each['sentence']}")
    broken = {each["invariant"]: each["broken"] for each in audit["findings"] if not each["holds"]}
    return {"audit_failures": len(broken), **({"audit_broken": broken} if broken else {})}


def _accuracy(requester: Requester, batch_id: str, dataset: Dataset) -> float | None:
    """The share of tasks with a known truth whose consensus equals it; None for free text."""
    if dataset.is_free_text or not dataset.truth:
        return None
    rows = csv.DictReader(io.StringIO(requester.results(batch_id, kind="consensus").decode()))
    judged = [
        row[f"consensus.{FIELD}"] == dataset.truth[row[TASK_COLUMN]]
        for row in rows
        if row[TASK_COLUMN] in dataset.truth
    ]
    return round(sum(judged) / len(judged), 4) if judged else None


def _over_assigned(requester: Requester, batch_id: str, plan: Plan) -> Json:
    """Tasks with more answers than wanted, and workers with two answers to one task."""
    answers = list(requester.submissions(batch_id, limit=DECISIONS_MAX))
    per_task = Counter(answer["task_id"] for answer in answers)
    per_pair = Counter((answer["task_id"], answer["pseudonym"]) for answer in answers)
    return {
        "over_assigned": sum(count > plan.redundancy for count in per_task.values()),
        "same_worker_twice": sum(count > 1 for count in per_pair.values()),
    }


def lost(requester: Requester, batch_id: str, crowd: list[SimulatedWorker]) -> int:
    """Acknowledged submissions that the market no longer knows."""
    kept = {
        answer["submission_id"] for answer in requester.submissions(batch_id, limit=DECISIONS_MAX)
    }
    return sum(receipt not in kept for worker in crowd for receipt in worker.acknowledged)
