# Optional: the console (docs/console.md) on Cloud Run, behind Identity-Aware Proxy. The proxy asks everybody for their
# Google account and lets in those named; the console itself checks the proxy's assertion once more, and decides who may
# read words. It runs only while somebody looks.

locals {
  console_count = var.console == null ? 0 : 1

  # The address that goes with the project's number; the proxy is opened for this one alone.
  console_host = "${var.name}-console-${local.project_number}.${var.region}.run.app"
  console_environment = merge(
    {
      CONSOLE_IAP_AUDIENCE = "/projects/${local.project_number}/locations/${var.region}/services/${var.name}-console"
      CONSOLE_RECORDS_URL  = local.records_urls.console
    },
    length(try(var.console.words_for, [])) == 0 ? {} : { CONSOLE_WORDS_FOR = join(",", var.console.words_for) },
    var.recordings == null ? {} : { CONSOLE_RECORDINGS_URL = local.recordings_url },
  )
}

resource "google_cloud_run_v2_service" "console" {
  count               = local.console_count
  project             = var.project_id
  location            = var.region
  name                = "${var.name}-console"
  description         = "Looks at calls; behind Identity-Aware Proxy."
  deletion_protection = false # holds nothing
  iap_enabled         = true
  ingress             = "INGRESS_TRAFFIC_ALL" # everybody may knock; the proxy opens

  scaling {
    min_instance_count = 0
    max_instance_count = 1 # the day's counts and the list of live calls are in its memory
  }

  template {
    service_account                  = google_service_account.console[0].email
    max_instance_request_concurrency = 80
    timeout                          = "3600s" # the list of live calls is one long answer

    vpc_access {
      egress = "PRIVATE_RANGES_ONLY"
      network_interfaces {
        network    = google_compute_network.this[0].name
        subnetwork = google_compute_subnetwork.this[0].name
      }
    }

    containers {
      name       = "console"
      image      = var.console.image
      depends_on = ["cloud-sql-proxy"]

      ports {
        container_port = 8080
      }

      resources {
        cpu_idle          = true
        startup_cpu_boost = true
        limits = {
          cpu    = "1"
          memory = "1Gi"
        }
      }

      dynamic "env" {
        for_each = local.console_environment
        content {
          name  = env.key
          value = env.value
        }
      }

      dynamic "env" {
        for_each = local.console_secrets
        content {
          name = env.value
          value_source {
            secret_key_ref {
              secret  = google_secret_manager_secret.this[env.value].secret_id
              version = local.secret_versions[env.value]
            }
          }
        }
      }

      startup_probe {
        period_seconds    = 3
        timeout_seconds   = 3
        failure_threshold = 20
        http_get {
          path = "/health"
          port = 8080
        }
      }

      liveness_probe {
        period_seconds    = 30
        timeout_seconds   = 5
        failure_threshold = 3
        http_get {
          path = "/health"
          port = 8080
        }
      }
    }

    containers {
      name  = "cloud-sql-proxy"
      image = var.records.proxy_image
      args  = local.records_proxy_arguments

      resources {
        cpu_idle = true
        limits = {
          cpu    = "500m"
          memory = "256Mi"
        }
      }

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

  depends_on = [
    google_project_iam_member.records,
    google_secret_manager_secret_iam_member.console,
    google_secret_manager_secret_version.this,
    google_sql_user.records,
  ]
}

# Nobody but the proxy reaches the service behind it.
resource "google_cloud_run_v2_service_iam_member" "console" {
  count    = local.console_count
  project  = var.project_id
  location = var.region
  name     = google_cloud_run_v2_service.console[0].name
  role     = "roles/run.invoker"
  member   = "serviceAccount:service-${local.project_number}@gcp-sa-iap.iam.gserviceaccount.com"
}

# Who may come in. The role is the project's, so the condition keeps it to this one service.
resource "google_project_iam_member" "console_viewer" {
  for_each = var.console == null ? toset([]) : var.console.viewers
  project  = var.project_id
  role     = "roles/iap.httpsResourceAccessor"
  member   = each.value

  condition {
    title      = "${var.name}-console-only"
    expression = "request.host == \"${local.console_host}\""
  }
}

resource "google_secret_manager_secret_iam_member" "console" {
  for_each  = local.console_secrets
  project   = var.project_id
  secret_id = google_secret_manager_secret.this[each.key].secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.console[0].member
}
