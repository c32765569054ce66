"""What every package of the tool stands on: tenants, platforms and calls to them, the journal, the
outboxes, sessions, roles, and the frame of every page. It knows no programme.
"""
