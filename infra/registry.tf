# One repository holds the worker's images and the function's builds, and cleans up after itself.

resource "google_artifact_registry_repository" "this" {
  project       = var.project_id
  location      = var.region
  repository_id = var.name
  description   = "Images of the ${var.name} worker and builds of its token function."
  format        = "DOCKER"

  docker_config {
    # Releases name images by digest, and the function's builds move their tag.
    immutable_tags = false
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
