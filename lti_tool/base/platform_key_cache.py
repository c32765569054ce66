"""Cache of platforms' key sets: kept for as long as the response allows, refetched once for
an unknown kid, served stale while a platform is down. Only one fetch per URL runs at a time,
with a short timeout: a platform that is slow, oversized or malicious delays only its own
launches."""

from __future__ import annotations

import re
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from core.http_client import GuardedClient, OutsideCallFailed
from core.messages import lazy_gettext
from lti_tool.base.launch_errors import LaunchInvalid, Turn

DEFAULT_TTL_SECONDS = 3_600  # Used if the response does not say.
MIN_TTL_SECONDS, MAX_TTL_SECONDS = 300, 86_400
STALE_SECONDS = 86_400  # How long an outdated key set may be served.
REFETCH_COOLDOWN_SECONDS = 30  # Minimum interval between refetches for unknown kids.
FETCH_SECONDS = 5.0
FAILURE_TTL_SECONDS = 10  # After a failed fetch, nobody waits for another one for this long.
# A class that opens the activity together waits for one fetch; behind a slow platform, only a
# few callers may block a thread for longer.
SHORT_WAIT_SECONDS = 3.0
MAX_LONG_WAITERS = 8  # Callers per platform and process that wait for as long as a fetch may take.
MAX_KEY_SET_BYTES = 256 * 1024
_MAX_AGE = re.compile(r"max-age=(\d{1,9})")
_KEYS_UNAVAILABLE = lazy_gettext(
    "The course's LMS does not answer with its keys just now, so the launch cannot be checked. "
    "Try again in a minute."
)


@dataclass
class _CachedKeySet:
    key_set: dict[str, Any]
    fresh_until: float
    stale_until: float
    refetched_at: float = float("-inf")

    def has_kid(self, kid: Any) -> bool:
        return any(isinstance(key, dict) and key.get("kid") == kid for key in self.key_set["keys"])


class PlatformKeyCache:
    """Shared by all threads of a process."""

    def __init__(self, client: GuardedClient) -> None:
        self._client = client
        self._cache: dict[str, _CachedKeySet] = {}
        self._failures: dict[str, tuple[float, str]] = {}
        self._fetch_locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._waiter_counts: defaultdict[str, int] = defaultdict(int)
        self._counter_lock = threading.Lock()

    def key_set_for_token(self, url: str, id_token: str) -> dict[str, Any]:
        """The key set that should contain the token's key. LaunchInvalid (503) if none is
        available."""
        try:
            kid = jwt.get_unverified_header(id_token).get("kid")
        except jwt.InvalidTokenError as error:
            raise LaunchInvalid(
                "The course's message is damaged. Go back to the course and open the activity "
                "again.",
                str(error),
                turn=Turn.YOURS,
            ) from None
        result = self._fresh_key_set(url, kid)
        if result is not None:
            return result
        lock, cached = self._fetch_locks[url], self._cache.get(url)
        if cached is not None and cached.has_kid(kid) and time.monotonic() < cached.stale_until:
            # A slightly outdated set is served while one caller fetches a newer one.
            if not lock.acquire(blocking=False):
                return cached.key_set
        elif not self._acquire_fetch_lock(url, lock):
            return self._stale_key_set(url, kid, "others wait for it already")
        try:
            # A caller that waited for the lock finds the previous holder's result.
            return self._fresh_key_set(url, kid) or self._refetch(url, kid)
        finally:
            lock.release()

    def read_key_set(self, url: str) -> dict[str, Any]:
        """The key set as the platform gives it now, past the cache; OutsideCallFailed."""
        return self._fetch(url).key_set

    def newer_key_set(self, url: str, used: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The key set as the platform has it now, where it differs from the one that was used; None
        if it does not, if it was asked for a moment ago, or if there is no answer."""
        lock = self._fetch_locks[url]
        if not self._acquire_fetch_lock(url, lock):
            return None
        try:
            cached, now = self._cache.get(url), time.monotonic()
            if cached is None:
                return None
            if cached.key_set != used:
                return cached.key_set  # somebody else has looked meanwhile
            failed_at, _ = self._failures.get(url, (float("-inf"), ""))
            if (
                now - cached.refetched_at < REFETCH_COOLDOWN_SECONDS
                or now - failed_at < REFETCH_COOLDOWN_SECONDS
            ):
                return None
            cached.refetched_at = now
            try:
                created = self._fetch(url)
            except OutsideCallFailed as error:
                self._failures[url] = (time.monotonic(), str(error.message))
                return None
            created.refetched_at = time.monotonic()
            self._cache[url] = created
            return created.key_set if created.key_set != used else None
        finally:
            lock.release()

    def _acquire_fetch_lock(self, url: str, lock: threading.Lock) -> bool:
        """Acquire the fetch lock: all callers wait for a fast fetch, a few also for a slow one;
        False tells the rest that the platform is slow."""
        if lock.acquire(blocking=False):
            return True
        with self._counter_lock:
            patient = self._waiter_counts[url] < MAX_LONG_WAITERS
            self._waiter_counts[url] += 1
        try:
            return lock.acquire(
                timeout=FETCH_SECONDS if patient else min(SHORT_WAIT_SECONDS, FETCH_SECONDS)
            )
        finally:
            with self._counter_lock:
                self._waiter_counts[url] -= 1

    def _fresh_key_set(self, url: str, kid: Any) -> dict[str, Any] | None:
        cached, now = self._cache.get(url), time.monotonic()
        if cached is None or now >= cached.fresh_until:
            return None
        return (
            cached.key_set
            if cached.has_kid(kid) or now - cached.refetched_at < REFETCH_COOLDOWN_SECONDS
            else None
        )

    def _refetch(self, url: str, kid: Any) -> dict[str, Any]:
        now = time.monotonic()
        failed_at, why = self._failures.get(url, (float("-inf"), ""))
        if now - failed_at < FAILURE_TTL_SECONDS:
            return self._stale_key_set(url, kid, why)
        try:
            created = self._fetch(url)
        except OutsideCallFailed as error:
            self._failures[url] = (time.monotonic(), str(error.message))
            return self._stale_key_set(url, kid, str(error.message))
        before = self._cache.get(url)
        if before is not None:
            # A kid in neither the old nor the new set starts the cool-down: the next unknown
            # one has to wait.
            created.refetched_at = before.refetched_at if created.has_kid(kid) else now
        elif not created.has_kid(kid):
            created.refetched_at = now
        self._cache[url] = created
        return created.key_set

    def _stale_key_set(self, url: str, kid: Any, why: str) -> dict[str, Any]:
        """What is cached, if it has the key: one that is not there may be in the set that does not
        arrive."""
        cached = self._cache.get(url)
        if cached is not None and cached.has_kid(kid) and time.monotonic() < cached.stale_until:
            return cached.key_set
        raise LaunchInvalid(_KEYS_UNAVAILABLE, why, status=503, turn=Turn.LATER)

    def _fetch(self, url: str) -> _CachedKeySet:
        answer = self._client.call(
            "GET",
            url,
            headers={"Accept": "application/json"},
            seconds=FETCH_SECONDS,
            largest=MAX_KEY_SET_BYTES,
        )
        result = answer.json() if answer.status == 200 else None
        if not isinstance(result, dict) or not isinstance(result.get("keys"), list):
            raise OutsideCallFailed(
                lazy_gettext(
                    "The key set of the platform answered %(status)s and is no key set.",
                    status=answer.status,
                )
            )
        max_age = _MAX_AGE.search(answer.headers.get("cache-control", "").lower())
        seconds = max(
            MIN_TTL_SECONDS,
            min(int(max_age[1]) if max_age else DEFAULT_TTL_SECONDS, MAX_TTL_SECONDS),
        )
        now = time.monotonic()
        return _CachedKeySet(result, now + seconds, now + seconds + STALE_SECONDS)
