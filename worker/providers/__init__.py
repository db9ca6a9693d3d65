"""One file per vendor service: the only place that knows a vendor's words."""
