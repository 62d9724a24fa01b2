"""One plain CP-SAT model of the whole problem: independent, complete, and slower than the special solvers."""
