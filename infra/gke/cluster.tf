# GKE Autopilot: nodes come and go with the pods, nobody looks after them. Private nodes; the control plane is reached
# by its name and Google's sign-in, not by an address.

resource "google_service_account" "nodes" {
  project      = var.project_id
  account_id   = "${var.name}-nodes"
  display_name = "The nodes of ${var.name}: write logs and metrics, pull images."
}

resource "google_project_iam_member" "nodes" {
  project = var.project_id
  role    = "roles/container.defaultNodeServiceAccount"
  member  = google_service_account.nodes.member
}

resource "google_artifact_registry_repository_iam_member" "nodes" {
  project    = var.project_id
  location   = var.region
  repository = var.repository
  role       = "roles/artifactregistry.reader"
  member     = google_service_account.nodes.member
}

resource "google_container_cluster" "this" {
  project             = var.project_id
  location            = var.region # three zones: one may be lost
  name                = var.name
  enable_autopilot    = true
  deletion_protection = var.protect
  network             = var.network
  subnetwork          = var.subnetwork
  resource_labels     = { app = var.name }

  ip_allocation_policy {
    cluster_secondary_range_name  = "pods"
    services_secondary_range_name = "services"
  }

  private_cluster_config {
    enable_private_nodes = true
  }

  control_plane_endpoints_config {
    dns_endpoint_config {
      allow_external_traffic = true
    }
    ip_endpoints_config {
      enabled = false
    }
  }

  cluster_autoscaling {
    auto_provisioning_defaults {
      service_account = google_service_account.nodes.email
    }
  }

  # Secrets come as files from Secret Manager, by number, and are never objects of the cluster.
  secret_manager_config {
    enabled = true
  }

  monitoring_config {
    enable_components = ["SYSTEM_COMPONENTS"]
    managed_prometheus {
      enabled = true
    }
  }

  release_channel {
    channel = "STABLE"
  }

  # Nodes are replaced at night in India: 20:30 to 00:30 UTC. Calls go on: a pod that has some is waited for.
  maintenance_policy {
    recurring_window {
      start_time = "2026-01-01T20:30:00Z"
      end_time   = "2026-01-02T00:30:00Z"
      recurrence = "FREQ=DAILY"
    }
  }

  depends_on = [google_artifact_registry_repository_iam_member.nodes, google_project_iam_member.nodes]
}

# Nodes have no addresses of their own, so calls' sound goes out through this. A call takes a handful of ports; a node has
# as many calls as it has room for, so ports are given out as they are asked for.
resource "google_compute_router" "this" {
  project = var.project_id
  region  = var.region
  name    = "${var.name}-gke"
  network = var.network
}

resource "google_compute_router_nat" "this" {
  project                             = var.project_id
  region                              = var.region
  name                                = "${var.name}-gke"
  router                              = google_compute_router.this.name
  nat_ip_allocate_option              = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat  = "ALL_SUBNETWORKS_ALL_IP_RANGES"
  enable_dynamic_port_allocation      = true
  enable_endpoint_independent_mapping = false
  min_ports_per_vm                    = 256
  max_ports_per_vm                    = 8192
}
