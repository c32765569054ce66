"""The reports of a programme, a function each, marked ``@report(key)``. The registry imports every
module here; their labels stand in ``lrs.vocabulary.report_names``."""
