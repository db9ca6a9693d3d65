"""A call that comes, or goes, over the telephone: its line, its keys, who answers, and where it is sent on."""
