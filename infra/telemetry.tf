# Optional: traces and metrics in Google's Cloud Trace and Cloud Monitoring (docs/traces.md). The worker and the function
# speak OTLP; Google wants a fresh access token with every request. Beside each worker Google's own build of the
# OpenTelemetry collector asks for it, as the worker's service account; nobody else can reach it. Nothing can stand beside
# a function, so that one signs its few spans itself (functions/token/join_token/google_token.py).
#
# No call waits for a collector: the worker starts beside it, keeps what it does not take, and drops the oldest.

locals {
  _traced = { for k, r in var.releases : k => var.telemetry != null && r.traced }

  # Its configuration holds no secret, so it is an environment variable of the container: what an instance runs is what
  # the plan shows, and a release keeps its own.
  collector_arguments = ["--config=env:COLLECTOR_CONFIG"]
  collector_memory    = "512Mi"
  collector_environment = {
    for k, r in var.releases : k => {
      COLLECTOR_CONFIG = yamlencode(local._collector_config[k])
      GOMEMLIMIT       = "400MiB"
    }
  }

  _collector_config = {
    for k, r in var.releases : k => {
      receivers = {
        otlp = { protocols = { http = { endpoint = "127.0.0.1:4318" } } }
      }
      processors = {
        memory_limiter = { check_interval = "1s", limit_mib = 400, spike_limit_mib = 80 }
        # Written here and not detected: Google's detector knows no worker pools. Which instance it is, the worker says.
        resource = {
          attributes = [
            for name, value in merge(
              {
                "cloud.provider"    = "gcp"
                "cloud.region"      = var.region
                "gcp.project_id"    = var.project_id # Cloud Trace refuses what comes without
                "service.namespace" = var.name
                "service.version"   = k
              },
              # Google's Prometheus files a metric under these; on GKE they are the cluster's, and it collects itself.
              r.platform == "gke" ? {} : { cluster = "__run__", namespace = var.name },
            ) : { key = name, value = value, action = "upsert" }
          ]
        }
        batch = { send_batch_max_size = 200, send_batch_size = 200, timeout = "5s" }
      }
      exporters = merge(
        {
          otlphttp = {
            endpoint = "https://telemetry.googleapis.com"
            auth     = { authenticator = "googleclientauth" }
          }
        },
        r.platform == "gke" ? {} : { googlemanagedprometheus = { project = var.project_id } },
      )
      extensions = {
        googleclientauth = {}
        health_check     = { endpoint = "0.0.0.0:13133" } # probes come from outside the container
      }
      service = {
        extensions = ["health_check", "googleclientauth"]
        pipelines = merge(
          { traces = local._collector_pipeline["otlphttp"] },
          # The same names by either way (vaani_voice_to_voice_seconds). On GKE Google's Prometheus reads GET /metrics.
          r.platform == "gke" ? {} : { metrics = local._collector_pipeline["googlemanagedprometheus"] },
        )
        telemetry = {
          logs    = { level = "warn", encoding = "json" }
          metrics = { level = "none" }
        }
      }
    }
  }
  # The limiter first: what is refused there, the worker keeps and sends again.
  _collector_pipeline = {
    for exporter in ["otlphttp", "googlemanagedprometheus"] : exporter => {
      receivers  = ["otlp"]
      processors = ["memory_limiter", "resource", "batch"]
      exporters  = [exporter]
    }
  }

  # Nothing of Google's takes telemetry for less than a whole project, and no condition narrows it: these roles let add
  # spans and points to it, and read none of them, nor anything else.
  _telemetry_grants = merge(
    { "token roles/telemetry.tracesWriter" = { member = google_service_account.token.member, role = "roles/telemetry.tracesWriter" } },
    {
      for role in ["roles/monitoring.metricWriter", "roles/telemetry.tracesWriter"] :
      "worker ${role}" => { member = google_service_account.worker.member, role = role }
    },
  )
}

resource "google_project_iam_member" "telemetry" {
  for_each = var.telemetry == null ? {} : local._telemetry_grants
  project  = var.project_id
  role     = each.value.role
  member   = each.value.member
}
