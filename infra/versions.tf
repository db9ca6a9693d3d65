# What this needs, and nothing more: one provider, no data sources, no random names.
# State: write a backend.tf of your own (README, step 2); it is not shipped, because a bucket's name is yours.

terraform {
  required_version = ">= 1.11" # write-only arguments
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
  default_labels = merge({ app = var.name }, var.labels)
}
