# Optional: where calls are recorded (docs/recording.md). A bucket in the region, encrypted with a key of one's own, that
# nobody from outside can read, and in which what is erased is gone: no versions, no bin.

locals {
  recordings_count = var.recordings == null ? 0 : 1
  recordings_name  = "${var.project_id}-${var.name}-recordings"
  recordings_url   = "gs://${local.recordings_name}"

  # Without a data source: a bucket knows its project's number, and Google's agents are named after it.
  project_number = google_storage_bucket.token_source.project_number
}

resource "google_kms_key_ring" "recordings" {
  count      = local.recordings_count
  project    = var.project_id
  location   = var.region
  name       = "${var.name}-recordings"
  depends_on = [google_project_service.this]
}

resource "google_kms_crypto_key" "recordings" {
  count           = local.recordings_count
  key_ring        = google_kms_key_ring.recordings[0].id
  name            = "recordings"
  purpose         = "ENCRYPT_DECRYPT"
  rotation_period = "${var.recordings.key_rotation_days * 86400}s"

  # Destroying a key destroys every recording; this long it can be taken back.
  destroy_scheduled_duration = "2592000s"
}

# Cloud Storage itself encrypts and decrypts, for whoever may read the object; worker and console need no key.
resource "google_kms_crypto_key_iam_member" "recordings" {
  count         = local.recordings_count
  crypto_key_id = google_kms_crypto_key.recordings[0].id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:service-${local.project_number}@gs-project-accounts.iam.gserviceaccount.com"
}

resource "google_storage_bucket" "recordings" {
  count                       = local.recordings_count
  project                     = var.project_id
  name                        = local.recordings_name
  location                    = var.region
  storage_class               = "STANDARD"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.recordings.protect

  encryption {
    default_kms_key_name = google_kms_crypto_key.recordings[0].id
  }

  # Erased is erased, also when a caller takes consent back in mid-call: Google's default keeps objects for seven days
  # more, versions keep them for ever, and a retention policy would refuse the erasure.
  soft_delete_policy {
    retention_duration_seconds = 0
  }
  versioning {
    enabled = false
  }

  # `python -m records purge` removes by WORKER_RETENTION_DAYS, and leaves what a legal hold names. This rule knows no
  # holds: it is for deployments without records, or as a limit that nothing passes.
  dynamic "lifecycle_rule" {
    for_each = var.recordings.delete_after_days == null ? [] : [var.recordings.delete_after_days]
    content {
      action {
        type = "Delete"
      }
      condition {
        age = lifecycle_rule.value
      }
    }
  }
  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 1
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.recordings]
}

# It puts parts there, and lists and deletes them to erase; it cannot read what it has stored. The role's name is old,
# what it holds is create, delete and list.
resource "google_storage_bucket_iam_member" "recordings_worker" {
  count  = local.recordings_count
  bucket = google_storage_bucket.recordings[0].name
  role   = "roles/storage.legacyBucketWriter"
  member = google_service_account.worker.member
}

resource "google_storage_bucket_iam_member" "recordings_console" {
  count  = var.console == null ? 0 : local.recordings_count
  bucket = google_storage_bucket.recordings[0].name
  role   = "roles/storage.objectViewer"
  member = google_service_account.console[0].member
}
