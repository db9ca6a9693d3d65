# The workers: their identity, and one Cloud Run worker pool per release (those on GKE: gke/).
#
# Cloud Run kills an instance 10 s after SIGTERM, whatever it is doing. A pool that is changed in place therefore cuts
# its calls. So a release gets a pool and a dispatch name of its own; new calls are switched over (active_release); and
# the old pool goes when its last call is over. Changing or removing a pool that runs is refused unless one asks for it.
#
# Google restarts single instances for its own reasons. Then the calls are handed to another instance of the release,
# in the middle of the conversation: that needs two of them, which is the default.

locals {
  run_releases = { for k, r in var.releases : k => r if r.platform == "cloud_run" }
  gke_releases = { for k, r in var.releases : k => r if r.platform == "gke" }

  # What keeping calls adds to a release. One that was running before has keeps_records = false, and is left as it is.
  keeping_environment = merge(
    var.records == null ? {} : {
      WORKER_RECORDS_READER = local.records_users.console
      WORKER_RECORDS_URL    = local.records_urls.worker
    },
    var.recordings == null ? {} : { WORKER_RECORDINGS_URL = local.recordings_url },
  )

  # What the module sets wins over worker_environment, and a release's own settings over both maps' common part.
  release_environment = {
    for k, r in var.releases : k => merge(
      var.worker_environment,
      r.environment,
      r.max_calls == null ? {} : { WORKER_MAX_CALLS = tostring(r.max_calls) },
      r.keeps_records ? local.keeping_environment : {},
      {
        AGENT_NAME                 = local.dispatch_names[k]
        NUM_CPUS                   = tostring(r.cpu) # livekit-agents would count the host's
        WORKER_DRAIN_SECONDS       = tostring(local.drain_seconds[k])
        WORKER_HANDOVER_AGENT_NAME = local.dispatch_names[k] # a stopping instance's calls go to another of its release
        WORKER_HEALTH_HOST         = "0.0.0.0"               # the probes come from outside the container
        WORKER_HEALTH_PORT         = "8081"
      },
      local._traced[k] ? { OTEL_EXPORTER_OTLP_ENDPOINT = "http://127.0.0.1:4318" } : {},
      # The autoscaler reads the calls in progress from the worker itself (gke/scaling.tf), and so does Cloud Monitoring.
      r.platform == "cloud_run" ? {} : {
        OTEL_METRICS_EXPORTER = length(setintersection(
          ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"],
          keys(merge(var.worker_environment, r.environment)),
        )) == 0 ? "prometheus" : "otlp,prometheus"
      },
    )
  }

  # Cloud Run gives 10 s; the rest of them is for goodbyes. GKE waits for the longest call, and a minute for its end.
  drain_seconds = {
    for k, r in var.releases : k => r.platform == "cloud_run" ? 8 : 60 + try(ceil(tonumber(
      lookup(merge(var.worker_environment, r.environment), "WORKER_MAX_CALL_SECONDS", "1800")
    )), 1800)
  }

  # Only with a database there is a second container, and a way to it.
  _with_proxy = { for k, r in local.run_releases : k => var.records != null && r.keeps_records }
  release_secret_versions = {
    for k, r in var.releases : k => {
      for s in local.worker_secrets : s => tostring(lookup(r.secret_versions, s, local.secret_versions[s]))
    }
  }
  # Whatever would restart the pool's instances. The number of instances would not.
  release_fingerprint = {
    for k, r in local.run_releases : k => sha256(jsonencode(merge(
      {
        cpu         = r.cpu
        environment = local.release_environment[k]
        image       = r.image
        memory_gib  = r.memory_gib
        secrets     = local.release_secret_versions[k]
      },
      # Absent where there is none, so that a release from before there could be one is still the same.
      local._with_proxy[k] ? { proxy = [var.records.proxy_image, local.records_proxy_arguments] } : {},
      local._traced[k] ? { collector = [var.telemetry.collector_image, local.collector_arguments, local.collector_environment[k]] } : {},
    )))
  }
}

resource "google_service_account" "worker" {
  project      = var.project_id
  account_id   = "${var.name}-worker"
  display_name = "Runs the workers; reads the LiveKit and provider secrets."
  depends_on   = [google_project_service.this]
}

# Remembers what a release looked like when it started.
resource "terraform_data" "release" {
  for_each         = local.run_releases
  input            = local.release_fingerprint[each.key]
  triggers_replace = each.value.update_in_place ? local.release_fingerprint[each.key] : null

  lifecycle {
    ignore_changes = [input]
  }
}

resource "google_cloud_run_v2_worker_pool" "worker" {
  for_each    = local.run_releases
  project     = var.project_id
  location    = var.region
  name        = "${var.name}-worker-${each.key}"
  description = "Release ${each.key}; dispatched as ${local.dispatch_names[each.key]}."
  labels      = { release = each.key }
  # Taking a release out of `releases` while it has calls would cut them: it has to be said first, in an apply of its own.
  deletion_protection = var.protect_calls && !each.value.retired

  scaling {
    manual_instance_count = each.value.instances
  }

  template {
    service_account = google_service_account.worker.email

    # Calls' sound goes straight to the internet, as without: only what is private goes through the network.
    dynamic "vpc_access" {
      for_each = local._with_proxy[each.key] ? [1] : []
      content {
        egress = "PRIVATE_RANGES_ONLY"
        network_interfaces {
          network    = google_compute_network.this[0].name
          subnetwork = google_compute_subnetwork.this[0].name
        }
      }
    }

    containers {
      name       = "worker"
      image      = each.value.image
      depends_on = local._with_proxy[each.key] ? ["cloud-sql-proxy"] : null

      resources {
        limits = {
          cpu    = tostring(each.value.cpu)
          memory = "${each.value.memory_gib}Gi"
        }
      }

      dynamic "env" {
        for_each = local.release_environment[each.key]
        content {
          name  = env.key
          value = env.value
        }
      }

      dynamic "env" {
        for_each = local.release_secret_versions[each.key]
        content {
          name = env.key
          value_source {
            secret_key_ref {
              secret  = google_secret_manager_secret.this[env.key].secret_id
              version = env.value
            }
          }
        }
      }

      # Registered with LiveKit within two minutes, or the release does not count as started.
      startup_probe {
        period_seconds    = 5
        timeout_seconds   = 3
        failure_threshold = 24
        http_get {
          path = "/"
          port = 8081
        }
      }

      # A restart ends calls: only for a worker that has been dead for a minute and a half.
      liveness_probe {
        period_seconds    = 15
        timeout_seconds   = 5
        failure_threshold = 6
        http_get {
          path = "/live"
          port = 8081
        }
      }
    }

    dynamic "containers" {
      for_each = local._with_proxy[each.key] ? [1] : []
      content {
        name  = "cloud-sql-proxy"
        image = var.records.proxy_image
        args  = local.records_proxy_arguments

        resources {
          limits = {
            cpu    = "500m"
            memory = "256Mi"
          }
        }

        # It listens, whether the database answers or not: a database that is away keeps no worker from its calls.
        startup_probe {
          period_seconds    = 2
          timeout_seconds   = 2
          failure_threshold = 30
          http_get {
            path = "/startup"
            port = 9801
          }
        }
      }
    }

    dynamic "containers" {
      for_each = local._traced[each.key] ? [1] : []
      content {
        name  = "collector"
        image = var.telemetry.collector_image
        args  = local.collector_arguments

        resources {
          limits = {
            cpu    = "500m"
            memory = local.collector_memory
          }
        }

        dynamic "env" {
          for_each = local.collector_environment[each.key]
          content {
            name  = env.key
            value = env.value
          }
        }

        # A release whose collector does not start is found out before it has calls. Not a liveness probe: Cloud Run
        # would end the whole instance, and its calls, for want of traces.
        startup_probe {
          period_seconds    = 2
          timeout_seconds   = 2
          failure_threshold = 30
          http_get {
            path = "/"
            port = 13133
          }
        }
      }
    }
  }

  lifecycle {
    precondition {
      condition     = each.value.update_in_place || terraform_data.release[each.key].output == local.release_fingerprint[each.key]
      error_message = <<-EOT
        Release ${each.key} is running, and this would change its image, size, environment or secret versions: its
        instances would be replaced in place and their calls cut after 10 seconds. Leave ${each.key} as it is (pin its old
        numbers with secret_versions, its old settings with environment, with keeps_records = false a release from before
        records or recordings, with traced = false one from before telemetry) and add a release beside it; see "A new release" in infra/README.md. If cut calls are acceptable, set update_in_place = true on it.
      EOT
    }
  }

  depends_on = [
    google_project_iam_member.records,
    google_project_iam_member.telemetry,
    google_secret_manager_secret_iam_member.worker,
    google_secret_manager_secret_version.this,
    google_sql_user.records,
    google_storage_bucket_iam_member.recordings_worker,
  ]
}
