# Optional: the database of records (docs/records.md). Cloud SQL for PostgreSQL with a private address only, TLS, and
# login by IAM: there is no password anywhere, so there is none in state.
#
# Whoever reads it does so through Google's own proxy beside it in the same instance (cloud-sql-proxy): it opens TLS with
# a certificate of an hour and logs in as its service account. The address is 127.0.0.1 for worker and console alike.
# Cloud Run's built-in connection to Cloud SQL has no login by IAM, and a token as a password would need code of ours.

locals {
  records_count      = var.records == null ? 0 : 1
  records_database   = "vaani"
  records_connection = "${var.project_id}:${var.region}:${var.name}-records"

  # A service account's name in PostgreSQL is its address without the end.
  records_users = { for who in ["worker", "console"] : who => "${var.name}-${who}@${var.project_id}.iam" }
  records_urls = {
    for who, user in local.records_users :
    who => "postgresql+asyncpg://${urlencode(user)}@127.0.0.1:5432/${local.records_database}"
  }

  # Both sides need nothing else of it: the same arguments on Cloud Run, in the job and on GKE.
  records_proxy_arguments = [
    "--private-ip",
    "--auto-iam-authn",
    "--address=127.0.0.1",
    "--port=5432",
    "--structured-logs",
    "--health-check",
    "--http-address=0.0.0.0",
    "--http-port=9801",
    "--quitquitquit",
    # SIGTERM reaches it when it reaches the worker, which still writes the ends of its calls.
    "--min-sigterm-delay=9s",
    "--max-sigterm-delay=9s",
    "--exit-zero-on-sigterm",
    local.records_connection,
  ]

  # An administrator runs it once (README): nobody but they may let the worker make its tables.
  records_grants = "GRANT USAGE, CREATE ON SCHEMA public TO \"${local.records_users.worker}\";"

  # No grant on the project reaches another database than this one.
  _this_database = "resource.service == \"sqladmin.googleapis.com\" && resource.name == \"projects/${var.project_id}/instances/${var.name}-records\""
  _records_grants = merge([
    for who in ["worker", "console"] : {
      for role in ["roles/cloudsql.client", "roles/cloudsql.instanceUser"] :
      "${who} ${role}" => { who = who, role = role }
    }
  ]...)
}

resource "google_service_account" "console" {
  count        = local.records_count
  project      = var.project_id
  account_id   = "${var.name}-console"
  display_name = "Runs the console; reads records and recordings."
  depends_on   = [google_project_service.this]
}

resource "google_sql_database_instance" "records" {
  count               = local.records_count
  project             = var.project_id
  region              = var.region
  name                = "${var.name}-records"
  database_version    = var.records.version
  deletion_protection = var.records.protect # in Terraform; the same below in Google's own API

  settings {
    tier                        = var.records.tier
    edition                     = "ENTERPRISE"
    availability_type           = var.records.availability
    disk_autoresize             = true
    disk_autoresize_limit       = var.records.disk_gib_most
    disk_size                   = 10
    disk_type                   = "PD_SSD"
    deletion_protection_enabled = var.records.protect
    user_labels                 = merge({ app = var.name }, var.labels)

    # SQL through Google's API, from anywhere, for those named: only while somebody is.
    data_api_access = length(var.records.admins) == 0 ? "DISALLOW_DATA_API" : "ALLOW_DATA_API"

    backup_configuration {
      enabled                        = true
      point_in_time_recovery_enabled = true
      location                       = var.region
      start_time                     = "21:00" # UTC: half past two in India
      # What was erased from the tables is in backups until they expire (docs/records.md).
      transaction_log_retention_days = min(var.records.backup_days, 7)
      backup_retention_settings {
        retained_backups = var.records.backup_days
        retention_unit   = "COUNT" # one a day
      }
    }

    database_flags {
      name  = "cloudsql.iam_authentication"
      value = "on"
    }

    # No query insights: they would keep what somebody has searched for.
    insights_config {
      query_insights_enabled = false
    }

    ip_configuration {
      ipv4_enabled    = false
      private_network = google_compute_network.this[0].id
      ssl_mode        = "ENCRYPTED_ONLY"
    }

    maintenance_window {
      day          = 7
      hour         = 21
      update_track = "stable"
    }
  }

  lifecycle {
    ignore_changes = [settings[0].disk_size] # it grows by itself
  }

  depends_on = [google_service_networking_connection.this]
}

resource "google_sql_database" "records" {
  count    = local.records_count
  project  = var.project_id
  instance = google_sql_database_instance.records[0].name
  name     = local.records_database

  # It goes with its instance; alone, PostgreSQL would refuse while anybody is connected.
  deletion_policy = "ABANDON"
}

# They may log in, and nothing else: what the worker may do is granted once by an administrator, what the console may do
# by the worker, which owns the tables (WORKER_RECORDS_READER).
resource "google_sql_user" "records" {
  for_each        = var.records == null ? {} : local.records_users
  project         = var.project_id
  instance        = google_sql_database_instance.records[0].name
  name            = each.value
  type            = "CLOUD_IAM_SERVICE_ACCOUNT"
  deletion_policy = "ABANDON" # a role that owns tables cannot be dropped; it goes with its instance
  depends_on      = [google_service_account.console, google_service_account.worker]
}

resource "google_sql_user" "records_admin" {
  for_each        = var.records == null ? toset([]) : var.records.admins
  project         = var.project_id
  instance        = google_sql_database_instance.records[0].name
  name            = each.value
  type            = "CLOUD_IAM_USER"
  database_roles  = ["cloudsqlsuperuser"]
  deletion_policy = "DELETE"
}

resource "google_project_iam_member" "records" {
  for_each = var.records == null ? {} : local._records_grants
  project  = var.project_id
  role     = each.value.role
  member   = each.value.who == "worker" ? google_service_account.worker.member : google_service_account.console[0].member

  condition {
    title      = "${var.name}-records-only"
    expression = local._this_database
  }
}

resource "google_project_iam_member" "records_admin" {
  for_each = var.records == null ? toset([]) : var.records.admins
  project  = var.project_id
  role     = "roles/cloudsql.instanceUser"
  member   = "user:${each.value}"

  condition {
    title      = "${var.name}-records-only"
    expression = local._this_database
  }
}

# `python -m records` where the database can be reached: erase, purge, hold, stats, breach (README).
resource "google_cloud_run_v2_job" "records" {
  count               = var.active_release == null ? 0 : local.records_count
  project             = var.project_id
  location            = var.region
  name                = "${var.name}-records"
  deletion_protection = false # holds nothing

  template {
    template {
      service_account = google_service_account.worker.email
      max_retries     = 0
      timeout         = "3600s"

      vpc_access {
        egress = "PRIVATE_RANGES_ONLY"
        network_interfaces {
          network    = google_compute_network.this[0].name
          subnetwork = google_compute_subnetwork.this[0].name
        }
      }

      containers {
        name       = "records"
        image      = var.releases[var.active_release].image
        depends_on = ["cloud-sql-proxy"]
        # The proxy would go on for ever, and the job with it.
        command = [
          "/bin/sh", "-c",
          "python -m records \"$@\"; code=$?; python -c 'import urllib.request as r; r.urlopen(\"http://127.0.0.1:9091/quitquitquit\", b\"\")'; exit $code",
          "records",
        ]
        args = ["stats"]

        dynamic "env" {
          for_each = merge(
            { for k, v in local.release_environment[var.active_release] : k => v if k == "WORKER_RETENTION_DAYS" },
            { WORKER_RECORDS_URL = local.records_urls.worker },
          )
          content {
            name  = env.key
            value = env.value
          }
        }
      }

      containers {
        name  = "cloud-sql-proxy"
        image = var.records.proxy_image
        args  = local.records_proxy_arguments

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
  }

  depends_on = [google_project_iam_member.records, google_sql_user.records]
}
