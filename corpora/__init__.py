"""The published cases: what callers say, and what is right. Tests judge by them and the bench measures with them."""
