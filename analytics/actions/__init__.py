"""Use cases: each begins and ends a transaction, and writes an audit entry."""
