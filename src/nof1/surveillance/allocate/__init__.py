"""Plans under uncertainty: joint scenarios of need, an integer plan, and its regret on the past."""
