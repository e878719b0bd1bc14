"""Alarms: weekly counts that are higher than their own past, with the false-alarm rate stated.

An alarm is a reason to look, not an outbreak; a quiet week is "checked, with these data, by this
rule", not safety. ``run.check`` is the way in.
"""
