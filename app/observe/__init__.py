"""What a running process tells of itself: lines of the log, figures and traces, none with personal data."""
