"""Top-ups, payees, payout requests and staff in MongoDB."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from crowdloom.chassis.session_records import SESSIONS
from crowdloom.chassis.store import Document, MongoDatabase
from crowdloom.kernel import Money
from crowdloom.kernel.ids import RequesterId, StaffId, WorkerId
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.client_session import ClientSession

from payment_service.domain.payouts import Rail
from payment_service.domain.people import BankDetails, Payee, PayoutRequest, StaffMember, TopUp

TOP_UPS = "top_ups"
PAYEES = "payees"
PAYOUT_REQUESTS = "payout_requests"
STAFF = "staff"
TOP_UP_INDEXES = [
    IndexModel([("requester_id", ASCENDING), ("created_at", DESCENDING)], name="of_requester"),
    IndexModel([("status", ASCENDING), ("created_at", DESCENDING)], name="by_status"),
    IndexModel([("checkout_id", ASCENDING)], name="by_checkout"),
]
PAYEE_INDEXES = [
    IndexModel([("status", ASCENDING), ("asked_at", DESCENDING)], name="by_status"),
    IndexModel([("account_id", ASCENDING)], name="by_account"),
]
PAYOUT_REQUEST_INDEXES = [
    IndexModel([("worker_id", ASCENDING), ("asked_at", DESCENDING)], name="of_worker"),
    IndexModel([("status", ASCENDING), ("asked_at", ASCENDING)], name="by_status"),
]
STAFF_INDEXES = [IndexModel([("email", ASCENDING)], name="by_email", unique=True)]
_UNDER_WAY = ["open", "in_run"]
_STAFF_MAX = 1_000


class MongoTopUps:
    def __init__(self, database: MongoDatabase, session: ClientSession | None) -> None:
        self._top_ups = database[TOP_UPS]
        self._session = session

    def add(self, top_up: TopUp) -> None:
        document = _plain(top_up, "top_up_id")
        self._top_ups.update_one(
            {"_id": top_up.top_up_id},
            {"$setOnInsert": document},
            upsert=True,
            session=self._session,
        )

    def get(self, top_up_id: str) -> TopUp | None:
        return self._one({"_id": top_up_id})

    def by_checkout(self, checkout_id: str) -> TopUp | None:
        return self._one({"checkout_id": checkout_id})

    def set_checkout(self, top_up_id: str, checkout_id: str, url: str) -> None:
        self._set({"_id": top_up_id}, {"checkout_id": checkout_id, "checkout_url": url})
        self._set({"_id": top_up_id, "status": "creating"}, {"status": "open"})

    def book(self, top_up_id: str, booked: Money, booked_at: datetime) -> None:
        fields = {"status": "paid", "booked": booked.to_wire(), "booked_at": booked_at}
        self._set({"_id": top_up_id}, fields)

    def expire(self, top_up_id: str) -> None:
        self._set(
            {"_id": top_up_id, "status": {"$in": ["creating", "open"]}}, {"status": "expired"}
        )

    def of_requester(self, requester_id: RequesterId, count_max: int) -> Sequence[TopUp]:
        found = self._top_ups.find({"requester_id": requester_id}, session=self._session)
        return [stored_top_up(row) for row in found.sort("created_at", DESCENDING).limit(count_max)]

    def any_open_since(self, moment: datetime) -> bool:
        return self._one({"status": "open", "created_at": {"$gte": moment}}) is not None

    def _one(self, query: Document) -> TopUp | None:
        found = self._top_ups.find_one(query, session=self._session)
        return None if found is None else stored_top_up(found)

    def _set(self, query: Document, fields: Document) -> None:
        self._top_ups.update_one(query, {"$set": fields}, session=self._session)


class MongoPayees:
    def __init__(self, database: MongoDatabase, session: ClientSession | None) -> None:
        self._payees = database[PAYEES]
        self._session = session

    def get(self, worker_id: WorkerId) -> Payee | None:
        found = self._payees.find_one({"_id": worker_id}, session=self._session)
        return None if found is None else stored_payee(found)

    def add(self, payee: Payee) -> None:
        self._payees.update_one(
            {"_id": payee.worker_id},
            {"$setOnInsert": _payee_document(payee)},
            upsert=True,
            session=self._session,
        )

    def choose(self, payee: Payee) -> None:
        self._set(payee.worker_id, _payee_document(payee))

    def set_status(self, worker_id: WorkerId, status: str, checked_at: datetime) -> None:
        self._set(worker_id, {"status": status, "checked_at": checked_at})

    def touch(self, worker_id: WorkerId, asked_at: datetime) -> None:
        self._set(worker_id, {"asked_at": asked_at})

    def many(self, worker_ids: Collection[WorkerId]) -> Mapping[WorkerId, Payee]:
        found = self._payees.find({"_id": {"$in": sorted(worker_ids)}}, session=self._session)
        return {row["_id"]: stored_payee(row) for row in found} if worker_ids else {}

    def by_account(self, account_id: str) -> Payee | None:
        found = self._payees.find_one({"account_id": account_id}, session=self._session)
        return None if found is None else stored_payee(found)

    def pending_since(self, moment: datetime, count_max: int) -> Sequence[Payee]:
        found = self._payees.find(
            {"status": {"$in": ["pending", "restricted"]}, "asked_at": {"$gte": moment}},
            session=self._session,
        )
        return [stored_payee(row) for row in found.limit(count_max)]

    def _set(self, worker_id: WorkerId, fields: Document) -> None:
        self._payees.update_one({"_id": worker_id}, {"$set": fields}, session=self._session)


class MongoPayoutRequests:
    def __init__(self, database: MongoDatabase, session: ClientSession | None) -> None:
        self._requests = database[PAYOUT_REQUESTS]
        self._session = session

    def add(self, request: PayoutRequest) -> None:
        document = _plain(request, "request_id")
        self._requests.insert_one({"_id": request.request_id, **document}, session=self._session)

    def get(self, request_id: str) -> PayoutRequest | None:
        found = self._requests.find_one({"_id": request_id}, session=self._session)
        return None if found is None else stored_request(found)

    def open_one(self, worker_id: WorkerId) -> PayoutRequest | None:
        query = {"worker_id": worker_id, "status": {"$in": _UNDER_WAY}}
        found = self._requests.find_one(query, session=self._session)
        return None if found is None else stored_request(found)

    def all_open(self, count_max: int) -> Sequence[PayoutRequest]:
        found = self._requests.find({"status": "open"}, session=self._session)
        return [stored_request(row) for row in found.sort("asked_at", ASCENDING).limit(count_max)]

    def set_status(
        self,
        request_ids: Collection[str],
        status: str,
        *,
        at: datetime,
        refusal_code: str | None = None,
        refusal: str | None = None,
    ) -> None:
        ended_at = None if status in _UNDER_WAY else at
        self._requests.update_many(
            {"_id": {"$in": sorted(request_ids)}},
            {
                "$set": {
                    "status": status,
                    "ended_at": ended_at,
                    "refusal_code": refusal_code,
                    "refusal": refusal,
                }
            },
            session=self._session,
        )

    def of_worker(self, worker_id: WorkerId, count_max: int) -> Sequence[PayoutRequest]:
        found = self._requests.find({"worker_id": worker_id}, session=self._session)
        return [stored_request(row) for row in found.sort("asked_at", DESCENDING).limit(count_max)]


class MongoStaff:
    def __init__(self, database: MongoDatabase, session: ClientSession | None) -> None:
        self._staff = database[STAFF]
        self._sessions = database[SESSIONS]
        self._session = session

    def add(self, member: StaffMember) -> None:
        self._staff.insert_one(_staff_document(member), session=self._session)

    def by_email(self, email: str) -> StaffMember | None:
        return self._one({"email": email})

    def get(self, staff_id: StaffId) -> StaffMember | None:
        return self._one({"_id": staff_id})

    def replace(self, member: StaffMember) -> None:
        self._staff.replace_one(
            {"_id": member.staff_id}, _staff_document(member), session=self._session
        )

    def listed(self) -> Sequence[StaffMember]:
        found = self._staff.find({"removed": {"$ne": True}}, session=self._session)
        return [_member(row) for row in found.sort("email", ASCENDING).limit(_STAFF_MAX)]

    def sign_out(self, staff_id: StaffId) -> None:
        self._sessions.delete_many({"subject": staff_id}, session=self._session)

    def names(self) -> Mapping[StaffId, str]:
        """The part of the e-mail before the @."""
        found = self._staff.find({}, {"email": 1}, session=self._session)
        return {row["_id"]: row["email"].partition("@")[0] for row in found}

    def _one(self, query: Document) -> StaffMember | None:
        found = self._staff.find_one(query, session=self._session)
        return None if found is None else _member(found)


def _plain(thing: TopUp | Payee | PayoutRequest, id_field: str) -> Document:
    """The fields as they are stored; money in its wire form."""
    document = {name: value for name, value in vars(thing).items() if name != id_field}
    return {
        name: value.to_wire() if isinstance(value, Money) else value
        for name, value in document.items()
    }


def _member(row: Document) -> StaffMember:
    fields = {**row, "staff_id": row["_id"], "grants": frozenset(row["grants"])}
    del fields["_id"]
    return StaffMember(**fields)


def _staff_document(member: StaffMember) -> Document:
    document = asdict(member)
    document["_id"] = document.pop("staff_id")
    document["grants"] = sorted(member.grants)
    return document


def stored_top_up(row: Document) -> TopUp:
    fields = {name: value for name, value in row.items() if name != "_id"}
    fields["amount"] = Money.from_wire(row["amount"])
    fields["booked"] = Money.from_wire(row["booked"]) if row["booked"] else None
    return TopUp(top_up_id=row["_id"], **fields)


def _payee_document(payee: Payee) -> Document:
    bank = dict(vars(payee.bank)) if payee.bank else None
    return {**_plain(payee, "worker_id"), "rail": payee.rail.value, "bank": bank}


def stored_payee(row: Document) -> Payee:
    fields = {name: value for name, value in row.items() if name != "_id"}
    fields["rail"] = Rail(row.get("rail", Rail.STRIPE))
    fields["bank"] = BankDetails(**row["bank"]) if row.get("bank") else None
    return Payee(worker_id=row["_id"], **fields)


def stored_request(row: Document) -> PayoutRequest:
    fields = {name: value for name, value in row.items() if name != "_id"}
    fields["amount"] = Money.from_wire(row["amount"])
    return PayoutRequest(request_id=row["_id"], **fields)
