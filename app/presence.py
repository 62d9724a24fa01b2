"""Whether this process takes part: it starts, it serves, or it is about to leave."""

import threading
from enum import StrEnum


class Phase(StrEnum):
    """Where a process is in its life."""

    STARTING = "starting"
    SERVING = "serving"
    LEAVING = "leaving"


class Presence:
    """The phase of this process; it only ever goes forward."""

    def __init__(self) -> None:
        self._phase = Phase.STARTING
        self._lock = threading.Lock()

    @property
    def phase(self) -> Phase:
        """Where the process is now."""
        return self._phase

    @property
    def is_leaving(self) -> bool:
        """Whether nothing new is to be begun."""
        return self._phase is Phase.LEAVING

    def begin(self) -> None:
        """Everything has started; nothing when the process was told to leave meanwhile."""
        with self._lock:
            if self._phase is Phase.STARTING:
                self._phase = Phase.SERVING

    def leave(self) -> None:
        """Begin to leave."""
        with self._lock:
            self._phase = Phase.LEAVING
