# What people need after an apply; nothing secret.

output "cluster" {
  description = "The cluster's name, for gcloud container clusters get-credentials."
  value       = google_container_cluster.this.name
}

output "manifests" {
  description = "All that runs in the cluster, for kubectl apply."
  value = join("---\n", [
    for m in concat(
      local._common,
      [local._keda_identity],
      local._of_each_release,
      values(local._deployments),
      values(local._scalers),
      local._spare,
    ) : yamlencode(m)
  ])
}
