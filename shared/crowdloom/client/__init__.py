"""The client library: Crowdloom's HTTP API for requesters, workers and finance staff."""

from crowdloom.client.api import HttpApi, Problem
from crowdloom.client.people import Requester, Staff, Worker

__all__ = ["HttpApi", "Problem", "Requester", "Staff", "Worker"]
