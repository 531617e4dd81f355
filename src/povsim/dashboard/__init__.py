"""Dashboards for the meeting room: state without widgets, widgets, pages that only show the state, and their server."""
