"""A small LTI 1.3 platform for trying Carryover out: one course, four people, a gradebook, tools; mounted by the demo alone.

It signs real launches with its own key, registers tools, checks what they send as strictly as Moodle 4.5 or the standard
asks, and frames them as Moodle would. It is reached at localhost and the tool at 127.0.0.1, so that the frame is
cross-site as it is in real life. It knows nothing of the tool's code: it is the other side.
"""
