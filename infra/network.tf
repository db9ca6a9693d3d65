# A network of one's own, for what must not have a public address: the database of records, the nodes of GKE. Without
# either there is none, and Cloud Run needs none.

locals {
  network_count = var.records == null && length(local.gke_releases) == 0 ? 0 : 1
}

resource "google_compute_network" "this" {
  count                   = local.network_count
  project                 = var.project_id
  name                    = var.name
  auto_create_subnetworks = false
  depends_on              = [google_project_service.this]
}

# Cloud Run takes an address of it for every instance, GKE for every node. The range of pods cannot be widened later, so
# it is one for a whole country's calls (docs/scaling.md).
resource "google_compute_subnetwork" "this" {
  count                    = local.network_count
  project                  = var.project_id
  region                   = var.region
  name                     = var.name
  network                  = google_compute_network.this[0].id
  ip_cidr_range            = "10.64.0.0/20"
  private_ip_google_access = true

  secondary_ip_range {
    range_name    = "pods"
    ip_cidr_range = "10.68.0.0/14"
  }
  secondary_ip_range {
    range_name    = "services"
    ip_cidr_range = "10.72.0.0/20"
  }
}

# Where Google puts the database's private address.
resource "google_compute_global_address" "private_services" {
  count         = local.records_count
  project       = var.project_id
  name          = "${var.name}-private-services"
  network       = google_compute_network.this[0].id
  purpose       = "VPC_PEERING"
  address_type  = "INTERNAL"
  address       = "10.80.0.0"
  prefix_length = 20
}

resource "google_service_networking_connection" "this" {
  count                   = local.records_count
  network                 = google_compute_network.this[0].id
  service                 = "servicenetworking.googleapis.com"
  reserved_peering_ranges = [google_compute_global_address.private_services[0].name]

  # Google holds the peering for some time after the last database is gone, and would fail a destroy.
  deletion_policy = "ABANDON"
  depends_on      = [google_project_service.this]
}
