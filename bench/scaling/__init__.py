"""A day of calls on fleets that scale by different rules, simulated: who is refused, who is cut, what it costs."""
