# The life of a release, applied step by step: the old pool is not touched until it is taken away.

mock_provider "google" {}

variables {
  project_id       = "my-project"
  token_source_zip = "tests/fixtures/token.zip"
  secret_values    = {}
  active_release   = "old"
  releases = {
    old = { image = "r/worker@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" }
  }
}

run "first_release" {
  assert {
    condition     = output.releases["old"].active
    error_message = "The first release takes the calls."
  }
}

run "refuses_another_image_in_a_running_pool" {
  command = plan
  variables {
    releases = { old = { image = "r/worker@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" } }
  }
  expect_failures = [google_cloud_run_v2_worker_pool.worker]
}

run "refuses_another_secret_version_in_a_running_pool" {
  command = plan
  variables {
    secret_versions = { SARVAM_API_KEY = 2 }
  }
  expect_failures = [google_cloud_run_v2_worker_pool.worker]
}

run "refuses_another_setting_in_a_running_pool" {
  command = plan
  variables {
    worker_environment = { TTS_MODEL = "bulbul:v3" }
  }
  expect_failures = [google_cloud_run_v2_worker_pool.worker]
}

run "more_instances_are_no_restart" {
  command = plan
  variables {
    releases = { old = { image = "r/worker@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", instances = 4 } }
  }
  assert {
    condition     = google_cloud_run_v2_worker_pool.worker["old"].scaling[0].manual_instance_count == 4
    error_message = "A pool can be made larger while it runs."
  }
}

run "new_release_beside_it_with_a_new_key" {
  variables {
    secret_versions = { SARVAM_API_KEY = 2 }
    releases = {
      old = { image = "r/worker@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", secret_versions = { SARVAM_API_KEY = 1 } }
      new = { image = "r/worker@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" }
    }
  }
  assert {
    condition     = google_cloud_run_v2_worker_pool.worker["old"].uid == run.first_release.pool_uids["old"]
    error_message = "The old pool is the one that was there."
  }
  assert {
    condition     = google_cloudfunctions2_function.token[0].service_config[0].environment_variables["AGENT_NAME"] == "vaani-old"
    error_message = "New calls still go to the old release."
  }
}

run "switch" {
  variables {
    active_release  = "new"
    secret_versions = { SARVAM_API_KEY = 2 }
    releases = {
      old = { image = "r/worker@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", secret_versions = { SARVAM_API_KEY = 1 } }
      new = { image = "r/worker@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" }
    }
  }
  assert {
    condition     = google_cloudfunctions2_function.token[0].service_config[0].environment_variables["AGENT_NAME"] == "vaani-new"
    error_message = "New calls go to the new release."
  }
  assert {
    condition     = google_cloud_run_v2_worker_pool.worker["old"].uid == run.first_release.pool_uids["old"]
    error_message = "The old pool keeps its calls."
  }
}

run "removal_of_the_old_release" {
  variables {
    active_release  = "new"
    secret_versions = { SARVAM_API_KEY = 2 }
    releases        = { new = { image = "r/worker@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" } }
  }
  assert {
    condition     = keys(google_cloud_run_v2_worker_pool.worker) == ["new"] && google_cloud_run_v2_worker_pool.worker["new"].uid == run.switch.pool_uids["new"]
    error_message = "The old pool goes; the new one is not touched."
  }
}

run "in_place_only_when_asked_for" {
  variables {
    active_release  = "new"
    secret_versions = { SARVAM_API_KEY = 3 }
    releases        = { new = { image = "r/worker@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", update_in_place = true } }
  }
  assert {
    condition     = google_cloud_run_v2_worker_pool.worker["new"].uid == run.switch.pool_uids["new"]
    error_message = "Even then the pool is updated, not made anew."
  }
}

run "refuses_again_once_it_is_taken_back" {
  variables {
    active_release  = "new"
    secret_versions = { SARVAM_API_KEY = 3 }
    releases        = { new = { image = "r/worker@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" } }
  }
}

run "refused_again" {
  command = plan
  variables {
    active_release  = "new"
    secret_versions = { SARVAM_API_KEY = 4 }
    releases        = { new = { image = "r/worker@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" } }
  }
  expect_failures = [google_cloud_run_v2_worker_pool.worker]
}
