"""Families of published instances, one module each: which parameters a record has, and the problem that they are."""
