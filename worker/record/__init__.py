"""Tells a call's record what happens in the call; the record itself is kept by records/."""
