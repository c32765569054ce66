"""How people come in: launches from an LMS, deep linking, registration of platforms, mailed links
and the organisation's sign-in.
"""
