"""Measurements: what a caller hears, side by side with other ways of building the same agent."""
