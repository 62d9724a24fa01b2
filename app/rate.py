"""How much one user may ask for, or one address try: a bucket of points for each, which fills again with time.

Points are the cost of operations (``schema.cost``), or attempts to sign in. The buckets belong to one process; several
processes give several times as much, which is meant: each can bear it.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

MOST_BUCKETS = 10_000
"""Buckets that are remembered; before one is added to them, those that are full again are forgotten."""


@dataclass(slots=True, kw_only=True)
class _Bucket:
    points: float
    at: float


@dataclass(slots=True, kw_only=True)
class RateLimit:
    """The buckets of all users: ``capacity`` points at once, ``per_second`` points again with every second."""

    capacity: float
    per_second: float
    clock: Callable[[], float] = time.monotonic
    buckets: dict[str, _Bucket] = field(default_factory=dict)

    def take(self, user: str, points: float) -> float:
        """Take points out of the bucket of a user.

        Returns 0.0 when they were there, else the seconds after which they will be; then nothing is taken. More than
        the bucket holds is taken when it is full.
        """
        bucket = self._bucket(user)
        wanted = min(points, self.capacity)
        if bucket.points >= wanted:
            bucket.points -= wanted
            return 0.0
        return (wanted - bucket.points) / self.per_second

    def give_back(self, user: str, points: float) -> None:
        """Put points back that were taken for what turned out to cost nothing."""
        bucket = self._bucket(user)
        bucket.points = min(self.capacity, bucket.points + points)

    def remaining(self, user: str) -> int:
        """How many whole points a user has left."""
        return math.floor(self._bucket(user).points)

    def _bucket(self, user: str) -> _Bucket:
        now = self.clock()
        bucket = self.buckets.get(user)
        if bucket is None:
            if len(self.buckets) >= MOST_BUCKETS:
                self._forget_full(now)
            bucket = self.buckets[user] = _Bucket(points=self.capacity, at=now)
        bucket.points = self._refilled(bucket, now)
        bucket.at = now
        return bucket

    def _refilled(self, bucket: _Bucket, now: float) -> float:
        return min(self.capacity, bucket.points + (now - bucket.at) * self.per_second)

    def _forget_full(self, now: float) -> None:
        self.buckets = {
            user: bucket for user, bucket in self.buckets.items() if self._refilled(bucket, now) < self.capacity
        }
