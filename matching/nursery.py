"""Imported by the process that worker processes come from, after everything else, and by nobody else.

A worker begins with all objects of that process. Its first collection of garbage would look at each of them, and by
that copy all their memory (about 0.1 s and 30 MB a worker), so they are put out of the collector's sight.
"""

import gc

from matching import crew as crew

gc.collect()
gc.freeze()
