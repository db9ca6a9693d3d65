"""Tells from the caller's sound how likely it is that their turn is over.

Apart from the words because a call works without it: the model is asked in a process that all calls of a worker share,
and where its weights are missing, slow or broken the words decide alone.
"""
