"""A telephone's file that is right, for tests to spoil."""

RIGHT = """
agent_name = "vaani"
company = "Asha Bakery"

[inbound]
allowed_addresses = ["203.0.113.0/24"]
[[inbound.number]]
number = "+91 80 1234 5678"
language = "kn-IN"
[[inbound.number]]
number = "02212345678"
forms = ["912212345678;ext=1"]

[outbound]
address = "sip.carrier.example:5060"
transport = "tcp"
auth_username = "asha"
auth_password = "$CARRIER_PASSWORD"
do_not_call = "none"
calls_at_once = 3
calls_per_minute = 600

[[purpose]]
name = "order-update"
kind = "service"
about = "the cake that was ordered for today"
caller_id = "+911600123456"
[[purpose]]
name = "offer"
kind = "promotional"
about = "cakes for Diwali"
caller_id = "+911401234567"
"""
ENVIRON = {"CARRIER_PASSWORD": "hunter2"}
