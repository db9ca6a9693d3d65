# Who is told, and about what. Every alert says what the caller notices and what to look at first.

locals {
  notification_channels = concat(
    [for c in google_monitoring_notification_channel.email : c.name],
    tolist(var.monitoring.notification_channels),
  )

  # PromQL's names of the metrics.
  _token_requests = "run_googleapis_com:request_count{monitored_resource=\"cloud_run_revision\",service_name=\"${var.name}-token\"}"
  _instances      = local._on_gke ? "kubernetes_io:container_uptime{monitored_resource=\"k8s_container\",container_name=\"worker\",namespace_name=\"${var.name}\"" : "run_googleapis_com:container_instance_count{monitored_resource=\"cloud_run_worker_pool\""
  _log            = { for k in concat(keys(local.amounts), keys(local.counters), keys(local.timings)) : k => "logging_googleapis_com:user_${local.metric_prefix}_${k}" }
  _by_worker      = local._on_gke ? "{monitored_resource=\"k8s_container\"}" : "{monitored_resource=\"cloud_run_worker_pool\"}"
  _on_gke         = contains(keys(local.gke_releases), coalesce(var.active_release, "-"))

  # What an alert and a tile of the dashboard both look at.
  _lines_taken_percent = join(" / ", [
    for part in ["sum", "count"] : "sum(increase(${local._log.load_percent}_${part}${local._by_worker}[2m]))"
  ])
  _rupees_in_an_hour = "sum(increase(${local._log.rupees}_sum${local._by_worker}[1h]))"

  # The day on which the first of the secrets will have had its number for too long, as 20271122.
  _secret_due_days = {
    for k, t in terraform_data.secret_since :
    k => tonumber(formatdate("YYYYMMDD", timeadd(t.output, "${var.monitoring.secret_max_age_days * 24}h")))
  }
  _secrets_due_day = min(values(local._secret_due_days)...)

  alerts = merge(
    {
      call_failures = {
        name     = "calls fail"
        severity = "ERROR"
        hold     = "300s"
        query = join("", [
          "100 * sum(increase(${local._log.call_failures}${local._by_worker}[15m]))",
          " / sum(increase(${local._log.calls_started}${local._by_worker}[15m])) > ${var.monitoring.call_failures_percent}",
        ])
        text = "Callers heard an apology and their call ended. Look at `jsonPayload.message=\"call.failed\"` in the worker pools' logs; it names the cause."
      }
      capacity = {
        name     = "lines are running out"
        severity = "WARNING"
        hold     = "300s"
        query    = "${local._lines_taken_percent} > ${var.monitoring.capacity_percent}"
        text     = "More than ${var.monitoring.capacity_percent} % of all lines have been taken for 5 minutes; callers beyond the last line hear that all are busy. Raise `instances` of the active release (nothing restarts), or max_calls if CPU on the dashboard has room."
      }
      greeting = {
        name     = "the greeting is slow"
        severity = "WARNING"
        hold     = "600s"
        query    = "histogram_quantile(0.95, sum by (le) (rate(${local._log.greeting_seconds}_bucket${local._by_worker}[15m]))) > ${var.monitoring.greeting_p95_seconds}"
        text     = "Callers wait in silence after joining. Usual causes: too few instances for the calls (CPU on the dashboard), or slow speech synthesis."
      }
      latency = {
        name     = "answers are slow"
        severity = "WARNING"
        hold     = "600s"
        query    = "histogram_quantile(0.95, sum by (le) (rate(${local._log.voice_to_voice_seconds}_bucket${local._by_worker}[15m]))) > ${var.monitoring.voice_to_voice_p95_seconds}"
        text     = "One answer in twenty takes longer than callers bear. The `turn.finished` events name the stage: end of turn, model, or voice."
      }
      provider_faults = {
        name     = "a provider is failing"
        severity = "ERROR"
        hold     = "300s"
        query    = "60 * sum by (provider) (rate(${local._log.provider_faults}${local._by_worker}[5m])) > ${var.monitoring.provider_faults_per_minute}"
        text     = "The label names the provider: see its status page, then `jsonPayload.message=\"provider.fault\"` for kind and status. 401 or 403: the key was revoked or its balance is spent."
      }
      rupees = {
        name     = "calls cost more than planned"
        severity = "WARNING"
        hold     = "0s"
        query    = "${local._rupees_in_an_hour} > ${var.monitoring.rupees_per_hour}"
        text     = "Calls have cost more than Rs ${var.monitoring.rupees_per_hour} in an hour, as far as prices are known. More calls than usual, or longer ones? `turn.finished` has each turn's `rupees`. WORKER_RUPEES_PER_CALLER_DAY and WORKER_RUPEES_PER_DAY are limits that hold (docs/money.md)."
      }
      secret_age = {
        name     = "a secret is too old"
        severity = "WARNING"
        hold     = "0s"
        # Tied to a metric that is there whenever workers run: an alert needs one.
        query = "0 * max(${local._instances}}) + scalar(year() * 10000 + month() * 100 + day_of_month()) >= ${local._secrets_due_day}"
        text = join("\n", concat(
          ["A secret has had the same version for ${var.monitoring.secret_max_age_days} days. Rotate it (infra/README.md, \"Rotate a secret\"). Due, as year-month-day:"],
          [for k, day in local._secret_due_days : "* ${k}: ${day}"],
        ))
      }
      token_abuse = {
        name     = "tokens are minted far above the usual rate"
        severity = "WARNING"
        hold     = "300s"
        query    = "60 * sum(rate(${local._log.token_requests}{monitored_resource=\"cloud_run_revision\",code=\"token_minted\"}[5m])) > ${var.monitoring.tokens_per_minute}"
        text     = "Someone may be using up your minutes. The token function's logs carry a hash of each caller: find the busiest, shut it out at its identity provider or with cloud_armor."
      }
      token_errors = {
        name     = "the token function fails"
        severity = "CRITICAL"
        hold     = "300s"
        query = join("", [
          "100 * sum(rate(${replace(local._token_requests, "}", ",response_code_class=\"5xx\"}")}[5m]))",
          " / sum(rate(${local._token_requests}[5m])) > ${var.monitoring.token_errors_percent}",
        ])
        text = "Callers cannot start a call. Look at the function's error logs; after a deploy, switch active_release back or apply the last good state."
      }
    },
    var.active_release == null ? {} : {
      no_worker = {
        name     = "no worker for new calls"
        severity = "CRITICAL"
        hold     = "300s"
        query = join("", [
          local._on_gke
          ? "(count(${local._instances},pod_name=~\"${var.name}-worker-${var.active_release}-.*\"}) or vector(0))"
          : "(sum(${local._instances},worker_pool_name=\"${var.name}-worker-${var.active_release}\"}) or vector(0))",
          " < ${try(var.releases[var.active_release].instances, 1)}",
        ])
        text = "Fewer instances of release ${var.active_release} run than asked for: callers wait for an agent that does not come. Look at the pool's logs for a failing start (bad settings are all listed at once), or switch active_release back."
      }
    },
  )
}

# One such line is one caller who was lost or turned away, so it is told at once. These look at the lines themselves: a
# metric that counts them does not exist before the first, and a rate over it misses that one.
locals {
  log_alerts = {
    calls_refused = {
      name     = "callers are turned away"
      severity = "ERROR"
      events   = ["call.refused_busy"]
      where    = ""
      quiet    = "1800s"
      text     = "Callers heard that all lines are busy and could not be served. Raise `instances` of the active release (nothing restarts), or max_calls if CPU on the dashboard has room."
    }
    calls_not_begun = {
      name     = "tokens begin no call"
      severity = "WARNING"
      events   = ["call.refused"]
      where    = ""
      quiet    = "3600s"
      text     = "A token was used a second time or too late, or a caller has too many calls or too many seconds today (`reason`). One caller many times: look at them by the fingerprint in the token function's logs. Many callers: a client keeps its tokens, or a limit (WORKER_MAX_CALLS_PER_CALLER, WORKER_CALLER_SECONDS_PER_DAY) is too low."
    }
    calls_lost = {
      name     = "callers were cut off"
      severity = "CRITICAL"
      events   = ["call.lost"]
      where    = ""
      quiet    = "300s"
      text     = "A caller lost their agent and no other could be sent; `why` on the line says what stood in the way. Is any worker registered, and has it a free line?"
    }
    handover_failed = {
      name     = "a stopping instance found nobody for its calls"
      severity = "ERROR"
      events   = ["call.handover"]
      where    = " AND jsonPayload.outcome=\"nobody_came\""
      quiet    = "300s"
      text     = "An instance was stopped and its calls ended with an apology, because no other instance of its release took them. Give the release at least two instances, with lines to spare."
    }
    processes_died = {
      name     = "a call's process died"
      severity = "ERROR"
      events   = ["call.process_died"]
      where    = ""
      quiet    = "900s"
      text     = "A call's process ended by itself; `exit_code` -9 is usually memory. The caller is given a new agent (`call.rescued`) unless `call.lost` follows. Memory is on the dashboard."
    }
    records_dropped = {
      name     = "records of calls are incomplete"
      severity = "ERROR"
      events   = ["records.dropped"]
      where    = ""
      quiet    = "3600s"
      text     = "Something will be missing in calls' records; `why` on the line says what it was. A full spool: is the database away (`records.waiting`), or WORKER_RECORDS_SPOOL_MB too small for how long it was? No call was disturbed."
    }
    recording_incomplete = {
      name     = "a recording has a hole, or could not be erased"
      severity = "ERROR"
      events   = ["recording.incomplete"]
      where    = ""
      quiet    = "1800s"
      text     = "`why` on the line says which. A recording that a caller has taken back and that is still there names its folder: remove it. A hole: may the worker write to the bucket (WORKER_RECORDINGS_URL), and does it answer? The calls went on."
    }
    webhook_dead = {
      name     = "an outcome was never taken by its webhook"
      severity = "ERROR"
      events   = ["webhook.dead"]
      where    = ""
      quiet    = "3600s"
      text     = "A day of tries, or a 410, was its last; `why` says what the receiver answered. Mend the receiver, then send again what has died: `python -m records`, job vaani-records (docs/outcome.md)."
    }
    records_waiting = {
      name     = "the database of records is away"
      severity = "WARNING"
      events   = ["records.waiting"]
      where    = ""
      quiet    = "1800s"
      text     = "Records wait on the workers' disks, and are written when it is back (`records.written_again`). `why` and `do` on the line say what stands in the way. An instance that ends before takes what waits there along."
    }
    workers_gave_up = {
      name     = "workers lose LiveKit"
      severity = "CRITICAL"
      events   = ["worker.gave_up"]
      where    = ""
      quiet    = "300s"
      text     = "A worker could not register and ended; Cloud Run starts it again. If it repeats: is the LiveKit project up, and are LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET of one project?"
    }
  }
}

resource "google_monitoring_alert_policy" "event" {
  for_each              = local.log_alerts
  project               = var.project_id
  display_name          = "${var.name}: ${each.value.name}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = local.notification_channels

  conditions {
    display_name = each.value.name
    condition_matched_log {
      filter = join("", [
        "${local._worker_logs} AND (",
        join(" OR ", [for event in each.value.events : "jsonPayload.message=\"${event}\""]),
        ")${each.value.where}",
      ])
    }
  }

  documentation {
    content   = "${each.value.text}\n\nThe lines: ${join(", ", [for event in each.value.events : "`jsonPayload.message=\"${event}\"`"])} in the worker pools' logs."
    mime_type = "text/markdown"
    subject   = "${var.name}: ${each.value.name}"
  }

  alert_strategy {
    auto_close = "3600s"
    notification_rate_limit {
      period = each.value.quiet
    }
  }

  depends_on = [google_project_service.this]
}

resource "google_monitoring_notification_channel" "email" {
  for_each     = var.monitoring.emails
  project      = var.project_id
  display_name = "${var.name}: ${each.value}"
  type         = "email"
  labels       = { email_address = each.value }
  depends_on   = [google_project_service.this]
}

resource "google_monitoring_alert_policy" "this" {
  for_each              = local.alerts
  project               = var.project_id
  display_name          = "${var.name}: ${each.value.name}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = local.notification_channels

  conditions {
    display_name = each.value.name
    condition_prometheus_query_language {
      query               = each.value.query
      duration            = each.value.hold
      evaluation_interval = "60s"
      # The metrics that logs make do not exist before their first entry.
      disable_metric_validation = true
    }
  }

  documentation {
    content   = each.value.text
    mime_type = "text/markdown"
    subject   = "${var.name}: ${each.value.name}"
  }

  alert_strategy {
    auto_close = "3600s"
  }

  depends_on = [
    google_logging_metric.count,
    google_logging_metric.timing,
    google_project_service.this,
  ]
}
