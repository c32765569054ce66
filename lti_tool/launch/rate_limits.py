"""How often launches and sign-ins are answered; the counters are ``core.rate_limiter``."""

from __future__ import annotations

HOUR_SECONDS = 3_600

# Launches in a minute, per network address: a whole school behind one address opens an activity at
# once; a flood is stopped here.
MAX_LAUNCHES_PER_MINUTE = 3_000
MAX_REFUSALS_PER_HOUR = 300  # recorded per platform
# In an hour, per requested address, which limits one person; a whole training class, or everybody
# behind a proxy, shares one network.
MAX_LINKS_PER_ADDRESS = 3
MAX_LINKS_PER_NETWORK = 3_000
# In an hour. A code has eight digits: at ten tries an hour, guessing one takes about a thousand
# years.
MAX_CODE_REQUESTS, MAX_CODE_TRIES = 3, 10
