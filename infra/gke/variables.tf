# All but the last four come from the foundation: terraform -chdir=infra output -json gke > infra/gke/foundation.auto.tfvars.json

variable "database" {
  description = "The proxy beside each worker that keeps records; null without records."
  type = object({
    arguments = list(string)
    image     = string
  })
  default = null
}

variable "name" {
  description = "Prefix of every resource's name, the cluster's name, and its namespace."
  type        = string
}

variable "network" {
  description = "The foundation's network."
  type        = string
}

variable "project_id" {
  description = "The Google Cloud project's id."
  type        = string
}

variable "project_number" {
  description = "The project's number: pods' identities are named by it."
  type        = string
}

variable "region" {
  description = "Where the cluster is."
  type        = string
}

variable "releases" {
  description = "The releases with platform = \"gke\"."
  type = map(object({
    collector = optional(object({
      arguments   = list(string)
      environment = map(string)
      image       = string
      memory      = string
    }))
    cpu             = number
    drain_seconds   = number
    environment     = map(string)
    image           = string
    instances       = number
    instances_most  = number
    keeps_records   = bool
    max_calls       = number
    memory_gib      = number
    secret_versions = map(string)
  }))

  validation {
    condition     = length(var.releases) > 0
    error_message = "There is no release with platform = \"gke\": name one in infra/terraform.tfvars, apply there, and write foundation.auto.tfvars.json again."
  }
}

variable "repository" {
  description = "The repository of the worker's images."
  type        = string
}

variable "secrets" {
  description = "The Secret Manager secret behind each environment variable of the worker."
  type        = map(string)
}

variable "subnetwork" {
  description = "The foundation's subnetwork, with its ranges for pods and services."
  type        = string
}

variable "worker_service_account" {
  description = "Who the workers are."
  type        = string
}

variable "protect" {
  description = "Refuse to destroy the cluster. false, in an apply of its own, only before that."
  type        = bool
  default     = true
  nullable    = false
}

variable "spare_for" {
  description = "The release whose size spare room has; the first one unless said."
  type        = string
  default     = null
}

variable "spare_hours" {
  description = "The hours of the day, in India, in which room is kept."
  type = object({
    from = optional(number, 8)
    to   = optional(number, 22)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for h in [var.spare_hours.from, var.spare_hours.to] : contains(range(24), h)]) && var.spare_hours.from < var.spare_hours.to
    error_message = "spare_hours are whole hours from 0 to 23, from before to."
  }
}

variable "spare_workers" {
  description = "For how many workers room is kept that is there at once; 0 keeps none. docs/scaling.md says what it is worth and costs."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.spare_workers >= 0 && floor(var.spare_workers) == var.spare_workers
    error_message = "spare_workers must be a whole number, 0 or more."
  }
}
