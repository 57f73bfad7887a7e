"""From canonical tables to the twin: which lines can be planned, and everything about each."""

from basestock.data.calibration.calibrate import calibrate

__all__ = ["calibrate"]
