# The token function: source, identities, grants, the function, who may call it.
# It exists once there is a release to send callers to (active_release).

locals {
  token_count      = var.active_release == null ? 0 : 1
  token_source_zip = coalesce(var.token_source_zip, "${path.module}/../build/token.zip")

  # The name that clients ask for stays; the name that is dispatched follows the active release.
  dispatch_names = { for k in keys(var.releases) : k => "${var.public_agent_name}-${k}" }

  _token_auth = {
    oidc = {
      TOKEN_OIDC_AUDIENCE = coalesce(var.token_auth.oidc_audience, var.project_id)
      TOKEN_OIDC_ISSUER   = coalesce(var.token_auth.oidc_issuer, "https://securetoken.google.com/${var.project_id}")
      TOKEN_OIDC_JWKS_URL = coalesce(
        var.token_auth.oidc_jwks_url,
        "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
      )
    }
    hmac = {}
    none = {}
  }

  token_environment = merge(
    var.token_environment,
    local._token_auth[var.token_auth.mode],
    var.telemetry == null ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT = "https://telemetry.googleapis.com" },
    length(var.token_allowed_origins) == 0 ? {} : { TOKEN_ALLOWED_ORIGINS = join(",", var.token_allowed_origins) },
    {
      AGENT_NAME               = var.active_release == null ? "" : lookup(local.dispatch_names, var.active_release, "")
      GOOGLE_CLOUD_PROJECT     = var.project_id # joins log lines to traces, and names the traces' owner
      TOKEN_AUTH               = var.token_auth.mode
      TOKEN_PUBLIC_AGENT_NAME  = var.public_agent_name
      TOKEN_TRUSTED_PROXY_HOPS = var.cloud_armor == null ? "1" : "2" # Google's front end; the load balancer's address as well
    },
  )
}

resource "google_service_account" "token" {
  project      = var.project_id
  account_id   = "${var.name}-token"
  display_name = "Runs the token function; reads the LiveKit secrets."
  depends_on   = [google_project_service.this]
}

resource "google_service_account" "token_build" {
  project      = var.project_id
  account_id   = "${var.name}-token-build"
  display_name = "Builds the token function; reads no secret."
  depends_on   = [google_project_service.this]
}

resource "google_project_iam_member" "token_build_logs" {
  project = var.project_id
  role    = "roles/logging.logWriter"
  member  = google_service_account.token_build.member
}

# Cloud Functions copies the source to a bucket of its own before it builds: both are readable, no other bucket is.
resource "google_project_iam_member" "token_build_source" {
  project = var.project_id
  role    = "roles/storage.objectViewer"
  member  = google_service_account.token_build.member

  condition {
    title = "${var.name}-function-source-only"
    expression = join(" || ", [
      "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-\")",
      "resource.name.startsWith(\"projects/_/buckets/${google_storage_bucket.token_source.name}\")",
    ])
  }
}

resource "google_artifact_registry_repository_iam_member" "token_build" {
  project    = var.project_id
  location   = var.region
  repository = google_artifact_registry_repository.this["functions"].repository_id
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.token_build.member
}

resource "google_storage_bucket" "token_source" {
  project                     = var.project_id
  name                        = "${var.project_id}-${var.name}-token-source"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true # holds nothing that `make token-zip` cannot make again
  depends_on                  = [google_project_service.this]
}

# The name carries the archive's hash: a change redeploys the function, no change does not.
resource "google_storage_bucket_object" "token_source" {
  count        = local.token_count
  bucket       = google_storage_bucket.token_source.name
  name         = fileexists(local.token_source_zip) ? "token-${filesha256(local.token_source_zip)}.zip" : "token-missing.zip"
  source       = local.token_source_zip
  content_type = "application/zip"

  lifecycle {
    create_before_destroy = true
    precondition {
      condition     = fileexists(local.token_source_zip)
      error_message = "There is no ${local.token_source_zip}: run `make token-zip` first, or set token_source_zip."
    }
  }
}

resource "google_cloudfunctions2_function" "token" {
  count       = local.token_count
  project     = var.project_id
  location    = var.region
  name        = "${var.name}-token"
  description = "Mints LiveKit join tokens for verified callers and dispatches ${var.public_agent_name}."

  build_config {
    runtime           = var.token_function.runtime
    entry_point       = "token"
    service_account   = google_service_account.token_build.id
    docker_repository = google_artifact_registry_repository.this["functions"].id
    source {
      storage_source {
        bucket = google_storage_bucket.token_source.name
        object = google_storage_bucket_object.token_source[0].name
      }
    }
  }

  service_config {
    available_cpu                    = tostring(var.token_function.cpu)
    available_memory                 = "${var.token_function.memory_mib}Mi"
    max_instance_count               = var.token_function.max_instances
    max_instance_request_concurrency = var.token_function.concurrency
    min_instance_count               = var.token_function.min_instances
    timeout_seconds                  = var.token_function.timeout_seconds
    ingress_settings                 = var.cloud_armor == null ? var.token_function.ingress : "ALLOW_INTERNAL_AND_GCLB"
    all_traffic_on_latest_revision   = true
    service_account_email            = google_service_account.token.email
    environment_variables            = local.token_environment

    dynamic "secret_environment_variables" {
      for_each = local.token_secret_names
      iterator = each
      content {
        key        = each.key
        project_id = var.project_id
        secret     = google_secret_manager_secret.this[each.value].secret_id
        version    = local.secret_versions[each.value]
      }
    }
  }

  # The build reads and writes, and the first instance reads its secrets, while this is created.
  depends_on = [
    google_artifact_registry_repository_iam_member.token_build,
    google_project_iam_member.telemetry,
    google_project_iam_member.token_build_logs,
    google_project_iam_member.token_build_source,
    google_secret_manager_secret_iam_member.token,
    google_secret_manager_secret_version.this,
    # A release is up before callers are sent to it.
    google_cloud_run_v2_worker_pool.worker,
  ]
}

# Access is granted on the Cloud Run service below the function, which has its name.
resource "google_cloud_run_v2_service_iam_member" "token_public" {
  count    = var.allow_unauthenticated && !var.disable_invoker_check ? local.token_count : 0
  project  = var.project_id
  location = var.region
  name     = google_cloudfunctions2_function.token[0].name
  role     = "roles/run.invoker"
  member   = "allUsers"

  lifecycle {
    # A function made anew has a new service, without this grant.
    replace_triggered_by = [google_cloudfunctions2_function.token[0].id]
  }
}

# For organisations that refuse allUsers. The resource of a function has no such switch, and a second resource for the
# service below it would fight with this one; so it is gcloud's, again after every deploy of the function.
resource "terraform_data" "token_invoker_check_off" {
  count = var.disable_invoker_check ? local.token_count : 0
  triggers_replace = [
    google_cloudfunctions2_function.token[0].id,
    google_storage_bucket_object.token_source[0].name,
    sha256(jsonencode([var.token_function, local.token_environment, local.secret_versions])),
  ]

  provisioner "local-exec" {
    command = join(" ", [
      "gcloud run services update ${google_cloudfunctions2_function.token[0].name}",
      "--project=${var.project_id} --region=${var.region} --no-invoker-iam-check --quiet",
    ])
  }
}

resource "google_cloud_run_v2_service_iam_member" "token_invoker" {
  for_each = local.token_count == 0 ? toset([]) : var.token_invokers
  project  = var.project_id
  location = var.region
  name     = google_cloudfunctions2_function.token[0].name
  role     = "roles/run.invoker"
  member   = each.value

  lifecycle {
    replace_triggered_by = [google_cloudfunctions2_function.token[0].id]
  }
}
