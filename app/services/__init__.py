"""What the service does: functions that take a session and a viewer, flush, and never commit."""
