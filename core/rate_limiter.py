"""Rate limits: a counter in Redis for each time window. If Redis is down, everything is
allowed."""

from __future__ import annotations

import ipaddress
import logging

import redis

log = logging.getLogger(__name__)

REDIS_TIMEOUT_SECONDS = 0.5  # a request never waits longer than this for its counter


class RateLimiter:
    """Shared by the processes of an installation through Redis."""

    def __init__(self, url: str) -> None:
        self._connection = redis.Redis.from_url(
            url, socket_connect_timeout=REDIS_TIMEOUT_SECONDS, socket_timeout=REDIS_TIMEOUT_SECONDS
        )

    def allows(self, what: str, who: str, most: int, seconds: int) -> bool:
        """Whether ``who`` has requested ``what`` at most ``most`` times within about
        ``seconds``."""
        key = f"carryover:limit:{what}:{who}"
        try:
            with self._connection.pipeline() as together:
                together.set(key, 0, ex=seconds, nx=True)
                together.incr(key)
                count = int(together.execute()[1])
        except redis.RedisError as error:
            log.warning(
                "the queue does not answer (%s); nothing is limited meanwhile", type(error).__name__
            )
            return True
        return count <= most


def network_of(address: str) -> str:
    """The network of one household: for IPv6 the /64 prefix, because providers assign networks
    of 64 bits (RFC 4291, 2.5.4).
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return (
        str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)
    )
