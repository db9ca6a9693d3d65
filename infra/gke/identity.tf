# Who the pods are. A pod of the worker is the foundation's own service account, as on Cloud Run: no key, and nothing new
# to grant for database and recordings. The add-on that brings secrets asks as the pod itself.

locals {
  namespace = var.name

  _pool     = "${var.project_id}.svc.id.goog"
  _pool_url = "principal://iam.googleapis.com/projects/${var.project_number}/locations/global/workloadIdentityPools/${local._pool}"
}

resource "google_service_account_iam_member" "worker" {
  service_account_id = "projects/${var.project_id}/serviceAccounts/${var.worker_service_account}"
  role               = "roles/iam.workloadIdentityUser"
  member             = "serviceAccount:${local._pool}[${local.namespace}/worker]"
  depends_on         = [google_container_cluster.this] # its first cluster makes the pool
}

resource "google_secret_manager_secret_iam_member" "worker" {
  for_each   = var.secrets
  project    = var.project_id
  secret_id  = each.value
  role       = "roles/secretmanager.secretAccessor"
  member     = "${local._pool_url}/subject/ns/${local.namespace}/sa/worker"
  depends_on = [google_container_cluster.this]
}

# KEDA reads the workers' metrics from Google's Prometheus, and nothing else.
resource "google_project_iam_member" "keda" {
  project    = var.project_id
  role       = "roles/monitoring.viewer"
  member     = "${local._pool_url}/subject/ns/keda/sa/keda-operator"
  depends_on = [google_container_cluster.this]
}
