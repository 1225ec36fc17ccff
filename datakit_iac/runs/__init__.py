"""What one Run does, started by an update, a schedule or a person: its turns, quotas, job, verification and record."""
