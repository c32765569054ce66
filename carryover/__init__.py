"""The door: joins the houses. Command line, WSGI mount, practice LMS, sample programme. Adding a rule? Not in this house."""
