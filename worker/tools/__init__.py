"""Holds what the agent can do besides talk: one typed function per tool."""
