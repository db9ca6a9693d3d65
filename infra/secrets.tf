# The secrets' containers, who may read each, and (optionally) their values.
#
# Values never reach state or plan: either people add versions with gcloud, or `secret_values` (ephemeral) goes
# into a write-only argument. What runs names a secret by its number, never `latest`: a rotation is a change one sees.

locals {
  _token_key_prefix = var.token_livekit_key == "own" ? "TOKEN_" : ""
  # The variable that the function reads, and the secret behind it.
  token_secret_names = merge(
    {
      LIVEKIT_URL        = "LIVEKIT_URL"
      LIVEKIT_API_KEY    = "${local._token_key_prefix}LIVEKIT_API_KEY"
      LIVEKIT_API_SECRET = "${local._token_key_prefix}LIVEKIT_API_SECRET"
    },
    { for k, v in var.extra_secrets : k => k if contains(["token", "both"], v) },
  )
  token_secrets = toset(values(local.token_secret_names))
  worker_secrets = toset(concat(
    ["LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "OPENAI_API_KEY", "SARVAM_API_KEY"],
    [for k, v in var.extra_secrets : k if contains(["worker", "both"], v)],
  ))
  # It signs the addresses of further pages; without one it would be made from the database's address, which is no secret.
  console_secrets = toset(var.console == null ? [] : ["CONSOLE_CURSOR_SECRET"])
  secrets         = setunion(local.token_secrets, local.worker_secrets, local.console_secrets)

  # Numbers, as text: "1" unless said otherwise.
  secret_versions = { for k in local.secrets : k => tostring(lookup(var.secret_versions, k, 1)) }
}

resource "google_secret_manager_secret" "this" {
  for_each  = local.secrets
  project   = var.project_id
  secret_id = "${var.name}-${lower(replace(each.key, "_", "-"))}"

  replication {
    # One region: the keys stay where the calls are handled, and a version is billed once.
    user_managed {
      replicas {
        location = var.region
      }
    }
  }

  # A version destroyed by mistake can be brought back for a week.
  version_destroy_ttl = "604800s"

  depends_on = [google_project_service.this]
}

# Only with write_secret_values: a higher number in secret_versions writes a new version, with the value given that time.
resource "google_secret_manager_secret_version" "this" {
  for_each               = var.write_secret_values ? local.secrets : toset([])
  secret                 = google_secret_manager_secret.this[each.key].id
  secret_data_wo         = lookup(var.secret_values, each.key, null)
  secret_data_wo_version = local.secret_versions[each.key]

  # The old version stays enabled: the release before may still read it. Its end is a step of the rotation (README).
  deletion_policy = "ABANDON"

  lifecycle {
    create_before_destroy = true
  }
}

check "secret_versions_are_what_was_asked_for" {
  assert {
    condition = alltrue([
      for k, v in google_secret_manager_secret_version.this : v.version == local.secret_versions[k]
    ])
    error_message = join(" ", concat(
      ["Secret Manager numbered a version otherwise than secret_versions says:"],
      [
        for k, v in google_secret_manager_secret_version.this : "${k} is at ${v.version}, asked for ${local.secret_versions[k]};"
        if v.version != local.secret_versions[k]
      ],
      ["set secret_versions to the number that exists, else what runs reads another value."],
    ))
  }
}

resource "google_secret_manager_secret_iam_member" "token" {
  for_each  = local.token_secrets
  project   = var.project_id
  secret_id = google_secret_manager_secret.this[each.key].secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.token.member
}

resource "google_secret_manager_secret_iam_member" "worker" {
  for_each  = local.worker_secrets
  project   = var.project_id
  secret_id = google_secret_manager_secret.this[each.key].secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.worker.member
}

# Remembers when each number was first asked for, so that the alert on old secrets knows their age (alerts.tf).
resource "terraform_data" "secret_since" {
  for_each         = local.secrets
  input            = plantimestamp()
  triggers_replace = local.secret_versions[each.key]

  lifecycle {
    ignore_changes = [input]
  }
}
