"""Incidents: opened at a symptom, named by their cause, closed after a quiet time, and kept."""
