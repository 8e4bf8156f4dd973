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

# What is replayed where no DATASET is named.
KAFKA_DATASET ?= tests/data/rte_small
KAFKA_REPLAY := --dataset $(or $(DATASET),$(KAFKA_DATASET)) --tasks 20 --redundancy 5 --workers 10

test-kafka: setup engines ## the bus suite, the chassis and two whole replays on real Kafka
	@$(BIN)/pytest -m kafka
	@echo "Replay on one node of Kafka ..."
	@$(BIN)/python -m crowdloom_local replay $(KAFKA_REPLAY) --kafka-nodes 1
	@echo "Replay on three nodes, each message on three, one of them killed half way ..."
	@$(BIN)/python -m crowdloom_local replay $(KAFKA_REPLAY) --kafka-nodes 3 --kill-a-node
