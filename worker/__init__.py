"""The call's brain: a LiveKit agent worker that hears by Sarvam, thinks by OpenAI and answers in the caller's language."""
