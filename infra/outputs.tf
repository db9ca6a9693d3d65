# What people and scripts need after an apply; nothing secret.

output "active_release" {
  description = "The release that new calls go to."
  value       = var.active_release
}

output "ci" {
  description = "What the CI workflow needs to authenticate; null without ci."
  value = var.ci == null ? null : {
    service_account            = google_service_account.ci[0].email
    workload_identity_provider = google_iam_workload_identity_pool_provider.github[0].name
  }
}

output "console_url" {
  description = "Where the console is; null without console."
  value       = var.console == null ? null : "https://${local.console_host}"
}

output "gke" {
  description = "What infra/gke needs to know of all this, to be written to infra/gke/foundation.auto.tfvars.json; null without a release on gke."
  value = length(local.gke_releases) == 0 ? null : {
    database = var.records == null ? null : {
      arguments = local.records_proxy_arguments
      image     = var.records.proxy_image
    }
    name                   = var.name
    network                = google_compute_network.this[0].name
    project_id             = var.project_id
    project_number         = tostring(local.project_number)
    region                 = var.region
    repository             = google_artifact_registry_repository.this["worker"].repository_id
    secrets                = { for s in local.worker_secrets : s => google_secret_manager_secret.this[s].secret_id }
    subnetwork             = google_compute_subnetwork.this[0].name
    worker_service_account = google_service_account.worker.email
    releases = {
      for k, r in local.gke_releases : k => {
        collector = !local._traced[k] ? null : {
          arguments   = local.collector_arguments
          environment = local.collector_environment[k]
          image       = var.telemetry.collector_image
          memory      = local.collector_memory
        }
        cpu             = r.cpu
        drain_seconds   = local.drain_seconds[k]
        environment     = local.release_environment[k]
        image           = r.image
        instances       = r.instances
        instances_most  = r.instances_most
        keeps_records   = r.keeps_records
        max_calls       = r.max_calls
        memory_gib      = r.memory_gib
        secret_versions = local.release_secret_versions[k]
      }
    }
  }
}

output "image_repository" {
  description = "Where worker images are pushed."
  value       = "${var.region}-docker.pkg.dev/${var.project_id}/${google_artifact_registry_repository.this["worker"].repository_id}"
}

output "load_balancer_address" {
  description = "Point the domain's A record here; null without cloud_armor."
  value       = one(google_compute_global_address.token[*].address)
}

output "pool_uids" {
  description = "Google's own id of each release's pool: it changes only if a pool was made anew, which would have cut its calls."
  value       = { for k, p in google_cloud_run_v2_worker_pool.worker : k => p.uid }
}

output "recordings_url" {
  description = "Where calls' sound is kept; null without recordings."
  value       = var.recordings == null ? null : local.recordings_url
}

output "records_grants" {
  description = "SQL that an administrator runs once, before the first release that keeps records; null without records."
  value       = var.records == null ? null : local.records_grants
}

output "releases" {
  description = "Each release's dispatch name, platform and instances; scripts/release_status.py reads it."
  value = {
    for k, r in var.releases : k => {
      active        = k == var.active_release
      dispatch_name = local.dispatch_names[k]
      instances     = r.instances
      platform      = r.platform
      pool          = try(google_cloud_run_v2_worker_pool.worker[k].name, null)
    }
  }
}

output "secret_ids" {
  description = "The Secret Manager secret behind each environment variable."
  value       = { for k, s in google_secret_manager_secret.this : k => s.secret_id }
}

output "token_url" {
  description = "Where clients ask for a token; null before the first release."
  value = (
    local.token_count == 0 ? null :
    var.cloud_armor == null ? google_cloudfunctions2_function.token[0].service_config[0].uri :
    "https://${var.cloud_armor.domain}"
  )
}
