"""Attempts under logins that do not exist, or are locked: told in the trail, but few of them one by one.

Anybody can make such attempts without end, and every entry of the trail is kept for years. So the first ones of a
minute are recorded each; of the others only how many they were, with the next one that is recorded. That count lives in
one process: what it has not told when it ends is lost.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from weakref import WeakKeyDictionary

from app.db import Database

MOST_A_MINUTE = 5
"""Entries that strangers can cause in a minute, in one process: 7,200 a day whatever they do."""
MINUTE = timedelta(minutes=1)


@dataclass(slots=True, kw_only=True)
class Strangers:
    """The attempts of strangers upon one database, as far as they are not told yet."""

    began: datetime | None = None
    n_told: int = 0
    n_untold: int = 0
    lock: Lock = field(default_factory=Lock)

    def count(self, now: datetime) -> int:
        """Count one attempt; for how many an entry is to be written now, 0 for none."""
        with self.lock:
            if self.began is None or not self.began <= now < self.began + MINUTE:
                self.began, self.n_told = now, 0
            self.n_untold += 1
            if self.n_told == MOST_A_MINUTE:
                return 0
            self.n_told += 1
            told, self.n_untold = self.n_untold, 0
            return told


_STRANGERS: WeakKeyDictionary[Database, Strangers] = WeakKeyDictionary()
_LOCK = Lock()


def strangers_of(database: Database) -> Strangers:
    """Those of a database, in this process."""
    with _LOCK:
        return _STRANGERS.setdefault(database, Strangers())
