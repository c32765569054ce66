"""Composition of the product: command line, WSGI mount, practice LMS, sample programme. It
joins ``lrs`` and ``lti_tool``; no business rules belong here.
"""
