"""Builds what a call needs of vendors and of the framework: the only place that knows a vendor's words."""
