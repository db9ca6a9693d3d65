"""The page for the people who answer for the calls. Reads `records/` and changes nothing there."""
