# Every mistake that can be seen before anything is built is refused, in one sentence that names the mend.
# A test reads which rule each case sets off, so that no rule is without one (tests/infra/test_refusals.py).

mock_provider "google" {}

variables {
  project_id       = "my-project"
  token_source_zip = "tests/fixtures/token.zip"
  secret_values    = {}
}

run "refuses_active_release_that_is_not_a_release" {
  command = plan
  variables {
    active_release = "b"
    releases       = { a = { image = "r/w@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", instances = 1 } }
  }
  expect_failures = [var.active_release]
}

run "refuses_releases_without_an_active_one" {
  command = plan
  variables {
    active_release = null
    releases       = { a = { image = "r/w@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", instances = 1 } }
  }
  expect_failures = [var.active_release]
}

run "refuses_active_release_without_instances" {
  command = plan
  variables {
    active_release = "a"
    releases       = { a = { image = "r/w@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", instances = 0 } }
  }
  expect_failures = [var.active_release]
}

run "refuses_public_access_without_authentication" {
  command = plan
  variables {
    allow_unauthenticated = true
    token_auth            = { mode = "none" }
  }
  expect_failures = [var.token_auth]
}

run "refuses_registry_that_forgets_the_roll_back" {
  command = plan
  variables {
    artifact_registry = { keep_recent_versions = 1 }
  }
  expect_failures = [var.artifact_registry]
}

run "refuses_ci_repository_as_an_address" {
  command = plan
  variables {
    ci = { github_repository = "https://github.com/acme/vaani" }
  }
  expect_failures = [var.ci]
}

run "refuses_ci_bare_branch_name" {
  command = plan
  variables {
    ci = { github_repository = "acme/vaani", git_ref = "main" }
  }
  expect_failures = [var.ci]
}

run "refuses_cloud_armor_domain_as_an_address" {
  command = plan
  variables {
    cloud_armor = { domain = "https://calls.example.com/" }
  }
  expect_failures = [var.cloud_armor]
}

run "refuses_cloud_armor_rate_that_shuts_out_a_mobile_operator" {
  command = plan
  variables {
    cloud_armor = { domain = "calls.example.com", requests_per_minute = 1 }
  }
  expect_failures = [var.cloud_armor]
}

run "refuses_cloud_armor_ban_of_a_length_it_does_not_know" {
  command = plan
  variables {
    cloud_armor = { domain = "calls.example.com", ban_seconds = 100 }
  }
  expect_failures = [var.cloud_armor]
}

run "refuses_cloud_armor_range_that_is_no_range" {
  command = plan
  variables {
    cloud_armor = { domain = "calls.example.com", deny_ip_ranges = ["203.0.113.0"] }
  }
  expect_failures = [var.cloud_armor]
}

run "refuses_extra_secret_for_an_unknown_process" {
  command = plan
  variables {
    extra_secrets = { TOKEN_HMAC_KEYS = "function" }
  }
  expect_failures = [var.extra_secrets]
}

run "refuses_extra_secret_that_is_no_variable_name" {
  command = plan
  variables {
    extra_secrets = { hmac-keys = "token" }
  }
  expect_failures = [var.extra_secrets]
}

run "refuses_extra_secret_that_is_one_of_the_five" {
  command = plan
  variables {
    extra_secrets = { OPENAI_API_KEY = "token" }
  }
  expect_failures = [var.extra_secrets]
}

run "refuses_alert_address_that_is_none" {
  command = plan
  variables {
    monitoring = { emails = ["oncall"] }
  }
  expect_failures = [var.monitoring]
}

run "refuses_notification_channel_by_display_name" {
  command = plan
  variables {
    monitoring = { notification_channels = ["On call"] }
  }
  expect_failures = [var.monitoring]
}

run "refuses_alert_threshold_of_zero" {
  command = plan
  variables {
    monitoring = { call_failures_percent = 0 }
  }
  expect_failures = [var.monitoring]
}

run "refuses_name_too_long_for_a_service_account" {
  command = plan
  variables {
    name = "vaani-of-the-north-east"
  }
  expect_failures = [var.name]
}

run "refuses_project_number" {
  command = plan
  variables {
    project_id = "123456789012"
  }
  expect_failures = [var.project_id]
}

run "refuses_public_agent_name_with_a_space" {
  command = plan
  variables {
    public_agent_name = "my agent"
  }
  expect_failures = [var.public_agent_name]
}

run "refuses_zone_as_region" {
  command = plan
  variables {
    region = "asia-south1-a"
  }
  expect_failures = [var.region]
}

run "refuses_release_name_with_a_dot" {
  command = plan
  variables {
    active_release = "1.0"
    releases       = { "1.0" = { image = "r/w@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" } }
  }
  expect_failures = [var.releases]
}

run "refuses_image_by_tag" {
  command = plan
  variables {
    active_release = "a"
    releases       = { a = { image = "r/w:latest" } }
  }
  expect_failures = [var.releases]
}

run "refuses_half_an_instance" {
  command = plan
  variables {
    active_release = "a"
    releases       = { a = { image = "r/w@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", instances = 1.5 } }
  }
  expect_failures = [var.releases]
}

run "refuses_three_cpus" {
  command = plan
  variables {
    active_release = "a"
    releases       = { a = { image = "r/w@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", cpu = 3 } }
  }
  expect_failures = [var.releases]
}

run "refuses_too_little_memory" {
  command = plan
  variables {
    active_release = "a"
    releases       = { a = { image = "r/w@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", memory_gib = 1 } }
  }
  expect_failures = [var.releases]
}

run "refuses_too_much_memory_for_the_cpus" {
  command = plan
  variables {
    active_release = "a"
    releases       = { a = { image = "r/w@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", cpu = 1, memory_gib = 8 } }
  }
  expect_failures = [var.releases]
}

run "refuses_no_calls_at_all" {
  command = plan
  variables {
    active_release = "a"
    releases       = { a = { image = "r/w@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", max_calls = 0 } }
  }
  expect_failures = [var.releases]
}

run "refuses_pin_of_a_secret_the_worker_does_not_read" {
  command = plan
  variables {
    active_release = "a"
    releases       = { a = { image = "r/w@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", secret_versions = { TOKEN_HMAC_KEYS = 1 } } }
  }
  expect_failures = [var.releases]
}

run "refuses_pin_of_half_a_version" {
  command = plan
  variables {
    active_release = "a"
    releases       = { a = { image = "r/w@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", secret_versions = { OPENAI_API_KEY = 1.5 } } }
  }
  expect_failures = [var.releases]
}

run "refuses_release_setting_of_another_process" {
  command = plan
  variables {
    active_release = "a"
    releases       = { a = { image = "r/w@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", environment = { TOKEN_AUTH = "none" } } }
  }
  expect_failures = [var.releases]
}

run "refuses_secret_values_that_are_not_all_there" {
  command = plan
  variables {
    write_secret_values = true
    secret_values       = { OPENAI_API_KEY = "x" }
  }
  expect_failures = [var.secret_values]
}

run "refuses_secret_value_nobody_reads" {
  command = plan
  variables {
    secret_values = { OPEN_AI_KEY = "x" }
  }
  expect_failures = [var.secret_values]
}

run "refuses_secret_value_with_a_line_break" {
  command = plan
  variables {
    secret_values = { OPENAI_API_KEY = "x\n" }
  }
  expect_failures = [var.secret_values]
}

run "refuses_version_of_a_secret_nobody_reads" {
  command = plan
  variables {
    secret_versions = { OPEN_AI_KEY = 2 }
  }
  expect_failures = [var.secret_versions]
}

run "refuses_version_zero" {
  command = plan
  variables {
    secret_versions = { OPENAI_API_KEY = 0 }
  }
  expect_failures = [var.secret_versions]
}

run "refuses_origin_with_a_path" {
  command = plan
  variables {
    token_allowed_origins = ["https://app.example.com/"]
  }
  expect_failures = [var.token_allowed_origins]
}

run "refuses_hmac_without_keys" {
  command = plan
  variables {
    token_auth = { mode = "hmac" }
  }
  expect_failures = [var.token_auth]
}

run "refuses_issuer_over_http" {
  command = plan
  variables {
    token_auth = { oidc_issuer = "http://issuer.example.com", oidc_jwks_url = "https://issuer.example.com/jwks" }
  }
  expect_failures = [var.token_auth]
}

run "refuses_issuer_with_the_keys_of_another" {
  command = plan
  variables {
    token_auth = { oidc_issuer = "https://issuer.example.com" }
  }
  expect_failures = [var.token_auth]
}

run "refuses_authentication_switched_off_by_environment" {
  command = plan
  variables {
    token_environment = { TOKEN_ALLOW_ANONYMOUS = "true" }
  }
  expect_failures = [var.token_environment]
}

run "refuses_more_idle_than_total_instances" {
  command = plan
  variables {
    token_function = { min_instances = 5, max_instances = 2 }
  }
  expect_failures = [var.token_function]
}

run "refuses_function_without_a_cost_cap" {
  command = plan
  variables {
    token_function = { max_instances = 1000 }
  }
  expect_failures = [var.token_function]
}

run "refuses_concurrency_on_half_a_cpu" {
  command = plan
  variables {
    token_function = { cpu = 0.5 }
  }
  expect_failures = [var.token_function]
}

run "refuses_concurrency_beyond_the_platform" {
  command = plan
  variables {
    token_function = { concurrency = 2000 }
  }
  expect_failures = [var.token_function]
}

run "refuses_unknown_ingress" {
  command = plan
  variables {
    token_function = { ingress = "PUBLIC" }
  }
  expect_failures = [var.token_function]
}

run "refuses_outdated_runtime" {
  command = plan
  variables {
    token_function = { runtime = "python38" }
  }
  expect_failures = [var.token_function]
}

run "refuses_function_that_lets_callers_wait" {
  command = plan
  variables {
    token_function = { timeout_seconds = 600 }
  }
  expect_failures = [var.token_function]
}

run "refuses_everyone_as_an_invoker" {
  command = plan
  variables {
    token_invokers = ["allUsers"]
  }
  expect_failures = [var.token_invokers]
}

run "refuses_secret_in_the_environment" {
  command = plan
  variables {
    extra_secrets      = { WORKER_SEALING_KEY = "worker" }
    worker_environment = { WORKER_SEALING_KEY = "abc" }
  }
  expect_failures = [var.worker_environment]
}

run "refuses_to_retire_the_active_release" {
  command = plan
  variables {
    active_release = "a"
    releases       = { a = { image = "r/w@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", retired = true } }
  }
  expect_failures = [var.active_release]
}

run "refuses_a_closed_function_without_the_invoker_check" {
  command = plan
  variables {
    disable_invoker_check = true
  }
  expect_failures = [var.disable_invoker_check]
}

run "refuses_a_rate_that_bans_a_mobile_operator" {
  command = plan
  variables {
    cloud_armor = { domain = "calls.example.com", requests_per_minute = 60 }
  }
  expect_failures = [var.cloud_armor]
}

run "refuses_a_repository_id_that_is_a_name" {
  command = plan
  variables {
    ci = { github_repository = "acme/vaani", github_repository_id = "acme/vaani" }
  }
  expect_failures = [var.ci]
}

run "refuses_a_pool_id_that_google_keeps_for_itself" {
  command = plan
  variables {
    ci = { github_repository = "acme/vaani", pool_id = "gcp-ci" }
  }
  expect_failures = [var.ci]
}

run "refuses_another_word_for_the_livekit_key" {
  command = plan
  variables {
    token_livekit_key = "mine"
  }
  expect_failures = [var.token_livekit_key]
}

run "refuses_origin_of_a_file" {
  command = plan
  variables {
    token_allowed_origins = ["file://localhost"]
  }
  expect_failures = [var.token_allowed_origins]
}

run "refuses_page_over_plain_http" {
  command = plan
  variables {
    token_allowed_origins = ["http://app.example.com"]
  }
  expect_failures = [var.token_allowed_origins]
}

run "refuses_records_that_are_wrong_in_every_field" {
  command = plan
  variables {
    records = {
      admins      = ["user:dba@example.com"], availability = "BOTH", backup_days = 0, tier = "n1-standard-1", version = "MYSQL_8_0",
      proxy_image = "gcr.io/cloud-sql-connectors/cloud-sql-proxy:latest"
    }
  }
  expect_failures = [var.records]
}

run "refuses_a_place_for_records_that_is_said_twice" {
  command = plan
  variables {
    records            = {}
    worker_environment = { WORKER_RECORDS_URL = "postgresql+asyncpg://elsewhere/vaani" }
  }
  expect_failures = [var.records]
}

run "refuses_a_place_for_recordings_that_is_said_twice" {
  command = plan
  variables {
    recordings         = { delete_after_days = 30 }
    worker_environment = { WORKER_RECORDINGS_URL = "gs://elsewhere" }
  }
  expect_failures = [var.recordings]
}

run "refuses_recordings_that_nothing_would_delete" {
  command = plan
  variables {
    recordings = {}
  }
  expect_failures = [var.recordings]
}

run "refuses_recordings_deleted_at_once" {
  command = plan
  variables {
    recordings = { delete_after_days = 0 }
  }
  expect_failures = [var.recordings]
}

run "refuses_a_console_for_everybody_with_nothing_to_show" {
  command = plan
  variables {
    console = { image = "r/console:2026-11-29", viewers = ["allUsers"], words_for = ["Asha"] }
  }
  expect_failures = [var.console]
}

run "refuses_a_console_without_records" {
  command = plan
  variables {
    console = { image = "r/console@sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc", viewers = ["group:calls@example.com"] }
  }
  expect_failures = [var.console]
}

run "refuses_a_collector_that_may_become_another" {
  command = plan
  variables {
    telemetry = { collector_image = "r/otelcol-google:latest" }
  }
  expect_failures = [var.telemetry]
}

run "refuses_a_place_for_traces_that_is_said_twice" {
  command = plan
  variables {
    telemetry         = {}
    token_environment = { OTEL_EXPORTER_OTLP_ENDPOINT = "http://collector:4318" }
  }
  expect_failures = [var.telemetry]
}

run "refuses_another_platform" {
  command = plan
  variables {
    active_release = "a"
    releases       = { a = { image = "r/w@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", platform = "gae" } }
  }
  expect_failures = [var.releases]
}

run "refuses_a_fleet_without_a_measure" {
  command = plan
  variables {
    active_release = "a"
    releases       = { a = { image = "r/w@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", platform = "gke" } }
  }
  expect_failures = [var.releases]
}
