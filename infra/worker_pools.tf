# The workers: their identity, and one Cloud Run worker pool per release.
#
# Cloud Run kills an instance 10 s after SIGTERM, whatever it is doing. A pool that is changed in place therefore cuts
# its calls. So a release gets a pool and a dispatch name of its own; new calls are switched over (active_release); and
# the old pool goes when its last call is over. Changing or removing a pool that runs is refused unless one asks for it.
#
# Google restarts single instances for its own reasons. Then the calls are handed to another instance of the release,
# in the middle of the conversation: that needs two of them, which is the default.

locals {
  # What the module sets wins over worker_environment, and a release's own settings over both maps' common part.
  release_environment = {
    for k, r in var.releases : k => merge(
      var.worker_environment,
      r.environment,
      r.max_calls == null ? {} : { WORKER_MAX_CALLS = tostring(r.max_calls) },
      {
        AGENT_NAME                 = local.dispatch_names[k]
        NUM_CPUS                   = tostring(r.cpu)         # livekit-agents would count the host's
        WORKER_DRAIN_SECONDS       = "8"                     # of the 10 there are; the rest is for goodbyes
        WORKER_HANDOVER_AGENT_NAME = local.dispatch_names[k] # a stopping instance's calls go to another of its release
        WORKER_HEALTH_HOST         = "0.0.0.0"               # the probes come from outside the container
        WORKER_HEALTH_PORT         = "8081"
      },
    )
  }
  release_secret_versions = {
    for k, r in var.releases : k => {
      for s in local.worker_secrets : s => tostring(lookup(r.secret_versions, s, local.secret_versions[s]))
    }
  }
  # Whatever would restart the pool's instances. The number of instances would not.
  release_fingerprint = {
    for k, r in var.releases : k => sha256(jsonencode({
      cpu         = r.cpu
      environment = local.release_environment[k]
      image       = r.image
      memory_gib  = r.memory_gib
      secrets     = local.release_secret_versions[k]
    }))
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
  for_each         = var.releases
  input            = local.release_fingerprint[each.key]
  triggers_replace = each.value.update_in_place ? local.release_fingerprint[each.key] : null

  lifecycle {
    ignore_changes = [input]
  }
}

resource "google_cloud_run_v2_worker_pool" "worker" {
  for_each    = var.releases
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

    containers {
      name  = "worker"
      image = each.value.image

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
  }

  lifecycle {
    precondition {
      condition     = each.value.update_in_place || terraform_data.release[each.key].output == local.release_fingerprint[each.key]
      error_message = <<-EOT
        Release ${each.key} is running, and this would change its image, size, environment or secret versions: its
        instances would be replaced in place and their calls cut after 10 seconds. Leave ${each.key} as it is (pin its old
        numbers with secret_versions, its old settings with environment) and add a release beside it; see "A new
        release" in infra/README.md. If cut calls are acceptable, set update_in_place = true on it.
      EOT
    }
  }

  depends_on = [
    google_secret_manager_secret_iam_member.worker,
    google_secret_manager_secret_version.this,
  ]
}
