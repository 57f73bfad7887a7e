"""Optima that are computed from a formula or a short recursion instead of a state space."""
