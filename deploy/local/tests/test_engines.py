"""Which engines a market gets, and what the embedded ones keep."""

import json
import signal
import socket
from pathlib import Path

import pytest
from crowdloom.chassis.bus import BusMessage
from crowdloom.chassis.kafka_bus import KafkaBusProducer
from crowdloom_local import engines
from crowdloom_local.engines import ROOT, choose_engines
from crowdloom_local.engines.embedded import SecantusDb
from crowdloom_local.engines.kafka import KafkaCluster
from crowdloom_local.processes import (
    DidNotStart,
    Supervisor,
    accepts_connections,
    free_port,
    wait_until,
)
from pymongo import MongoClient
from pymongo.uri_parser import parse_uri
from pymongo.write_concern import WriteConcern

EMBEDDED = "SecantusDB (embedded), Tansu (embedded)"


@pytest.fixture
def supervisor():
    supervisor = Supervisor()
    yield supervisor
    supervisor.stop()


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch) -> Path:
    """A checkout in which `make engines` was not run, and an environment that names nothing."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    monkeypatch.setattr(engines, "ROOT", folder)
    for name in ("MONGODB_URI", "KAFKA_BOOTSTRAP", "KAFKA_REPLICATION"):
        monkeypatch.delenv(f"CROWDLOOM_{name}", raising=False)
    return folder


def fetch_kafka(root: Path) -> None:
    libraries = root / ".engines" / "kafka" / "libs"
    libraries.mkdir(parents=True)
    (libraries / "kafka_2.13-4.1.1.jar").touch()


def test_where_nothing_is_named_or_fetched_it_is_the_embedded_pair(supervisor, tmp_path):
    assert choose_engines(supervisor, tmp_path).description == EMBEDDED


def test_what_make_engines_has_fetched_is_used(supervisor, tmp_path, root):
    fetch_kafka(root)
    chosen = choose_engines(supervisor, tmp_path)
    assert chosen.description == "SecantusDB (embedded), Apache Kafka (1 node)"
    assert chosen.kafka_replication == 1


def test_what_the_environment_names_comes_first(supervisor, tmp_path, root, monkeypatch):
    fetch_kafka(root)
    monkeypatch.setenv("CROWDLOOM_MONGODB_URI", "mongodb://db.example/?replicaSet=rs0")
    monkeypatch.setenv("CROWDLOOM_KAFKA_BOOTSTRAP", "k1.example:9092,k2.example:9092")
    monkeypatch.setenv("CROWDLOOM_KAFKA_REPLICATION", "3")
    chosen = choose_engines(supervisor, tmp_path)
    assert chosen.mongodb_uri == "mongodb://db.example/?replicaSet=rs0"
    assert chosen.kafka_bootstrap == "k1.example:9092,k2.example:9092"
    assert chosen.kafka_replication == 3
    assert "names" in chosen.description
    chosen.start()  # nothing of ours to start


def test_a_broker_of_somebody_else_is_neither_wiped_nor_killed(supervisor, tmp_path, monkeypatch):
    monkeypatch.setenv("CROWDLOOM_KAFKA_BOOTSTRAP", "k1.example:9092")
    chosen = choose_engines(supervisor, tmp_path)
    with pytest.raises(RuntimeError):
        chosen.wipe_broker()
    with pytest.raises(RuntimeError):
        chosen.kill_a_broker_node()


def test_asking_for_nodes_insists_on_real_kafka(supervisor, tmp_path, monkeypatch):
    monkeypatch.setenv("CROWDLOOM_KAFKA_BOOTSTRAP", "k1.example:9092")
    chosen = choose_engines(supervisor, tmp_path, kafka_nodes=3)
    assert chosen.kafka_replication == 3
    with pytest.raises(DidNotStart, match="make engines"):
        chosen.broker.start()


@pytest.fixture
def kept(tmp_path: Path) -> tuple[Path, list[list[int]]]:
    """The folder of a cluster of one node that was formatted before."""
    folder = tmp_path / "data" / "kafka"
    folder.mkdir(parents=True)
    ports = [[free_port(), free_port()]]
    (folder / "ports.json").write_text(json.dumps(ports))
    return folder, ports


def cluster(supervisor, folder: Path, nodes: int = 1) -> KafkaCluster:
    return KafkaCluster(supervisor, folder.parent, folder.parent, nodes=nodes)


def test_kafka_starts_again_on_the_ports_that_its_controllers_know(supervisor, kept):
    folder, ports = kept
    assert [list(pair) for pair in cluster(supervisor, folder)._kept_ports()] == ports


def test_kafka_is_made_anew_where_its_ports_are_taken_or_its_nodes_are_others(supervisor, kept):
    folder, ports = kept
    assert cluster(supervisor, folder, nodes=3)._kept_ports() == []
    with socket.create_server(("127.0.0.1", ports[0][1])):
        assert cluster(supervisor, folder)._kept_ports() == []
    (folder / "ports.json").unlink()  # as where formatting was interrupted
    assert cluster(supervisor, folder)._kept_ports() == []


@pytest.mark.kafka
def test_kafka_finds_its_topics_and_messages_again(tmp_path):
    seen = []
    for _ in range(2):
        supervisor = Supervisor()
        try:
            broker = KafkaCluster(supervisor, tmp_path, ROOT, nodes=1)
            broker.start()
            producer = KafkaBusProducer(broker.bootstrap)
            producer.ensure_topics(["test.kept"])
            producer.publish([BusMessage("test.kept", "k", b"1", (), partition=0)])
            seen.append(producer.topic_states(["test.kept"])["test.kept"])
            producer.close()
        finally:
            supervisor.stop()
    assert seen[0].topic_id == seen[1].topic_id
    assert (seen[0].end_offsets[0], seen[1].end_offsets[0]) == (1, 2)


def numbers(client: MongoClient) -> list[int]:
    return sorted(row["_id"] for row in client["engines"]["numbers"].find())


@pytest.mark.engines
def test_the_embedded_database_keeps_what_it_acknowledged_through_kill_and_restart(tmp_path):
    supervisor = Supervisor()
    try:
        database = SecantusDb(supervisor, tmp_path, ROOT)
        database.start()
        process = supervisor.processes["mongodb"]
        with MongoClient(database.uri) as client:
            majority = WriteConcern("majority")
            collection = client["engines"].get_collection("numbers", write_concern=majority)
            for number in range(15):
                with client.start_session() as session, session.start_transaction():
                    collection.insert_one({"_id": number}, session=session)
            killed, port = process.pid, parse_uri(database.uri)["nodelist"][0][1]
            process.send(signal.SIGKILL)
            wait_until(
                lambda: process.pid != killed and accepts_connections(port),
                what="it",
                seconds_max=30,
            )
            assert numbers(client) == list(range(15))
    finally:
        supervisor.stop()
    again = Supervisor()
    try:
        database = SecantusDb(again, tmp_path, ROOT)
        database.start()
        with MongoClient(database.uri) as client:
            assert numbers(client) == list(range(15))
    finally:
        again.stop()
