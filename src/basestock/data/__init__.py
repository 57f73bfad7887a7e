"""From an export to canonical tables: readers, rules, calibration."""
