# Apache Kafka as it is published on Maven Central, for this machine. The Makefile includes this.
KAFKA_POM := deploy/local/engines/kafka/pom.xml
KAFKA := .engines/kafka
# Kafka 4 runs on Java 17 and later. Its Maven plugin is pinned here, its jars are in the pom.
JAVA_MAJOR_MIN := 17
COPY_DEPENDENCIES := org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies

engines: setup $(KAFKA)/.ready ## fetch real Kafka from Maven Central; needs Java 17 or later, and Maven

# Copied beside its final place and moved: an interrupted download leaves no half a Kafka behind.
$(KAFKA)/.ready: $(KAFKA_POM)
	@command -v java > /dev/null || { echo "make engines needs Java $(JAVA_MAJOR_MIN) or later: no java was found."; exit 2; }
	@command -v mvn > /dev/null || { echo "make engines needs Maven: no mvn was found."; exit 2; }
	@major=$$(java -version 2>&1 | sed -nE 's/.* version "([0-9]+).*/\1/p' | head -n 1); \
	if [ "$${major:-0}" -lt $(JAVA_MAJOR_MIN) ]; then \
	    echo "make engines needs Java $(JAVA_MAJOR_MIN) or later; java here is version $${major:-unknown}."; exit 2; \
	fi
	@echo "Fetching Apache Kafka's jars from Maven Central (54 MB, half a minute) ..."
	@rm -rf $(KAFKA)/fetched && mkdir -p $(KAFKA)
	@mvn --batch-mode --quiet -Dstyle.color=never --file $(KAFKA_POM) $(COPY_DEPENDENCIES) \
	    -DoutputDirectory="$(CURDIR)/$(KAFKA)/fetched" -DincludeScope=runtime
	@rm -rf $(KAFKA)/libs && mv $(KAFKA)/fetched $(KAFKA)/libs
	@touch $@
	@echo "Kafka is in $(KAFKA)/libs: $$(ls $(KAFKA)/libs | wc -l) jars. The next make run uses it."

# Without DATASET the small recorded set of the tests; with it, as for `make replay`.
SMALL_REPLAY := --dataset tests/data/rte_small --tasks 8 --redundancy 5 --workers 8
NAMED_REPLAY = --dataset $(DATASET) --tasks $(TASKS) --redundancy $(REDUNDANCY) --workers $(WORKERS)
KAFKA_REPLAY = $(if $(DATASET),$(NAMED_REPLAY),$(SMALL_REPLAY))

test-kafka: setup engines ## the bus suite on one node and three, two whole replays, on real Kafka
	@$(BIN)/pytest -m kafka
	@echo "Replay on one node of Kafka ..."
	@$(BIN)/python -m crowdloom_local replay $(KAFKA_REPLAY) --kafka-nodes 1
	@echo "Replay on three nodes, each message on three, one of them killed half way ..."
	@$(BIN)/python -m crowdloom_local replay $(KAFKA_REPLAY) --kafka-nodes 3 --kill-a-node
