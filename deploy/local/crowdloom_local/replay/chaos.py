"""Faults while a batch runs: each once, at a point of progress, never by the clock alone."""

import signal
import threading
import time
from collections.abc import Callable

from crowdloom_local.market import EVENT_PROCESSES, Market

PAUSE_SECONDS = 20

Fault = tuple[float, Callable[[], None]]
"""At which share of progress, and what."""


class Chaos:
    """`advance(progress)` brings on every fault whose share of progress (0..1) is reached.

    kill -9 of each service's events process, kill -9 of every web worker one after the other, one
    consumer stopped for 20 s, the broker wiped. (Duplicated events and the transfer whose answer
    is lost are switches of the relay and of the processor, set by the replay itself.)
    `broker_node` adds the kill -9 of one of Kafka's nodes; without `everything`, that is all.
    """

    def __init__(
        self, market: Market, *, everything: bool = True, broker_node: bool = False
    ) -> None:
        self._market = market
        self._pause: threading.Thread | None = None
        self.log: list[str] = []
        faults = self._of_everything() if everything else []
        if broker_node:
            faults.append((0.5, self._kill_a_broker_node))
        self._faults = sorted(faults, key=lambda fault: fault[0])

    @property
    def over(self) -> bool:
        paused = self._pause is not None and self._pause.is_alive()
        return not self._faults and not paused

    def advance(self, progress: float) -> None:
        while self._faults and self._faults[0][0] <= progress:
            _, fault = self._faults.pop(0)
            fault()

    def _of_everything(self) -> list[Fault]:
        kills: list[Fault] = [
            (0.05 + 0.1 * index, self._killer(name)) for index, name in enumerate(EVENT_PROCESSES)
        ]
        return [
            *kills,
            (0.1, self._kill_a_web_worker),
            (0.4, self._pause_a_consumer),
            (0.6, self._kill_a_web_worker),
            (0.75, self._wipe_the_broker),
        ]

    def _killer(self, name: str) -> Callable[[], None]:
        def kill() -> None:
            self._note(f"kill -9 {name}")
            self._market.process(name).send(signal.SIGKILL)

        return kill

    def _kill_a_web_worker(self) -> None:
        self._note("kill -9 a web worker")
        self._market.kill_a_web_worker()

    def _pause_a_consumer(self) -> None:
        name = EVENT_PROCESSES[-1]
        self._note(f"SIGSTOP {name} for {PAUSE_SECONDS} s")
        self._market.process(name).send(signal.SIGSTOP)

        def resume() -> None:
            time.sleep(PAUSE_SECONDS)
            self._market.process(name).send(signal.SIGCONT)
            self._note(f"SIGCONT {name}")

        self._pause = threading.Thread(target=resume, daemon=True)
        self._pause.start()

    def _wipe_the_broker(self) -> None:
        self._note("wipe the broker")
        self._market.wipe_broker()

    def _kill_a_broker_node(self) -> None:
        self._note(f"kill -9 {self._market.engines.kill_a_broker_node()}")

    def _note(self, what: str) -> None:
        self.log.append(what)
