# Two repositories that clean up after themselves: the worker's images, whose tags never move, and the function's builds,
# whose tags Google moves. Apart, because who may write one (CI; the function's build) has no business in the other.

locals {
  _registries = {
    functions = { id = "${var.name}-functions", description = "Builds of the ${var.name} token function.", immutable_tags = false }
    worker    = { id = var.name, description = "Images of the ${var.name} worker.", immutable_tags = true }
  }
}

resource "google_artifact_registry_repository" "this" {
  for_each      = local._registries
  project       = var.project_id
  location      = var.region
  repository_id = each.value.id
  description   = each.value.description
  format        = "DOCKER"

  docker_config {
    immutable_tags = each.value.immutable_tags
  }

  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"
    condition {
      older_than = "${var.artifact_registry.delete_after_days * 86400}s"
      tag_state  = "ANY"
    }
  }
  # A version that any KEEP policy names is never deleted, however old.
  cleanup_policies {
    id     = "keep-recent"
    action = "KEEP"
    most_recent_versions {
      keep_count = var.artifact_registry.keep_recent_versions
    }
  }

  depends_on = [google_project_service.this]
}

moved {
  from = google_artifact_registry_repository.this
  to   = google_artifact_registry_repository.this["worker"]
}
