"""What Prometheus reads, and what is counted of the log."""

import json
import logging
import re

import pytest

from tests.telemetry.conftest import telemetry_settings
from worker.telemetry import names
from worker.telemetry.measures import COUNTED_EVENTS, CountedEvents, Measures
from worker.telemetry.prometheus import Scraped

EXEMPLAR = {"trace": "0af7651916cd43dd8448eb211c80319c", "span": "b7ad6b7169203331"}


@pytest.fixture
def scraped():
    return Scraped()


@pytest.fixture
def measures(scraped):
    kept = Measures([scraped.reader], "vaani-worker", lambda: 3, lambda: 8, lambda: 0.25)
    yield kept
    kept.close(1)


def measured(name, value, **more):
    return json.dumps({"name": name, "value": value, "attributes": {}, **more}).encode()


def test_a_histogram_has_buckets_that_add_up_and_an_exemplar(measures, scraped):
    for value in (0.9, 1.1, 30.0):
        measures.take(measured(names.VOICE_TO_VOICE_HISTOGRAM, value, attributes={names.LANGUAGE: "hi-IN"}, **EXEMPLAR))
    text = scraped.text()
    assert "# TYPE vaani_voice_to_voice_seconds histogram" in text
    buckets = [int(found) for found in re.findall(r"vaani_voice_to_voice_seconds_bucket\{.*?\} (\d+)", text)]
    assert buckets == sorted(buckets)
    assert buckets[-1] == 3
    assert 'vaani_voice_to_voice_seconds_count{vaani_language="hi-IN"} 3' in text
    assert f'# {{trace_id="{EXEMPLAR["trace"]}",span_id="{EXEMPLAR["span"]}"}} 1.1' in text
    assert text.endswith("# EOF\n")


def test_gauges_and_counters(measures, scraped):
    measures.take(measured(names.RUPEES_COUNTER, 1.5))
    measures.take(measured(names.RUPEES_COUNTER, 0.5))
    text = scraped.text()
    for line in (
        "vaani_calls 3",
        "vaani_calls_capacity 8",
        "vaani_event_loop_lag_seconds 0.25",
        "vaani_rupees_total 2.0",
    ):
        assert line in text.splitlines()


@pytest.mark.parametrize(
    "frame",
    [b"", b"{}", b"[]", b"null", b"\xff", b'{"name": "vaani.greeting"}', measured("nobody", 1),
     measured(names.GREETING_HISTOGRAM, "x"), measured(names.GREETING_HISTOGRAM, -1),
     measured(names.GREETING_HISTOGRAM, 1, attributes=[1]), measured(names.GREETING_HISTOGRAM, 1, trace="zz", span="1"),
     b"[" * 100_000],
)  # fmt: skip
def test_a_strange_measurement_is_passed_over(measures, scraped, frame):
    measures.take(frame)
    assert "vaani_greeting_seconds_count" not in scraped.text()


@pytest.fixture
def counting(measures):
    root, ours, level = logging.getLogger(), logging.getLogger("vaani"), logging.getLogger("vaani").level
    counted, filters = CountedEvents(measures), [list(handler.filters) for handler in root.handlers]
    counted.follow()
    yield
    ours.removeHandler(counted)
    ours.setLevel(level)
    for handler, before in zip(root.handlers, filters, strict=True):
        handler.filters[:] = before


def test_lost_refused_and_failed_calls_are_counted_whatever_the_log_shows(scraped, measures, counting):
    log = logging.getLogger("vaani")
    log.error("call.lost", extra={"why": "9876543210"})
    log.warning("call.refused", extra={"reason": "used"})
    log.info("call.refused_busy")
    log.info("something else")
    text = scraped.text()
    assert 'vaani_events_total{vaani_event="call.lost"} 1' in text
    assert 'vaani_events_total{vaani_event="call.refused",reason="used"} 1' in text
    assert 'vaani_events_total{vaani_event="call.refused_busy"} 1' in text
    assert "9876543210" not in text
    assert "something" not in text


def test_counting_shows_no_line_that_the_level_keeps_out(measures, capsys):
    root, ours = logging.getLogger(), logging.getLogger("vaani")
    handler = logging.StreamHandler()
    root.addHandler(handler)
    before = ours.level
    ours.setLevel(logging.ERROR)
    counted = CountedEvents(measures)
    try:
        counted.follow()
        ours.info("call.started")
        ours.error("call.lost")
    finally:
        ours.removeHandler(counted)
        ours.setLevel(before)
        root.removeHandler(handler)
        for each in root.handlers:
            each.filters[:] = [f for f in each.filters if type(f).__name__ != "_AsQuietAsBefore"]
    shown = capsys.readouterr().err
    assert "call.lost" in shown
    assert "call.started" not in shown


def test_what_is_counted_is_logged_by_that_name():
    from worker import log_events

    assert {value for name, value in vars(log_events).items() if name.isupper()} >= COUNTED_EVENTS


def test_prometheus_is_asked_for_by_opentelemetrys_own_variable():
    assert telemetry_settings(OTEL_METRICS_EXPORTER="prometheus").is_scraped
    assert telemetry_settings(OTEL_METRICS_EXPORTER="otlp,prometheus").is_scraped
    assert not telemetry_settings(OTEL_METRICS_EXPORTER="otlp").is_scraped
