"""OpenAI's stand-in: chat completions on the wire, answered by a script of rules."""
