# Optional: GitHub Actions pushes worker images without a key. It may do nothing else here.

locals {
  _ci_count = var.ci == null ? 0 : 1

  # The number where it is known: a repository's name can be given up and taken by somebody else.
  _ci_by = try(var.ci.github_repository_id, null) == null ? "repository" : "repository_id"
  _ci_is = try(coalesce(var.ci.github_repository_id, var.ci.github_repository), "")
}

resource "google_service_account" "ci" {
  count        = local._ci_count
  project      = var.project_id
  account_id   = "${var.name}-ci"
  display_name = "Pushes worker images from ${var.ci.github_repository}."
  depends_on   = [google_project_service.this]
}

resource "google_artifact_registry_repository_iam_member" "ci" {
  count      = local._ci_count
  project    = var.project_id
  location   = var.region
  repository = google_artifact_registry_repository.this["worker"].repository_id
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.ci[0].member
}

resource "google_iam_workload_identity_pool" "ci" {
  count                     = local._ci_count
  project                   = var.project_id
  workload_identity_pool_id = coalesce(var.ci.pool_id, "${var.name}-ci")
  display_name              = "${var.name} CI"
  description               = "GitHub Actions of ${var.ci.github_repository}."
  depends_on                = [google_project_service.this]
}

resource "google_iam_workload_identity_pool_provider" "github" {
  count                              = local._ci_count
  project                            = var.project_id
  workload_identity_pool_id          = google_iam_workload_identity_pool.ci[0].workload_identity_pool_id
  workload_identity_pool_provider_id = "github"
  display_name                       = "GitHub Actions"

  # Without a condition every repository on GitHub could ask for this identity; and pull_request_target runs a stranger's
  # change on the base branch's ref.
  attribute_condition = join(" && ", concat(
    [
      "assertion.repository == '${var.ci.github_repository}'",
      "assertion.ref == '${var.ci.git_ref}'",
      "assertion.event_name in ['push', 'release', 'schedule', 'workflow_dispatch']",
    ],
    local._ci_by == "repository_id" ? ["assertion.repository_id == '${local._ci_is}'"] : [],
  ))
  attribute_mapping = {
    "attribute.repository"    = "assertion.repository"
    "attribute.repository_id" = "assertion.repository_id"
    "google.subject"          = "assertion.sub"
  }
  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

resource "google_service_account_iam_member" "ci" {
  count              = local._ci_count
  service_account_id = google_service_account.ci[0].name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.ci[0].name}/attribute.${local._ci_by}/${local._ci_is}"
}
