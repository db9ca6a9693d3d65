# Log-based metrics: what the two processes say in their logs (docs/log-events.md), counted where dashboards can see it.
# The worker writes an event's name as the log line's message, the token function as its field `event`.
# Labels are few and of few values; nothing here can carry what a caller said.

locals {
  # Metric names are used in PromQL, where a hyphen would be an operator.
  metric_prefix = replace(var.name, "-", "_")

  _run_logs    = "resource.type=\"cloud_run_worker_pool\" AND resource.labels.worker_pool_name=~\"^${var.name}-worker-\""
  _gke_logs    = "resource.type=\"k8s_container\" AND resource.labels.namespace_name=\"${var.name}\" AND resource.labels.container_name=\"worker\""
  _worker_logs = length(local.gke_releases) == 0 ? local._run_logs : "((${local._run_logs}) OR (${local._gke_logs}))"
  _token_logs  = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"${var.name}-token\""

  # What is counted.
  counters = {
    apologies = {
      event       = "apology.spoken"
      logs        = local._worker_logs
      description = "Apologies spoken because a provider was late or down."
      labels      = {}
    }
    call_failures = {
      event       = "call.failed"
      logs        = local._worker_logs
      description = "Calls that ended by a fault of ours."
      labels      = {}
    }
    calls_not_begun = {
      event       = "call.refused"
      logs        = local._worker_logs
      description = "Tokens that began no call, by reason: used, too old, or a caller above a limit."
      labels      = { reason = "reason" }
    }
    calls_refused = {
      event       = "call.refused_busy"
      logs        = local._worker_logs
      description = "Callers who heard that all lines are busy."
      labels      = {}
    }
    calls_started = {
      event       = "call.started"
      logs        = local._worker_logs
      description = "Calls begun."
      labels      = {}
    }
    provider_faults = {
      event       = "provider.fault"
      logs        = local._worker_logs
      description = "Faults of Sarvam, OpenAI or a tool, by provider and kind."
      labels      = { kind = "kind", provider = "provider" }
    }
    token_requests = {
      event       = "token.request"
      logs        = local._token_logs
      description = "Token requests, by code: what was minted, or why it was refused."
      labels      = { code = "code" }
    }
    workers_gave_up = {
      event       = "worker.gave_up"
      logs        = local._worker_logs
      description = "Workers that lost LiveKit for good and ended, to be restarted."
      labels      = {}
    }
    workers_registered = {
      event       = "worker.registered"
      logs        = local._worker_logs
      description = "Registrations with LiveKit: one per worker start or reconnect."
      labels      = {}
    }
  }

  # What is measured, in seconds.
  timings = {
    greeting_seconds = {
      event       = "call.greeted"
      field       = "greeting_seconds"
      description = "From the agent's start in the room to its first audio."
    }
    voice_to_voice_seconds = {
      event       = "turn.finished"
      field       = "e2e_latency_seconds"
      description = "From the end of the caller's turn to the first audio of the reply."
    }
  }

  # What is added up or averaged. The buckets matter little: of a distribution its sum and its count are exact.
  amounts = {
    load_percent = {
      event       = "worker.load"
      field       = "load_percent"
      unit        = "%"
      description = "Calls of an instance, of the most that it takes."
    }
    rupees = {
      event       = "turn.finished"
      field       = "rupees"
      unit        = "1"
      description = "What calls have cost, turn by turn, as far as prices are known."
    }
  }
}

resource "google_logging_metric" "amount" {
  for_each        = local.amounts
  project         = var.project_id
  name            = "${local.metric_prefix}_${each.key}"
  description     = each.value.description
  filter          = "${local._worker_logs} AND (jsonPayload.event=\"${each.value.event}\" OR jsonPayload.message=\"${each.value.event}\") AND jsonPayload.${each.value.field}>=0"
  value_extractor = "EXTRACT(jsonPayload.${each.value.field})"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
    unit        = each.value.unit
  }

  bucket_options {
    exponential_buckets {
      growth_factor      = 1.5
      num_finite_buckets = 30
      scale              = 0.01
    }
  }

  depends_on = [google_project_service.this]
}

resource "google_logging_metric" "count" {
  for_each    = local.counters
  project     = var.project_id
  name        = "${local.metric_prefix}_${each.key}"
  description = each.value.description
  filter      = "${each.value.logs} AND (jsonPayload.event=\"${each.value.event}\" OR jsonPayload.message=\"${each.value.event}\")"

  label_extractors = {
    for label, field in each.value.labels : label => "EXTRACT(jsonPayload.${field})"
  }

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
    dynamic "labels" {
      for_each = each.value.labels
      content {
        key        = labels.key
        value_type = "STRING"
      }
    }
  }

  depends_on = [google_project_service.this]
}

resource "google_logging_metric" "timing" {
  for_each        = local.timings
  project         = var.project_id
  name            = "${local.metric_prefix}_${each.key}"
  description     = each.value.description
  filter          = "${local._worker_logs} AND (jsonPayload.event=\"${each.value.event}\" OR jsonPayload.message=\"${each.value.event}\") AND jsonPayload.${each.value.field}>0"
  value_extractor = "EXTRACT(jsonPayload.${each.value.field})"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
    unit        = "s"
  }

  # 50 ms to 17 s; a step of 16 % is finer than a caller's ear.
  bucket_options {
    exponential_buckets {
      growth_factor      = 1.16
      num_finite_buckets = 40
      scale              = 0.05
    }
  }

  depends_on = [google_project_service.this]
}
