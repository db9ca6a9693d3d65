"""Compares what the code names of its providers with what they list today: models, voices, defaults, limits, prices."""
