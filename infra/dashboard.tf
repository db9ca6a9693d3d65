# The dashboard: what callers notice on top, what explains it below.

locals {
  _dashboard_tiles = [
    {
      title = "Calls started and failed, per minute"
      unit  = "1/min"
      lines = {
        failed    = "60 * sum(rate(${local._log.call_failures}${local._by_worker}[5m]))"
        not_begun = "60 * sum(rate(${local._log.calls_not_begun}${local._by_worker}[5m]))"
        refused   = "60 * sum(rate(${local._log.calls_refused}${local._by_worker}[5m]))"
        started   = "60 * sum(rate(${local._log.calls_started}${local._by_worker}[5m]))"
      }
    },
    {
      title = "Voice to voice"
      unit  = "s"
      lines = {
        p50 = "histogram_quantile(0.50, sum by (le) (rate(${local._log.voice_to_voice_seconds}_bucket${local._by_worker}[5m])))"
        p95 = "histogram_quantile(0.95, sum by (le) (rate(${local._log.voice_to_voice_seconds}_bucket${local._by_worker}[5m])))"
      }
    },
    {
      title = "Lines taken, of all there are"
      unit  = "%"
      lines = {
        load = local._lines_taken_percent
      }
    },
    {
      title = "Rupees in the last hour"
      unit  = "1"
      lines = {
        rupees = local._rupees_in_an_hour
      }
    },
    {
      title = "Greeting"
      unit  = "s"
      lines = {
        p50 = "histogram_quantile(0.50, sum by (le) (rate(${local._log.greeting_seconds}_bucket${local._by_worker}[5m])))"
        p95 = "histogram_quantile(0.95, sum by (le) (rate(${local._log.greeting_seconds}_bucket${local._by_worker}[5m])))"
      }
    },
    {
      title = "Provider faults per minute, by provider"
      unit  = "1/min"
      lines = {
        faults    = "60 * sum by (provider, kind) (rate(${local._log.provider_faults}${local._by_worker}[5m]))"
        apologies = "60 * sum(rate(${local._log.apologies}${local._by_worker}[5m]))"
      }
    },
    {
      title = "Token requests per minute, by outcome code"
      unit  = "1/min"
      lines = {
        outcomes = "60 * sum by (code) (rate(${local._log.token_requests}{monitored_resource=\"cloud_run_revision\"}[5m]))"
      }
    },
    {
      title = "Token function latency"
      unit  = "ms"
      lines = {
        p50 = "histogram_quantile(0.50, sum by (le) (rate(run_googleapis_com:request_latencies_bucket{monitored_resource=\"cloud_run_revision\",service_name=\"${var.name}-token\"}[5m])))"
        p99 = "histogram_quantile(0.99, sum by (le) (rate(run_googleapis_com:request_latencies_bucket{monitored_resource=\"cloud_run_revision\",service_name=\"${var.name}-token\"}[5m])))"
      }
    },
    {
      title = "Worker instances, by release"
      unit  = "1"
      lines = {
        instances = local._on_gke ? "count(${local._instances}})" : "sum by (worker_pool_name) (${local._instances},worker_pool_name=~\"${var.name}-worker-.*\"})"
      }
    },
    {
      title = "Worker CPU, by release (0.7: no new calls)"
      unit  = "1"
      lines = {
        p95 = "histogram_quantile(0.95, sum by (le, worker_pool_name) (rate(run_googleapis_com:container_cpu_utilizations_bucket{monitored_resource=\"cloud_run_worker_pool\",worker_pool_name=~\"${var.name}-worker-.*\"}[5m])))"
      }
    },
    {
      title = "Worker memory, by release"
      unit  = "1"
      lines = {
        p95 = "histogram_quantile(0.95, sum by (le, worker_pool_name) (rate(run_googleapis_com:container_memory_utilizations_bucket{monitored_resource=\"cloud_run_worker_pool\",worker_pool_name=~\"${var.name}-worker-.*\"}[5m])))"
      }
    },
    {
      title = "Registrations with LiveKit, and workers that gave up, in 10 minutes"
      unit  = "1"
      lines = {
        gave_up    = "sum(increase(${local._log.workers_gave_up}${local._by_worker}[10m]))"
        registered = "sum(increase(${local._log.workers_registered}${local._by_worker}[10m]))"
      }
    },
  ]
}

resource "google_monitoring_dashboard" "this" {
  project = var.project_id
  dashboard_json = jsonencode({
    displayName = "${var.name}: calls"
    mosaicLayout = {
      columns = 48
      tiles = [
        for i, tile in local._dashboard_tiles : {
          xPos   = (i % 2) * 24
          yPos   = floor(i / 2) * 16
          width  = 24
          height = 16
          widget = {
            title = tile.title
            xyChart = {
              yAxis = { label = tile.unit, scale = "LINEAR" }
              dataSets = [
                for name, query in tile.lines : {
                  plotType       = "LINE"
                  legendTemplate = length(tile.lines) == 1 ? null : name
                  timeSeriesQuery = {
                    prometheusQuery = query
                  }
                }
              ]
            }
          }
        }
      ]
    }
  })
  depends_on = [
    google_logging_metric.count,
    google_logging_metric.timing,
    google_project_service.this,
  ]
}
