"""One contract for the database in memory and for the engine: what the services rely on."""

import uuid
from typing import Any

import pytest
from bson import Int64
from crowdloom.testkit.memory_mongo import MemoryClient
from pymongo import ASCENDING, IndexModel, InsertOne, MongoClient, UpdateOne
from pymongo.errors import ClientBulkWriteException, DuplicateKeyError


@pytest.fixture(params=["memory", "engine"])
def client(request: pytest.FixtureRequest, mongodb_uri: str) -> Any:
    if request.param == "memory":
        yield MemoryClient()
        return
    with MongoClient(mongodb_uri, tz_aware=True) as made:
        yield made


@pytest.fixture
def things(client: Any) -> Any:
    name = f"contract_{uuid.uuid4().hex[:8]}"
    made = client[name]["things"]
    made.create_indexes(
        [
            IndexModel([("key", ASCENDING)], name="once", unique=True, sparse=True),
            IndexModel(
                [("owner", ASCENDING)],
                name="one_open",
                unique=True,
                partialFilterExpression={"closed_at": None, "kind": "hold"},
            ),
            IndexModel([("lines.a", ASCENDING)], name="by_account"),
        ]
    )
    made.insert_many(
        [
            {"_id": "a", "key": "k1", "n": 1, "lines": [{"a": "x", "dr": Int64(2)}]},
            {"_id": "b", "key": "k2", "n": 2, "lines": [{"a": "y", "dr": Int64(3)}]},
            {"_id": "c", "key": "k3", "n": None, "lines": []},
            {"_id": "d", "key": "k4", "tags": {"red": 1}},
        ]
    )
    return made


QUERIES = [
    ({}, "abcd"),
    ({"_id": "b"}, "b"),
    ({"_id": {"$in": ["a", "d", "z"]}}, "ad"),
    ({"n": {"$gt": 1}}, "b"),
    ({"n": {"$lte": 2}}, "ab"),
    ({"n": None}, "cd"),
    ({"n": {"$ne": 1}}, "bcd"),
    ({"n": {"$exists": True}}, "abc"),
    ({"n": {"$exists": False}}, "d"),
    ({"n": {"$nin": [1, 2]}}, "cd"),
    ({"lines.a": "x"}, "a"),
    ({"lines.a": {"$in": ["x", "y"]}}, "ab"),
    ({"tags.red": 1}, "d"),
    ({"key": "k2", "n": {"$gte": 2, "$lt": 3}}, "b"),
    ({"$or": [{"n": 1}, {"tags.red": {"$exists": True}}]}, "ad"),
    ({"$nor": [{"n": 1}, {"key": "k2"}]}, "cd"),
    ({"$and": [{"n": {"$gte": 1}}, {"key": {"$ne": "k1"}}]}, "b"),
]


@pytest.mark.parametrize(("query", "found"), QUERIES, ids=[str(query) for query, _ in QUERIES])
def test_a_query_finds_the_same_documents(things: Any, query: Any, found: str) -> None:
    assert "".join(sorted(row["_id"] for row in things.find(query))) == found
    assert things.count_documents(query) == len(found)


def test_nothing_sorts_first_and_a_limit_counts_from_there(things: Any) -> None:
    rows = things.find({"_id": {"$in": ["a", "b", "c"]}}).sort("n", ASCENDING)
    assert [row["_id"] for row in rows] == ["c", "a", "b"]
    assert [row["_id"] for row in things.find().sort("_id", -1).limit(2)] == ["d", "c"]
    assert things.find_one({"n": {"$gt": 0}}, sort=[("n", -1)])["_id"] == "b"


def test_what_was_read_is_a_copy(things: Any) -> None:
    things.find_one({"_id": "a"})["lines"].append("changed")
    assert len(things.find_one({"_id": "a"})["lines"]) == 1


def test_updates_change_what_they_name_and_say_so(things: Any) -> None:
    done = things.update_one({"_id": "a"}, {"$set": {"tags.red": 5}, "$inc": {"n": Int64(4)}})
    assert (done.matched_count, done.modified_count, done.upserted_id) == (1, 1, None)
    row = things.find_one({"_id": "a"})
    assert (row["tags"], row["n"]) == ({"red": 5}, 5)
    assert things.update_one({"_id": "a"}, {"$set": {"n": Int64(5)}}).modified_count == 0
    assert things.update_many({"n": {"$exists": True}}, {"$unset": {"n": ""}}).modified_count == 3
    assert things.update_one({"_id": "z"}, {"$set": {"n": 1}}).matched_count == 0
    things.update_one({"_id": "a"}, {"$push": {"last": {"$each": [1, 2, 3], "$slice": -2}}})
    assert things.find_one({"_id": "a"})["last"] == [2, 3]


def test_an_upsert_is_born_of_its_query(things: Any) -> None:
    change = {"$inc": {"n": 2}, "$setOnInsert": {"kind": "new"}}
    first = things.update_one({"_id": "e", "key": "k5"}, change, upsert=True)
    second = things.update_one({"_id": "e", "key": "k5"}, change, upsert=True)
    assert (first.upserted_id, second.upserted_id) == ("e", None)
    assert things.find_one({"_id": "e"}) == {"_id": "e", "key": "k5", "n": 4, "kind": "new"}


def test_many_writes_at_once_come_in_order(things: Any) -> None:
    things.bulk_write(
        [
            UpdateOne({"_id": "f"}, {"$inc": {"n": 1}}, upsert=True),
            UpdateOne({"_id": "f"}, {"$inc": {"n": 1}}, upsert=True),
        ]
    )
    assert things.find_one({"_id": "f"})["n"] == 2


def test_writes_of_several_collections_go_in_one_command(things: Any) -> None:
    others = things.database["others"]
    things.database.client.bulk_write(
        [
            UpdateOne({"_id": "f"}, {"$inc": {"n": 1}}, upsert=True, namespace=things.full_name),
            InsertOne({"_id": "f", "of": "others"}, namespace=others.full_name),
        ]
    )
    assert things.find_one({"_id": "f"})["n"] == 1
    assert others.find_one({"_id": "f"})["of"] == "others"
    with pytest.raises(ClientBulkWriteException) as refused:
        things.database.client.bulk_write(
            [InsertOne({"_id": name}, namespace=others.full_name) for name in ("g", "f")]
        )
    [refusal] = refused.value.write_errors
    assert (refusal["idx"], refusal["code"], refused.value.error) == (1, 11_000, None)


def test_what_became_of_each_of_many_updates_is_told(things: Any) -> None:
    one_more, name = {"$inc": {"n": 1}}, things.full_name
    told = things.database.client.bulk_write(
        [UpdateOne({"_id": one}, one_more, namespace=name) for one in ("a", "nobody")],
        verbose_results=True,
    )
    found = [told.update_results[place].matched_count for place in (0, 1)]
    assert (told.matched_count, found) == (1, [1, 0])


def test_a_replaced_document_keeps_its_id_and_a_deleted_one_is_gone(things: Any) -> None:
    assert things.replace_one({"_id": "a", "n": 9}, {"n": 3}).matched_count == 0
    assert things.replace_one({"_id": "a", "n": 1}, {"n": 3}).matched_count == 1
    assert things.find_one({"_id": "a"}) == {"_id": "a", "n": 3}
    assert things.delete_one({"_id": "a"}).deleted_count == 1
    assert things.find_one({"_id": "a"}) is None


def test_a_unique_key_is_refused_a_second_time_but_not_where_it_is_missing(things: Any) -> None:
    with pytest.raises(DuplicateKeyError):
        things.insert_one({"_id": "g", "key": "k1"})
    with pytest.raises(DuplicateKeyError):
        things.insert_one({"_id": "a", "key": "k9"})
    things.insert_one({"_id": "h"})
    things.insert_one({"_id": "i"})
    assert things.find_one({"_id": "g"}) is None


def test_a_partial_index_refuses_only_what_it_covers(things: Any) -> None:
    held = {"owner": "o", "kind": "hold", "closed_at": None}
    things.insert_one({"_id": "j", **held})
    with pytest.raises(DuplicateKeyError):
        things.insert_one({"_id": "k", **held})
    things.update_one({"_id": "j"}, {"$set": {"closed_at": 1}})
    things.insert_one({"_id": "k", **held})


def test_a_transaction_that_fails_leaves_nothing_behind(client: Any, things: Any) -> None:
    def work(session: Any) -> None:
        things.insert_one({"_id": "l"}, session=session)
        things.update_one({"_id": "a"}, {"$set": {"n": 9}}, session=session)
        assert things.find_one({"_id": "a"}, session=session)["n"] == 9
        raise KeyError("no")

    with client.start_session() as session, pytest.raises(KeyError):
        session.with_transaction(work)
    assert things.find_one({"_id": "l"}) is None
    assert things.find_one({"_id": "a"})["n"] == 1


def test_sums_by_group_over_unwound_lines(things: Any) -> None:
    rows = things.aggregate(
        [
            {"$match": {"lines.a": {"$in": ["x", "y"]}}},
            {"$unwind": "$lines"},
            {"$group": {"_id": "$lines.a", "dr": {"$sum": "$lines.dr"}, "n": {"$sum": 1}}},
        ]
    )
    assert sorted((row["_id"], row["dr"], row["n"]) for row in rows) == [("x", 2, 1), ("y", 3, 1)]


def test_an_operator_that_is_not_known_is_refused_and_not_ignored() -> None:
    things = MemoryClient()["contract"]["things"]
    things.insert_one({"_id": "a"})
    with pytest.raises(NotImplementedError):
        list(things.find({"n": {"$regex": "x"}}))
    with pytest.raises(NotImplementedError):
        things.update_one({"_id": "a"}, {"$bit": {"n": 1}})
