"""The call's brain: a LiveKit agent worker that answers in the caller's language."""
