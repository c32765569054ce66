"""SQL on the tables of facts and of what is decided about figures; transactions belong to the
callers.
"""
