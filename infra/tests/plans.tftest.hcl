# What is planned, from nothing to a full deployment, and through a release. No credentials, no cloud.

mock_provider "google" {
  mock_resource "google_service_account" {
    defaults = { email = "account@my-project.iam.gserviceaccount.com", member = "serviceAccount:account@my-project.iam.gserviceaccount.com" }
  }
  mock_resource "google_secret_manager_secret_version" {
    defaults = { version = "1" }
  }
}

# Each identity its own name, so that a grant to the wrong one shows.
override_resource {
  target = google_service_account.token
  values = { email = "token@my-project.iam", member = "serviceAccount:token@my-project.iam" }
}
override_resource {
  target = google_service_account.worker
  values = { email = "worker@my-project.iam", member = "serviceAccount:worker@my-project.iam" }
}
override_resource {
  target = google_service_account.token_build
  values = { email = "build@my-project.iam", member = "serviceAccount:build@my-project.iam" }
}

override_resource {
  target = google_service_account.console
  values = { email = "console@my-project.iam", member = "serviceAccount:console@my-project.iam" }
}
# Every bucket knows its project's number.
override_resource {
  target = google_storage_bucket.token_source
  values = { project_number = 123456789012 }
}

variables {
  project_id       = "my-project"
  token_source_zip = "tests/fixtures/token.zip"
  secret_values    = {}
}

run "foundation_has_no_function_and_no_worker" {
  command = plan

  assert {
    condition     = length(google_cloudfunctions2_function.token) == 0 && length(google_cloud_run_v2_worker_pool.worker) == 0
    error_message = "Without a release nothing runs and nothing is billed by the hour."
  }
  assert {
    condition     = toset(keys(google_secret_manager_secret.this)) == toset(["LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "LIVEKIT_URL", "OPENAI_API_KEY", "SARVAM_API_KEY"])
    error_message = "The five secrets are there to be filled."
  }
  assert {
    condition     = length(google_secret_manager_secret_version.this) == 0
    error_message = "Without write_secret_values Terraform makes no version."
  }
  assert {
    condition     = !contains(keys(google_project_service.this), "compute.googleapis.com")
    error_message = "APIs of what is off stay off."
  }
  assert {
    condition     = length(google_sql_database_instance.records) + length(google_storage_bucket.recordings) + length(google_cloud_run_v2_service.console) + length(google_compute_network.this) == 0
    error_message = "Nothing that keeps calls, and nothing billed by the hour, unless asked for."
  }
  assert {
    condition     = length(google_project_iam_member.telemetry) == 0 && !contains(keys(google_project_service.this), "telemetry.googleapis.com")
    error_message = "Nobody tells Cloud Trace anything unless asked to."
  }
}

run "minimal" {
  command = plan
  variables {
    active_release = "2026-11-22"
    releases       = { "2026-11-22" = { image = "r/worker@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" } }
  }

  assert {
    condition     = length(google_cloud_run_v2_service_iam_member.token_public) == 0
    error_message = "No public invoker unless asked for."
  }
  assert {
    condition     = google_cloudfunctions2_function.token[0].service_config[0].environment_variables["AGENT_NAME"] == "vaani-2026-11-22"
    error_message = "The function dispatches the active release."
  }
  assert {
    condition     = google_cloudfunctions2_function.token[0].service_config[0].environment_variables["TOKEN_PUBLIC_AGENT_NAME"] == "vaani"
    error_message = "Clients keep asking for the public name."
  }
  assert {
    condition     = google_cloudfunctions2_function.token[0].service_config[0].environment_variables["TOKEN_OIDC_ISSUER"] == "https://securetoken.google.com/my-project"
    error_message = "By default callers sign in with this project's Firebase Authentication."
  }
  assert {
    condition     = google_cloudfunctions2_function.token[0].service_config[0].max_instance_request_concurrency > 1 && google_cloudfunctions2_function.token[0].service_config[0].max_instance_count <= 10
    error_message = "Trap: concurrency defaults to 1 and instances to no limit."
  }
  assert {
    condition     = toset([for s in google_cloudfunctions2_function.token[0].service_config[0].secret_environment_variables : s.key]) == toset(["LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "LIVEKIT_URL"])
    error_message = "The function gets the LIVEKIT_* secrets and no provider key."
  }
  assert {
    condition     = alltrue([for s in google_cloudfunctions2_function.token[0].service_config[0].secret_environment_variables : can(tonumber(s.version))])
    error_message = "Trap: `latest` would change under a running function."
  }
  assert {
    condition     = google_storage_bucket_object.token_source[0].name == "token-${filesha256("tests/fixtures/token.zip")}.zip"
    error_message = "The archive's name carries its hash."
  }
  assert {
    condition     = google_cloud_run_v2_worker_pool.worker["2026-11-22"].template[0].containers[0].startup_probe[0].http_get[0].port == 8081
    error_message = "The worker is probed where it answers."
  }
  assert {
    condition = one([
      for e in google_cloud_run_v2_worker_pool.worker["2026-11-22"].template[0].containers[0].env : e.value if e.name == "NUM_CPUS"
    ]) == google_cloud_run_v2_worker_pool.worker["2026-11-22"].template[0].containers[0].resources[0].limits["cpu"]
    error_message = "Trap: without NUM_CPUS livekit-agents counts the host's processors."
  }
  assert {
    condition = one([
      for e in google_cloud_run_v2_worker_pool.worker["2026-11-22"].template[0].containers[0].env : tonumber(e.value) if e.name == "WORKER_DRAIN_SECONDS"
    ]) < 10
    error_message = "Trap: Cloud Run kills 10 s after SIGTERM; a goodbye needs to be said before."
  }
  assert {
    condition     = google_cloud_run_v2_worker_pool.worker["2026-11-22"].deletion_protection
    error_message = "A pool that has calls is not removed without being asked for."
  }
  assert {
    condition     = google_cloud_run_v2_worker_pool.worker["2026-11-22"].scaling[0].manual_instance_count >= 2
    error_message = "A stopping instance needs another one to hand its calls to."
  }
  assert {
    condition = one([
      for e in google_cloud_run_v2_worker_pool.worker["2026-11-22"].template[0].containers[0].env : e.value if e.name == "WORKER_HANDOVER_AGENT_NAME"
    ]) == "vaani-2026-11-22"
    error_message = "The calls of a stopping instance go to another instance of its release."
  }
  assert {
    condition     = google_artifact_registry_repository.this["worker"].docker_config[0].immutable_tags && google_artifact_registry_repository_iam_member.token_build.repository == "vaani-functions"
    error_message = "A pushed image stays what it is, and the function's builds go elsewhere."
  }
  assert {
    condition     = alltrue([for p in google_monitoring_alert_policy.event : strcontains(p.conditions[0].condition_matched_log[0].filter, "jsonPayload.message=\"")])
    error_message = "The worker writes an event's name as the line's message: a search for another field finds nothing."
  }
  assert {
    condition     = length(google_compute_security_policy.token) + length(google_iam_workload_identity_pool.ci) == 0
    error_message = "What costs or opens something is off until asked for."
  }
  assert {
    condition = (
      length(google_cloud_run_v2_worker_pool.worker["2026-11-22"].template[0].containers) == 1 &&
      length(google_cloud_run_v2_worker_pool.worker["2026-11-22"].template[0].vpc_access) == 0 &&
      length(setintersection(["OTEL_EXPORTER_OTLP_ENDPOINT", "WORKER_RECORDS_URL", "WORKER_RECORDINGS_URL"], [for e in google_cloud_run_v2_worker_pool.worker["2026-11-22"].template[0].containers[0].env : e.name])) == 0
    )
    error_message = "A worker that keeps nothing has no database beside it, and one that tells nobody no collector."
  }
}

run "full" {
  variables {
    active_release        = "2026-11-22"
    allow_unauthenticated = true
    ci                    = { github_repository = "acme/vaani", github_repository_id = "123456789", pool_id = "vaani-ci-2" }
    cloud_armor           = { domain = "calls.example.com", deny_ip_ranges = ["203.0.113.0/24"] }
    extra_secrets         = { TOKEN_HMAC_KEYS = "token", WORKER_SEALING_KEY = "worker", SHARED = "both" }
    monitoring            = { emails = ["oncall@example.com"], notification_channels = ["projects/my-project/notificationChannels/1"] }
    token_allowed_origins = ["https://app.example.com", "capacitor://localhost", "ionic://localhost", "tauri://localhost", "http://tauri.localhost", "app://-"]
    console               = { image = "r/console@sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc", viewers = ["group:calls@example.com"], words_for = ["asha@example.com", "@quality.example.com"] }
    recordings            = {}
    records               = { admins = ["dba@example.com"] }
    telemetry             = {}
    token_auth            = { mode = "hmac" }
    token_environment     = { TOKEN_RATE_PER_CALLER = "30" }
    worker_environment    = { TTS_MODEL = "bulbul:v3" }
    write_secret_values   = true
    secret_values = {
      LIVEKIT_URL     = "wss://a", LIVEKIT_API_KEY = "b", LIVEKIT_API_SECRET = "c", OPENAI_API_KEY = "d", SARVAM_API_KEY = "e",
      TOKEN_HMAC_KEYS = "f", WORKER_SEALING_KEY = "g", SHARED = "h", CONSOLE_CURSOR_SECRET = "i",
    }
    releases = {
      "2026-11-22" = {
        image       = "r/worker@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        environment = { TTS_MODEL = "bulbul:v4-flash" }
        instances   = 3
        max_calls   = 12
        cpu         = 4
        memory_gib  = 8
      }
    }
  }

  assert {
    condition     = google_cloud_run_v2_service_iam_member.token_public[0].member == "allUsers" && google_cloud_run_v2_service_iam_member.token_public[0].name == "vaani-token"
    error_message = "Trap: public access of a function is granted on the Cloud Run service below it."
  }
  assert {
    condition     = google_cloudfunctions2_function.token[0].service_config[0].ingress_settings == "ALLOW_INTERNAL_AND_GCLB"
    error_message = "With Cloud Armor, nobody gets past it by the function's own address."
  }
  assert {
    condition     = google_cloudfunctions2_function.token[0].service_config[0].environment_variables["TOKEN_TRUSTED_PROXY_HOPS"] == "2"
    error_message = "Behind the load balancer the caller's address is one further to the left."
  }
  assert {
    condition     = !contains(keys(google_cloudfunctions2_function.token[0].service_config[0].environment_variables), "TOKEN_OIDC_ISSUER")
    error_message = "hmac has no issuer."
  }
  assert {
    condition     = toset(keys(google_secret_manager_secret_iam_member.token)) == toset(["LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "LIVEKIT_URL", "SHARED", "TOKEN_HMAC_KEYS"])
    error_message = "The function reads its secrets and no other."
  }
  assert {
    condition     = toset(keys(google_secret_manager_secret_iam_member.worker)) == toset(["LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "LIVEKIT_URL", "OPENAI_API_KEY", "SARVAM_API_KEY", "SHARED", "WORKER_SEALING_KEY"])
    error_message = "The worker reads its secrets and no other."
  }
  assert {
    condition     = alltrue([for v in google_secret_manager_secret_version.this : v.secret_data == null && v.secret_data_wo == null])
    error_message = "Trap: secret_data lands in state; only the write-only argument may be used."
  }
  assert {
    condition     = one([for e in google_cloud_run_v2_worker_pool.worker["2026-11-22"].template[0].containers[0].env : e.value if e.name == "TTS_MODEL"]) == "bulbul:v4-flash"
    error_message = "A release's own setting wins."
  }
  assert {
    condition     = one([for e in google_cloud_run_v2_worker_pool.worker["2026-11-22"].template[0].containers[0].env : e.value if e.name == "WORKER_MAX_CALLS"]) == "12"
    error_message = "max_calls reaches the worker."
  }
  assert {
    condition     = strcontains(google_iam_workload_identity_pool_provider.github[0].attribute_condition, "assertion.repository == 'acme/vaani'") && strcontains(google_iam_workload_identity_pool_provider.github[0].attribute_condition, "assertion.ref == 'refs/heads/main'")
    error_message = "Trap: a provider without a condition trusts every repository on GitHub."
  }
  assert {
    condition     = strcontains(google_iam_workload_identity_pool_provider.github[0].attribute_condition, "assertion.repository_id == '123456789'") && endswith(google_service_account_iam_member.ci[0].member, "attribute.repository_id/123456789")
    error_message = "A name can be taken by somebody else; a number cannot."
  }
  assert {
    condition     = strcontains(google_iam_workload_identity_pool_provider.github[0].attribute_condition, "assertion.event_name in [") && !strcontains(google_iam_workload_identity_pool_provider.github[0].attribute_condition, "pull_request")
    error_message = "pull_request_target runs a stranger's change on the base branch's ref."
  }
  assert {
    condition     = google_iam_workload_identity_pool.ci[0].workload_identity_pool_id == "vaani-ci-2"
    error_message = "A pool's id is reserved for 30 days after a destroy: another one must be possible."
  }
  assert {
    condition     = one([for r in google_compute_security_policy.token[0].rule : r.rate_limit_options[0].rate_limit_threshold[0].count if r.action == "rate_based_ban"]) >= 600
    error_message = "Thousands of callers share one address behind a mobile operator."
  }
  assert {
    condition     = strcontains(one([for r in google_compute_security_policy.token[0].rule : r.match[0].expr[0].expression if r.priority == 200]), "'^(POST|OPTIONS|GET|HEAD)$'")
    error_message = "An unanchored pattern lets every method through whose name contains one of these."
  }
  assert {
    condition     = length([for r in google_compute_security_policy.token[0].rule : r if r.action == "rate_based_ban"]) == 1
    error_message = "Cloud Armor limits the rate per address."
  }
  assert {
    condition     = alltrue([for p in concat(values(google_monitoring_alert_policy.this), values(google_monitoring_alert_policy.event)) : length(p.notification_channels) == 2])
    error_message = "Every alert reaches everyone who asked for it."
  }

  # Records
  assert {
    condition = (
      !google_sql_database_instance.records[0].settings[0].ip_configuration[0].ipv4_enabled &&
      google_sql_database_instance.records[0].settings[0].ip_configuration[0].ssl_mode == "ENCRYPTED_ONLY" &&
      google_sql_database_instance.records[0].deletion_protection && google_sql_database_instance.records[0].settings[0].deletion_protection_enabled
    )
    error_message = "The database has a private address only, speaks TLS only, and is not destroyed unasked."
  }
  assert {
    condition = (
      google_sql_database_instance.records[0].region == "asia-south1" &&
      google_sql_database_instance.records[0].settings[0].backup_configuration[0].location == "asia-south1" &&
      google_sql_database_instance.records[0].settings[0].backup_configuration[0].enabled &&
      google_sql_database_instance.records[0].settings[0].backup_configuration[0].point_in_time_recovery_enabled
    )
    error_message = "Trap: backups go to a multi-region, out of India, unless a location is named."
  }
  assert {
    condition     = toset([for u in google_sql_user.records : "${u.name} ${u.type}"]) == toset(["vaani-worker@my-project.iam CLOUD_IAM_SERVICE_ACCOUNT", "vaani-console@my-project.iam CLOUD_IAM_SERVICE_ACCOUNT"]) && alltrue([for u in concat(values(google_sql_user.records), values(google_sql_user.records_admin)) : u.password == null]) && google_sql_database_instance.records[0].root_password == null
    error_message = "Everybody logs in by IAM: no password, so none in state."
  }
  assert {
    condition     = alltrue([for m in concat(values(google_project_iam_member.records), values(google_project_iam_member.records_admin)) : strcontains(m.condition[0].expression, "instances/vaani-records\"")])
    error_message = "Nobody reaches another database of the project."
  }
  assert {
    condition = one([for c in google_cloud_run_v2_worker_pool.worker["2026-11-22"].template[0].containers : c.args if c.name == "cloud-sql-proxy"]) == tolist(local.records_proxy_arguments) && alltrue([
      for a in ["--auto-iam-authn", "--private-ip", "--address=127.0.0.1", "my-project:asia-south1:vaani-records"] : contains(local.records_proxy_arguments, a)
    ])
    error_message = "The proxy beside the worker logs in for it, and listens to nobody else."
  }
  assert {
    condition     = google_cloud_run_v2_worker_pool.worker["2026-11-22"].template[0].vpc_access[0].egress == "PRIVATE_RANGES_ONLY"
    error_message = "Trap: with ALL_TRAFFIC the calls' sound would need a NAT."
  }
  assert {
    condition = {
      for e in google_cloud_run_v2_worker_pool.worker["2026-11-22"].template[0].containers[0].env : e.name => e.value if startswith(e.name, "WORKER_RECORD")
      } == {
      WORKER_RECORDINGS_URL = "gs://my-project-vaani-recordings"
      WORKER_RECORDS_READER = "vaani-console@my-project.iam"
      WORKER_RECORDS_URL    = "postgresql+asyncpg://vaani-worker%40my-project.iam@127.0.0.1:5432/vaani"
    }
    error_message = "The worker is told where records and recordings go, and who may read them."
  }
  assert {
    condition     = output.records_grants == "GRANT USAGE, CREATE ON SCHEMA public TO \"vaani-worker@my-project.iam\";" && google_sql_database_instance.records[0].settings[0].data_api_access == "ALLOW_DATA_API"
    error_message = "The administrator has the SQL to run, and a way to run it while they are named."
  }
  assert {
    condition     = google_cloud_run_v2_job.records[0].template[0].template[0].containers[0].image == var.releases["2026-11-22"].image && google_cloud_run_v2_job.records[0].template[0].template[0].service_account == "worker@my-project.iam"
    error_message = "`python -m records` can be run where the database can be reached."
  }

  # Recordings
  assert {
    condition = (
      google_storage_bucket.recordings[0].location == "asia-south1" &&
      google_storage_bucket.recordings[0].public_access_prevention == "enforced" && google_storage_bucket.recordings[0].uniform_bucket_level_access &&
      !google_storage_bucket.recordings[0].force_destroy
    )
    error_message = "In the region, nobody from outside, and not destroyed with what is in it."
  }
  assert {
    condition     = google_storage_bucket.recordings[0].soft_delete_policy[0].retention_duration_seconds == 0 && !google_storage_bucket.recordings[0].versioning[0].enabled && length(google_storage_bucket.recordings[0].retention_policy) == 0
    error_message = "Trap: by default a deleted object is kept for seven days: an erasure would be none."
  }
  assert {
    condition = (
      google_kms_key_ring.recordings[0].location == "asia-south1" && google_kms_crypto_key.recordings[0].rotation_period == "7776000s" &&
      google_kms_crypto_key_iam_member.recordings[0].member == "serviceAccount:service-123456789012@gs-project-accounts.iam.gserviceaccount.com"
    )
    error_message = "A key of one's own, rotated, that Cloud Storage may use."
  }
  assert {
    condition = (
      google_storage_bucket_iam_member.recordings_worker[0].role == "roles/storage.legacyBucketWriter" && google_storage_bucket_iam_member.recordings_worker[0].member == "serviceAccount:worker@my-project.iam" &&
      google_storage_bucket_iam_member.recordings_console[0].role == "roles/storage.objectViewer" && google_storage_bucket_iam_member.recordings_console[0].member == "serviceAccount:console@my-project.iam"
    )
    error_message = "The worker stores and erases, the console listens: neither can do the other's."
  }

  # Traces and metrics
  assert {
    condition     = toset([for c in google_cloud_run_v2_worker_pool.worker["2026-11-22"].template[0].containers : c.name]) == toset(["worker", "cloud-sql-proxy", "collector"])
    error_message = "The collector stands beside the worker, as the proxy does."
  }
  assert {
    condition     = google_cloudfunctions2_function.token[0].service_config[0].environment_variables["OTEL_EXPORTER_OTLP_ENDPOINT"] == "https://telemetry.googleapis.com"
    error_message = "Nothing can stand beside the function: its spans go straight to Google."
  }
  assert {
    condition = toset([for m in google_project_iam_member.telemetry : "${m.member} ${m.role}"]) == toset([
      "serviceAccount:token@my-project.iam roles/telemetry.tracesWriter",
      "serviceAccount:worker@my-project.iam roles/monitoring.metricWriter", "serviceAccount:worker@my-project.iam roles/telemetry.tracesWriter",
    ])
    error_message = "Each may add to what the project is told, and read none of it."
  }

  # The console
  assert {
    condition     = google_cloud_run_v2_service.console[0].iap_enabled && google_cloud_run_v2_service.console[0].template[0].service_account == "console@my-project.iam" && google_cloud_run_v2_service.console[0].scaling[0].min_instance_count == 0 && google_cloud_run_v2_service.console[0].scaling[0].max_instance_count == 1
    error_message = "Behind the proxy, as itself, and only while somebody looks."
  }
  assert {
    condition = {
      for e in google_cloud_run_v2_service.console[0].template[0].containers[0].env : e.name => e.value if e.name != "CONSOLE_CURSOR_SECRET"
      } == {
      CONSOLE_IAP_AUDIENCE   = "/projects/123456789012/locations/asia-south1/services/vaani-console"
      CONSOLE_RECORDINGS_URL = "gs://my-project-vaani-recordings"
      CONSOLE_RECORDS_URL    = "postgresql+asyncpg://vaani-console%40my-project.iam@127.0.0.1:5432/vaani"
      CONSOLE_WORDS_FOR      = "@quality.example.com,asha@example.com"
    }
    error_message = "The console checks the proxy's assertion for this very service."
  }
  assert {
    condition = (
      google_cloud_run_v2_service_iam_member.console[0].member == "serviceAccount:service-123456789012@gcp-sa-iap.iam.gserviceaccount.com" &&
      google_project_iam_member.console_viewer["group:calls@example.com"].condition[0].expression == "request.host == \"vaani-console-123456789012.asia-south1.run.app\"" &&
      output.console_url == "https://vaani-console-123456789012.asia-south1.run.app"
    )
    error_message = "Only the proxy reaches the service, and the proxy lets in those named, to nothing else of the project."
  }
  assert {
    condition     = keys(google_secret_manager_secret_iam_member.console) == ["CONSOLE_CURSOR_SECRET"]
    error_message = "The console reads its one secret."
  }
}

run "two_releases_run_side_by_side" {
  command = plan
  variables {
    active_release = "a"
    releases = {
      a = { image = "r/worker@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" }
      b = { image = "r/worker@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", secret_versions = { OPENAI_API_KEY = 2 } }
    }
  }

  assert {
    condition     = google_cloud_run_v2_worker_pool.worker["a"].name != google_cloud_run_v2_worker_pool.worker["b"].name
    error_message = "Each release has its own pool."
  }
  assert {
    condition = (
      one([for e in google_cloud_run_v2_worker_pool.worker["a"].template[0].containers[0].env : e.value if e.name == "AGENT_NAME"]) == "vaani-a" &&
      one([for e in google_cloud_run_v2_worker_pool.worker["b"].template[0].containers[0].env : e.value if e.name == "AGENT_NAME"]) == "vaani-b"
    )
    error_message = "Each release has its own dispatch name: no call of one lands on the other."
  }
  assert {
    condition = [
      for k in ["a", "b"] :
      one([for e in google_cloud_run_v2_worker_pool.worker[k].template[0].containers[0].env : e.value_source[0].secret_key_ref[0].version if e.name == "OPENAI_API_KEY"])
    ] == ["1", "2"]
    error_message = "A release can pin its own number of a secret."
  }
}

run "open_without_a_grant_to_all_users" {
  command = plan
  variables {
    active_release        = "a"
    allow_unauthenticated = true
    disable_invoker_check = true
    releases              = { a = { image = "r/worker@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" } }
  }

  assert {
    condition     = length(google_cloud_run_v2_service_iam_member.token_public) == 0 && length(terraform_data.token_invoker_check_off) == 1
    error_message = "Organisations with domain restricted sharing refuse allUsers: the check is switched off instead."
  }
}

run "the_function_with_a_key_of_its_own" {
  command = plan
  variables {
    active_release    = "a"
    token_livekit_key = "own"
    releases          = { a = { image = "r/worker@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" } }
  }

  assert {
    condition = toset([for s in google_cloudfunctions2_function.token[0].service_config[0].secret_environment_variables : "${s.key}=${s.secret}"]) == toset([
      "LIVEKIT_URL=vaani-livekit-url", "LIVEKIT_API_KEY=vaani-token-livekit-api-key", "LIVEKIT_API_SECRET=vaani-token-livekit-api-secret",
    ])
    error_message = "The function's variables keep their names; the secrets behind them are its own."
  }
  assert {
    condition     = !contains(keys(google_secret_manager_secret_iam_member.token), "LIVEKIT_API_SECRET") && !contains(keys(google_secret_manager_secret_iam_member.worker), "TOKEN_LIVEKIT_API_SECRET")
    error_message = "Neither reads the other's key."
  }
}

run "a_retired_release_may_be_removed" {
  command = plan
  variables {
    active_release = "a"
    releases = {
      a = { image = "r/worker@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" }
      b = { image = "r/worker@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", retired = true }
    }
  }

  assert {
    condition     = google_cloud_run_v2_worker_pool.worker["a"].deletion_protection && !google_cloud_run_v2_worker_pool.worker["b"].deletion_protection
    error_message = "Only what was retired may go."
  }
}

run "refuses_a_missing_archive" {
  command = plan
  variables {
    active_release   = "a"
    token_source_zip = "nowhere/token.zip"
    releases         = { a = { image = "r/w@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" } }
  }
  expect_failures = [google_storage_bucket_object.token_source]
}
