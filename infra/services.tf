# The Google APIs that the rest stands on. They stay enabled after a destroy: other things in the project may use them.

locals {
  services = toset(concat(
    [
      "artifactregistry.googleapis.com",
      "cloudbuild.googleapis.com",
      "cloudfunctions.googleapis.com",
      "iam.googleapis.com",
      "logging.googleapis.com",
      "monitoring.googleapis.com",
      "run.googleapis.com",
      "secretmanager.googleapis.com",
      "storage.googleapis.com",
    ],
    var.ci == null ? [] : ["iamcredentials.googleapis.com", "sts.googleapis.com"],
    var.cloud_armor == null && local.network_count == 0 ? [] : ["compute.googleapis.com"],
    var.console == null ? [] : ["iap.googleapis.com"],
    length(local.gke_releases) == 0 ? [] : ["container.googleapis.com"],
    var.recordings == null ? [] : ["cloudkms.googleapis.com"],
    var.records == null ? [] : ["servicenetworking.googleapis.com", "sqladmin.googleapis.com"],
    var.telemetry == null ? [] : ["cloudtrace.googleapis.com", "telemetry.googleapis.com"],
  ))
}

resource "google_project_service" "this" {
  for_each           = local.services
  project            = var.project_id
  service            = each.value
  disable_on_destroy = false
}
