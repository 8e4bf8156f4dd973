"""How often whoever follows a stream looks for what came: the busier the database, the seldomer.

Each look costs the database the same few calls, however much it takes along. So a follower rests
for some times as long as it worked, and what it takes on grows by itself where time is scarce.
"""

PACE_SECONDS = 0.1
"""The shortest time from one look that brought something to the next."""
PACE_SECONDS_MAX = 0.3
_REST_TIMES = 3


def pause_after(worked_seconds: float) -> float:
    """How long to rest after a look that took so long."""
    rest_seconds = min(worked_seconds * _REST_TIMES, PACE_SECONDS_MAX)
    return max(rest_seconds, PACE_SECONDS - worked_seconds, 0.0)
