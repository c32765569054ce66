"""KPIs, costs and valuations of a programme, and what other systems' activities count as."""
