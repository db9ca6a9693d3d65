# Optional: an HTTPS load balancer on a domain of one's own, with Cloud Armor's rate rules, in front of the function.
# The function's own limits count per instance; these count for all of them, before anything of ours runs.

locals {
  armor_count = var.cloud_armor == null || var.active_release == null ? 0 : 1
}

resource "google_compute_security_policy" "token" {
  count       = local.armor_count
  project     = var.project_id
  name        = "${var.name}-token"
  description = "Rate limits per address in front of the token function."

  dynamic "rule" {
    for_each = length(var.cloud_armor.deny_ip_ranges) == 0 ? [] : [1]
    content {
      action      = "deny(403)"
      priority    = 100
      preview     = var.cloud_armor.preview
      description = "Addresses that were shut out by hand."
      match {
        versioned_expr = "SRC_IPS_V1"
        config {
          src_ip_ranges = var.cloud_armor.deny_ip_ranges
        }
      }
    }
  }

  rule {
    action      = "deny(403)" # Cloud Armor knows 403, 404, 429 and 502
    priority    = 200
    preview     = var.cloud_armor.preview
    description = "The contract knows POST, the browser's OPTIONS and the health check's GET."
    match {
      expr {
        expression = "!request.method.matches('^(POST|OPTIONS|GET|HEAD)$')"
      }
    }
  }

  rule {
    action      = "rate_based_ban"
    priority    = 1000
    preview     = var.cloud_armor.preview
    description = "Above the rate: 429; above ten times the rate: shut out for a while."
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
    rate_limit_options {
      conform_action   = "allow"
      exceed_action    = "deny(429)"
      enforce_on_key   = "IP"
      ban_duration_sec = var.cloud_armor.ban_seconds
      rate_limit_threshold {
        count        = var.cloud_armor.requests_per_minute
        interval_sec = 60
      }
      ban_threshold {
        count        = var.cloud_armor.requests_per_minute * 10
        interval_sec = 60
      }
    }
  }

  rule {
    action      = "allow"
    priority    = 2147483647
    description = "What no rule above has caught."
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
  }

  depends_on = [google_project_service.this]
}

resource "google_compute_region_network_endpoint_group" "token" {
  count                 = local.armor_count
  project               = var.project_id
  region                = var.region
  name                  = "${var.name}-token"
  network_endpoint_type = "SERVERLESS"
  cloud_run {
    service = google_cloudfunctions2_function.token[0].name
  }
}

resource "google_compute_backend_service" "token" {
  count                 = local.armor_count
  project               = var.project_id
  name                  = "${var.name}-token"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  protocol              = "HTTPS"
  security_policy       = google_compute_security_policy.token[0].id

  backend {
    group = google_compute_region_network_endpoint_group.token[0].id
  }

  log_config {
    enable      = true
    sample_rate = 1
  }

  lifecycle {
    # The provider fills in a backend's limits, and as an element of a set it then looks changed for ever. There is only
    # this one, and its id follows from names that replace the whole service.
    ignore_changes = [backend]
  }
}

resource "google_compute_url_map" "token" {
  count           = local.armor_count
  project         = var.project_id
  name            = "${var.name}-token"
  default_service = google_compute_backend_service.token[0].id
}

resource "google_compute_managed_ssl_certificate" "token" {
  count   = local.armor_count
  project = var.project_id
  # A certificate cannot change its domain: the name changes with it, and the new one is there before the old one goes.
  name = "${var.name}-token-${substr(sha256(var.cloud_armor.domain), 0, 8)}"
  managed {
    domains = [var.cloud_armor.domain]
  }
  lifecycle {
    create_before_destroy = true
  }
  depends_on = [google_project_service.this]
}

resource "google_compute_ssl_policy" "token" {
  count           = local.armor_count
  project         = var.project_id
  name            = "${var.name}-token"
  profile         = "MODERN"
  min_tls_version = "TLS_1_2"
  depends_on      = [google_project_service.this]
}

resource "google_compute_target_https_proxy" "token" {
  count            = local.armor_count
  project          = var.project_id
  name             = "${var.name}-token"
  url_map          = google_compute_url_map.token[0].id
  ssl_certificates = [google_compute_managed_ssl_certificate.token[0].id]
  ssl_policy       = google_compute_ssl_policy.token[0].id
}

resource "google_compute_global_address" "token" {
  count      = local.armor_count
  project    = var.project_id
  name       = "${var.name}-token"
  depends_on = [google_project_service.this]
}

resource "google_compute_global_forwarding_rule" "token" {
  count                 = local.armor_count
  project               = var.project_id
  name                  = "${var.name}-token"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.token[0].id
  port_range            = "443"
  target                = google_compute_target_https_proxy.token[0].id
}
