"""Holds calls to what may be spent on them (docs/money.md): the rule itself is records/budgets.py."""
