"""Cuts what callers say into letters and words, once for everybody who judges words."""
