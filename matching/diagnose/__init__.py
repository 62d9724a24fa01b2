"""Why seats must stay empty and pins cannot hold, in certificates that counting proves, with remedies and words."""
