"""Sarvam's stand-in: its recognisers and its voice, on the wire as the real ones are, and what they refuse."""
