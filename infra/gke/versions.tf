# A configuration of its own, with a state of its own: the cluster outlives releases, and its foundation (../) can be
# applied without it. One provider; what runs in the cluster is applied with kubectl from the output `manifests`.

terraform {
  required_version = ">= 1.11"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.45, < 9.0"
    }
  }
}

provider "google" {
  project        = var.project_id
  region         = var.region
  default_labels = { app = var.name }
}
