"""Answers requests: reads what a page needs, and hands it to its template."""
