"""The HTTP routes of ``/api/v1`` about figures: metrics, reports, KPIs, alarms, exports."""
