"""What is heard over the agent's voice, words and anything else, and what the worker's judge makes of it."""
