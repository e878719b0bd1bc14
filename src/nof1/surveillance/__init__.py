"""Disease surveillance: from raw reports to a nowcast, an alarm, a forecast and a plan."""
