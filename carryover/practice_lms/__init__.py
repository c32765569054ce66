"""A small LTI 1.3 platform for trying out Carryover: one course, five people, a gradebook,
tools; mounted only by the demo.

It signs real launches with its own key, registers tools, validates what they send as strictly
as Moodle 4.5 or the standard requires, and frames them as Moodle would. It is served at
localhost and the tool at 127.0.0.1, so that the frame is cross-site as in production. It does
not depend on the tool's code: it is the other side of the protocol.
"""
