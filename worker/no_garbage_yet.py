"""Turns the garbage collector off, by being imported: nothing that the imports behind it make is garbage.

Looking through it again and again took 0.6 of the 3.7 s of CPU in which the process that calls are forked from loads
what they need; `worker.preload` turns it on again.
"""

import gc

gc.disable()
