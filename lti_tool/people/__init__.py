"""The organisation's list of people, who they are in each LMS, and the courses they are in. It
knows no programme.
"""
