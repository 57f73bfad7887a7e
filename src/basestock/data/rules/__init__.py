"""The rules of the catalogue, table by table; each finds offenders and names its code."""
