# What is planned for the cluster and what runs in it. No credentials, no cloud; the manifests' form is held by
# tests/infra/test_gke.py.

mock_provider "google" {}

variables {
  database               = null
  spare_workers          = 0
  name                   = "vaani"
  network                = "vaani"
  project_id             = "my-project"
  project_number         = "123456789012"
  region                 = "asia-south1"
  repository             = "vaani"
  secrets                = { OPENAI_API_KEY = "vaani-openai-api-key" }
  subnetwork             = "vaani"
  worker_service_account = "vaani-worker@my-project.iam.gserviceaccount.com"
  releases = {
    a = {
      cpu           = 2, drain_seconds = 1860, environment = { AGENT_NAME = "vaani-a" }, image = "r/worker@sha256:aa", instances = 3, instances_most = 40,
      keeps_records = true, max_calls = 8, memory_gib = 4, secret_versions = { OPENAI_API_KEY = "2" }
    }
  }
}

run "fleet" {
  command = plan

  assert {
    condition     = google_container_cluster.this.enable_autopilot && google_container_cluster.this.deletion_protection && google_container_cluster.this.private_cluster_config[0].enable_private_nodes
    error_message = "An Autopilot cluster with private nodes that is not destroyed unasked."
  }
  assert {
    condition     = google_service_account_iam_member.worker.member == "serviceAccount:my-project.svc.id.goog[vaani/worker]" && endswith(google_secret_manager_secret_iam_member.worker["OPENAI_API_KEY"].member, "/subject/ns/vaani/sa/worker")
    error_message = "The worker's pods, and no others, are the worker and read its secrets."
  }
  assert {
    condition     = strcontains(output.manifests, "vaani-openai-api-key/versions/2") && !strcontains(output.manifests, "kind: Secret\n")
    error_message = "A secret comes by its number from Secret Manager and is no object of the cluster."
  }
  assert {
    condition     = !strcontains(output.manifests, "\"spare\"") && !strcontains(output.manifests, "cloud-sql-proxy")
    error_message = "No room is kept, and no database is beside a worker, unless asked for."
  }
  assert {
    condition     = yamldecode(split("---\n", output.manifests)[7]).spec.template.spec.terminationGracePeriodSeconds > var.releases["a"].drain_seconds
    error_message = "A pod has longer than the worker waits."
  }
}
