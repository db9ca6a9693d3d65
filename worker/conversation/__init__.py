"""Holds one call's conversation: no vendor names, no sockets."""
