"""Traces and metrics: what a call's stages took, told to anything that speaks OTLP (docs/traces.md).

A call's process makes spans and hands them to the worker's parent, which carries no call; the parent talks to the
endpoint. Nothing in here is imported unless a setting of OpenTelemetry's turns it on.
"""
