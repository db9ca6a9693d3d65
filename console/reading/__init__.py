"""Asks the records, and nothing else: every query of the console is in here, and none of them writes."""
