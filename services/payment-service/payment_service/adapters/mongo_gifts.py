"""Gift credit in MongoDB: one document a paid line, with the digest of its code."""

from crowdloom.chassis.store import Document, MongoDatabase
from crowdloom.kernel import Money
from crowdloom.kernel.ids import PayoutItemId
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.client_session import ClientSession

from payment_service.domain.gifts import Gift

GIFTS = "gifts"
GIFT_INDEXES = [
    IndexModel([("digest", ASCENDING)], name="by_digest"),
    IndexModel([("worker_id", ASCENDING), ("_id", DESCENDING)], name="of_worker"),
]


class MongoGifts:
    def __init__(self, database: MongoDatabase, session: ClientSession | None) -> None:
        self._gifts = database[GIFTS]
        self._session = session

    def add(self, gift: Gift) -> None:
        self._gifts.insert_one(_document(gift), session=self._session)

    def get(self, item_id: PayoutItemId) -> Gift | None:
        return self._one({"_id": item_id})

    def by_digest(self, digest: str) -> Gift | None:
        return self._one({"digest": digest})

    def replace(self, gift: Gift) -> None:
        self._gifts.replace_one({"_id": gift.item_id}, _document(gift), session=self._session)

    def _one(self, query: Document) -> Gift | None:
        found = self._gifts.find_one(query, session=self._session)
        return None if found is None else stored_gift(found)


def _document(gift: Gift) -> Document:
    fields = {name: value for name, value in vars(gift).items() if name != "item_id"}
    return {**fields, "_id": gift.item_id, "amount": gift.amount.to_wire()}


def stored_gift(row: Document) -> Gift:
    fields = {name: value for name, value in row.items() if name != "_id"}
    fields["amount"] = Money.from_wire(row["amount"])
    return Gift(item_id=row["_id"], **fields)
