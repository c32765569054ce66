"""A small LTI 1.3 platform for trying Carryover out: one course, three people, a gradebook; mounted by the demo alone.

It signs real launches with its own key, checks the tool's assertions as strictly as the standard asks, and frames the tool as
Moodle would. It is reached at localhost and the tool at 127.0.0.1, so that the frame is cross-site as it is in real life.
"""
