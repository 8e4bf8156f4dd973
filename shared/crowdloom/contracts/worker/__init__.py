"""What worker-service says about workers. Closed to task-service."""

from crowdloom.contracts.worker.profiles import ProfileChanged, WorkerRegistered

__all__ = ["ProfileChanged", "WorkerRegistered"]
