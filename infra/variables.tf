# Every choice a deployment makes, in alphabetical order. README.md explains them; a test keeps its table true.

variable "active_release" {
  description = "The release (a key of releases) that new calls go to. null deploys the foundation only: APIs, registry, secrets, identities."
  type        = string
  default     = null

  validation {
    condition     = var.active_release == null || contains(keys(var.releases), coalesce(var.active_release, "-"))
    error_message = "active_release must be a key of releases: new calls would be sent to workers that do not exist. Add the release, or name one of those there are."
  }
  validation {
    condition     = var.active_release != null || length(var.releases) == 0
    error_message = "releases has entries but active_release is null: name the one that new calls go to."
  }
  validation {
    condition     = try(var.releases[var.active_release].instances, 1) > 0
    error_message = "The active release has instances = 0: callers would wait for an agent that never comes. Give it at least 1, or switch active_release first."
  }
  validation {
    condition     = !try(var.releases[var.active_release].retired, false)
    error_message = "The active release is retired: new calls still go to it. Switch active_release first, wait until `make release-status` says that the old one is idle, then retire it."
  }
}

variable "allow_unauthenticated" {
  description = "Let anyone call the token function's address; its own authentication (token_auth, which cannot be none) then decides alone. Needed for phones and browsers."
  type        = bool
  default     = false
  nullable    = false
}

variable "artifact_registry" {
  description = "Clean-up of images: a version is deleted when older than delete_after_days, unless it is among the newest keep_recent_versions."
  type = object({
    delete_after_days    = optional(number, 30)
    keep_recent_versions = optional(number, 10)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.artifact_registry.delete_after_days >= 1 && var.artifact_registry.keep_recent_versions >= 2
    error_message = "artifact_registry: delete_after_days must be at least 1, and keep_recent_versions at least 2, so that a roll-back finds its image."
  }
}

variable "ci" {
  description = "Workload identity federation for GitHub Actions: pushes images from one repository and one git ref, without a key."
  type = object({
    github_repository    = string
    github_repository_id = optional(string)
    git_ref              = optional(string, "refs/heads/main")
    pool_id              = optional(string)
  })
  default = null

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", coalesce(try(var.ci.github_repository, null), "owner/name")))
    error_message = "ci.github_repository must be \"owner/name\", without https:// or .git."
  }
  validation {
    condition     = can(regex("^refs/(heads|tags)/[A-Za-z0-9._/-]+$", coalesce(try(var.ci.git_ref, null), "refs/heads/main")))
    error_message = "ci.git_ref must be a full ref such as \"refs/heads/main\": a bare branch name would never match."
  }
  validation {
    condition     = can(regex("^[0-9]+$", coalesce(try(var.ci.github_repository_id, null), "1")))
    error_message = "ci.github_repository_id must be the repository's number (gh api repos/OWNER/NAME --jq .id): a name can be given up and taken by somebody else, a number cannot."
  }
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}[a-z0-9]$", coalesce(try(var.ci.pool_id, null), "vaani-ci"))) && !startswith(coalesce(try(var.ci.pool_id, null), "vaani-ci"), "gcp-")
    error_message = "ci.pool_id must be 4 to 32 of a-z, 0-9 and -, starting with a letter and not with gcp-."
  }
}

variable "cloud_armor" {
  description = "An HTTPS load balancer with Cloud Armor rate rules in front of the token function, on a domain of yours; the direct address is then closed."
  type = object({
    domain              = string
    ban_seconds         = optional(number, 600)
    deny_ip_ranges      = optional(set(string), [])
    preview             = optional(bool, false)
    requests_per_minute = optional(number, 600)
  })
  default = null

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", coalesce(try(var.cloud_armor.domain, null), "calls.example.com")))
    error_message = "cloud_armor.domain must be a host name such as \"calls.example.com\", without https:// or a path."
  }
  validation {
    condition     = coalesce(try(var.cloud_armor.requests_per_minute, null), 600) >= 120
    error_message = "cloud_armor.requests_per_minute must be at least 120: it counts per address, thousands of callers share one behind a mobile operator, and a call takes two requests (the browser's OPTIONS counts)."
  }
  validation {
    condition     = contains([60, 120, 180, 240, 300, 600, 900, 1200, 1800, 2700, 3600], coalesce(try(var.cloud_armor.ban_seconds, null), 600))
    error_message = "cloud_armor.ban_seconds must be one of those that Cloud Armor knows: 60, 120, 180, 240, 300, 600, 900, 1200, 1800, 2700 or 3600."
  }
  validation {
    condition     = try(length(var.cloud_armor.deny_ip_ranges), 0) <= 10 && alltrue([for r in try(var.cloud_armor.deny_ip_ranges, []) : can(cidrhost(r, 0))])
    error_message = "cloud_armor.deny_ip_ranges takes at most 10 ranges in CIDR form, such as \"203.0.113.0/24\"."
  }
}

variable "console" {
  description = "The console on Cloud Run behind Identity-Aware Proxy: its image by digest, who may come in (viewers), and who of them may read words and hear recordings (words_for). Needs records."
  type = object({
    image     = string
    viewers   = set(string)
    words_for = optional(set(string), [])
  })
  default = null

  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.console == null ? "@sha256:${sha256("")}" : var.console.image))
    error_message = "console.image must end in @sha256: and 64 hex digits; docker push prints the digest."
  }
  validation {
    condition     = var.console == null || var.records != null
    error_message = "console shows records: set records as well, e.g. records = {}."
  }
  validation {
    condition = var.console == null || (
      try(length(var.console.viewers), 0) > 0 &&
      alltrue([for m in try(var.console.viewers, []) : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):.+", m))])
    )
    error_message = "console.viewers must name who may come in, e.g. [\"group:calls@example.com\"]: user:, group:, serviceAccount:, domain:, principal: or principalSet:. Never everybody."
  }
  validation {
    condition = alltrue([
      for w in try(var.console.words_for, []) : can(regex("^((group|level):[^,]+|[^@, ]*@[^@, ]+)$", w))
    ])
    error_message = "console.words_for takes addresses (\"asha@example.com\"), domains (\"@example.com\"), \"level:\" with an access level's full name, or \"group:\" with a group that an identity provider behind the proxy tells of."
  }
}

variable "disable_invoker_check" {
  description = "With allow_unauthenticated: open the function by switching Cloud Run's invoker check off (by gcloud, at apply) instead of by a grant to allUsers, which organisations with domain restricted sharing refuse."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.disable_invoker_check || var.allow_unauthenticated
    error_message = "disable_invoker_check opens the function to everyone, so it needs allow_unauthenticated = true beside it."
  }
}

variable "extra_secrets" {
  description = "Further secrets: environment variable to the process that reads it (token, worker or both), e.g. TOKEN_HMAC_KEYS = \"token\"."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for v in values(var.extra_secrets) : contains(["token", "worker", "both"], v)])
    error_message = "extra_secrets: each value names who reads the secret: \"token\", \"worker\" or \"both\"."
  }
  validation {
    condition     = alltrue([for k in keys(var.extra_secrets) : can(regex("^[A-Z][A-Z0-9_]{2,60}$", k))])
    error_message = "extra_secrets: each key is the environment variable the process reads, in capitals, such as \"TOKEN_HMAC_KEYS\"."
  }
  validation {
    condition = length(setintersection(
      keys(var.extra_secrets),
      ["LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "OPENAI_API_KEY", "SARVAM_API_KEY"],
    )) == 0
    error_message = "extra_secrets repeats one of the five secrets that are always there; take it out."
  }
}

variable "labels" {
  description = "Labels on everything that takes them."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "monitoring" {
  description = "Alert thresholds, and where alerts go: e-mail addresses, and ids of notification channels that exist already."
  type = object({
    call_failures_percent      = optional(number, 5)
    capacity_percent           = optional(number, 70)
    emails                     = optional(set(string), [])
    greeting_p95_seconds       = optional(number, 3)
    notification_channels      = optional(set(string), [])
    provider_faults_per_minute = optional(number, 5)
    rupees_per_hour            = optional(number, 1000)
    secret_max_age_days        = optional(number, 365)
    token_errors_percent       = optional(number, 5)
    tokens_per_minute          = optional(number, 120)
    voice_to_voice_p95_seconds = optional(number, 3)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for e in var.monitoring.emails : can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", e))])
    error_message = "monitoring.emails must be e-mail addresses."
  }
  validation {
    condition     = alltrue([for c in var.monitoring.notification_channels : can(regex("^projects/[^/]+/notificationChannels/[^/]+$", c))])
    error_message = "monitoring.notification_channels takes ids such as \"projects/my-project/notificationChannels/123\" (gcloud beta monitoring channels list)."
  }
  validation {
    condition = alltrue([
      for v in [
        var.monitoring.call_failures_percent, var.monitoring.capacity_percent, var.monitoring.greeting_p95_seconds,
        var.monitoring.provider_faults_per_minute, var.monitoring.rupees_per_hour, var.monitoring.secret_max_age_days,
        var.monitoring.token_errors_percent, var.monitoring.tokens_per_minute, var.monitoring.voice_to_voice_p95_seconds,
      ] : v > 0
    ])
    error_message = "monitoring: every threshold must be above 0, or its alert would never be quiet."
  }
}

variable "name" {
  description = "Prefix of every resource's name, so that two deployments fit in one project."
  type        = string
  default     = "vaani"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,15}$", var.name)) && !endswith(var.name, "-")
    error_message = "name must be 3 to 16 of a-z, 0-9 and -, start with a letter and not end with -: service account ids have 6 to 30 characters."
  }
}

variable "project_id" {
  description = "The Google Cloud project's id (not its name or number)."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id must be the id, such as \"my-project-123\" (gcloud projects list), not the number or the display name."
  }
}

variable "protect_calls" {
  description = "Refuse to remove a release's pool before it was retired. false, in an apply of its own, only before destroying everything."
  type        = bool
  default     = true
  nullable    = false
}

variable "public_agent_name" {
  description = "The agent's name as clients know it; it does not change from release to release."
  type        = string
  default     = "vaani"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,29}$", var.public_agent_name))
    error_message = "public_agent_name must be 2 to 30 of a-z, 0-9 and -, starting with a letter."
  }
}

variable "recordings" {
  description = "A bucket for calls' sound, with a key of its own (docs/recording.md); null makes none. Without records something must delete it: delete_after_days."
  type = object({
    delete_after_days = optional(number)
    key_rotation_days = optional(number, 90)
    protect           = optional(bool, true)
  })
  default = null

  validation {
    condition     = var.recordings == null || var.records != null || try(var.recordings.delete_after_days, null) != null
    error_message = "recordings without records: nothing would ever delete them. Set delete_after_days, or keep records (WORKER_RETENTION_DAYS then decides)."
  }
  validation {
    condition     = coalesce(try(var.recordings.delete_after_days, null), 1) >= 1 && try(var.recordings.key_rotation_days, 90) >= 1
    error_message = "recordings: delete_after_days and key_rotation_days must be at least 1."
  }
  validation {
    condition     = var.recordings == null || !contains(flatten([keys(var.worker_environment), [for r in values(var.releases) : keys(r.environment)]]), "WORKER_RECORDINGS_URL")
    error_message = "recordings sets WORKER_RECORDINGS_URL: take it out of worker_environment and of the releases' environment."
  }
}

variable "records" {
  description = "The database of records: Cloud SQL for PostgreSQL with a private address, login by IAM, backups; null keeps none. Billed by the hour. admins may run SQL through Google's API while they are named here."
  type = object({
    admins        = optional(set(string), [])
    availability  = optional(string, "ZONAL")
    backup_days   = optional(number, 7)
    disk_gib_most = optional(number, 100)
    protect       = optional(bool, true)
    proxy_image   = optional(string, "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.18.2")
    tier          = optional(string, "db-custom-1-3840")
    version       = optional(string, "POSTGRES_17")
  })
  default = null

  validation {
    condition     = alltrue([for a in try(var.records.admins, []) : can(regex("^[^@: ]+@[^@ ]+\\.[^@ ]+$", a))])
    error_message = "records.admins are people's e-mail addresses, without user: before them."
  }
  validation {
    condition     = contains(["ZONAL", "REGIONAL"], try(coalesce(var.records.availability, "-"), "ZONAL"))
    error_message = "records.availability must be ZONAL, or REGIONAL for a standby in a second zone at twice the price."
  }
  validation {
    condition     = try(var.records.backup_days, 7) >= 1 && try(var.records.backup_days, 7) <= 365 && try(var.records.disk_gib_most, 100) >= 10
    error_message = "records: backup_days must be 1 to 365 (what was erased stays in backups for so long), and disk_gib_most at least 10."
  }
  validation {
    condition     = can(regex("^db-(custom-[0-9]+-[0-9]+|g1-small|f1-micro)$", try(var.records.tier, "db-custom-1-3840")))
    error_message = "records.tier must be db-custom-CPUS-MEGABYTES such as \"db-custom-1-3840\", or for a trial db-g1-small or db-f1-micro."
  }
  validation {
    condition     = can(regex("^POSTGRES_1[3-9]$", try(var.records.version, "POSTGRES_17")))
    error_message = "records.version must be POSTGRES_13 to POSTGRES_19. A version is not taken back once the database has it."
  }
  validation {
    condition     = can(regex("^[^ ]+/cloud-sql-proxy(:2\\.(1[2-9]|[2-9][0-9])\\.[0-9]+|@sha256:[0-9a-f]{64})$", try(var.records.proxy_image, "x/cloud-sql-proxy:2.18.2")))
    error_message = "records.proxy_image must be a cloud-sql-proxy by digest, or by a tag of 2.12.0 or later: earlier ones refuse new connections at once when they are told to stop."
  }
  validation {
    condition     = var.records == null || length(setintersection(["WORKER_RECORDS_READER", "WORKER_RECORDS_URL"], flatten([keys(var.worker_environment), [for r in values(var.releases) : keys(r.environment)]]))) == 0
    error_message = "records sets WORKER_RECORDS_URL and WORKER_RECORDS_READER: take them out of worker_environment and of the releases' environment."
  }
}

variable "region" {
  description = "Where everything runs and the secrets are kept. Mumbai by default: close to callers in India."
  type        = string
  default     = "asia-south1"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be a region such as \"asia-south1\", not a zone (\"asia-south1-a\")."
  }
}

variable "releases" {
  description = "The worker releases that run side by side, by name (say, a date): where (platform), image by digest, instances, size, own settings. See \"A new release\"."
  type = map(object({
    image           = string
    cpu             = optional(number, 2)
    environment     = optional(map(string), {})
    instances       = optional(number, 2)
    instances_most  = optional(number, 20)
    keeps_records   = optional(bool, true)
    max_calls       = optional(number)
    memory_gib      = optional(number, 4)
    platform        = optional(string, "cloud_run")
    retired         = optional(bool, false)
    secret_versions = optional(map(number), {})
    traced          = optional(bool, true)
    update_in_place = optional(bool, false)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for k in keys(var.releases) : can(regex("^[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?$", k))])
    error_message = "A release's name must be 1 to 24 of a-z, 0-9 and -, such as \"2026-11-22\": it becomes part of the pool's and the dispatch name."
  }
  validation {
    condition     = alltrue([for r in values(var.releases) : can(regex("@sha256:[0-9a-f]{64}$", r.image))])
    error_message = "releases: image must end in @sha256: and 64 hex digits. A tag can move under a running release; docker push prints the digest."
  }
  validation {
    condition     = alltrue([for r in values(var.releases) : r.instances >= 0 && r.instances <= 100 && floor(r.instances) == r.instances])
    error_message = "releases: instances must be a whole number from 0 to 100. Pools do not scale by themselves: plan for the peak."
  }
  validation {
    condition     = alltrue([for r in values(var.releases) : contains(["cloud_run", "gke"], r.platform)])
    error_message = "releases: platform must be \"cloud_run\" or \"gke\"."
  }
  validation {
    condition     = alltrue([for r in values(var.releases) : r.platform != "gke" || (r.max_calls != null && r.instances >= 2 && r.instances_most >= r.instances)])
    error_message = "releases: on gke max_calls must be said (the fleet is scaled by calls over it), instances (the fewest) at least 2, and instances_most not below that."
  }
  validation {
    condition     = alltrue([for r in values(var.releases) : contains([1, 2, 4, 6, 8], r.cpu)])
    error_message = "releases: cpu must be 1, 2, 4, 6 or 8."
  }
  validation {
    condition = alltrue([
      for r in values(var.releases) :
      r.memory_gib >= 2 && r.memory_gib <= lookup({ 1 = 4, 2 = 8, 4 = 16, 6 = 24, 8 = 32 }, r.cpu, 32)
      && r.memory_gib >= lookup({ 6 = 4, 8 = 4 }, r.cpu, 2)
    ])
    error_message = "releases: memory_gib must be at least 2 (an idle worker takes 0.6) and at most 4 with 1 cpu, 8 with 2, 16 with 4, 24 with 6, 32 with 8."
  }
  validation {
    condition     = alltrue([for r in values(var.releases) : r.max_calls == null || coalesce(r.max_calls, 1) >= 1])
    error_message = "releases: max_calls must be at least 1, or left out: the worker then decides by its CPUs."
  }
  validation {
    condition = alltrue(flatten([
      for r in values(var.releases) : [for k in keys(r.secret_versions) : contains(local.worker_secrets, k)]
    ]))
    error_message = "releases: secret_versions pins a secret that the worker does not read. It reads LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET, OPENAI_API_KEY, SARVAM_API_KEY and those of extra_secrets for \"worker\" or \"both\"."
  }
  validation {
    condition = alltrue(flatten([
      for r in values(var.releases) : [for v in values(r.secret_versions) : v >= 1 && floor(v) == v]
    ]))
    error_message = "releases: secret_versions are version numbers, 1 or more (gcloud secrets versions list); \"latest\" is not one."
  }
  validation {
    condition = alltrue(flatten([
      for r in values(var.releases) : [
        for k in keys(r.environment) :
        can(regex("^((WORKER|STT|LLM|TTS|LK|LIVEKIT_AGENTS)_[A-Z0-9_]+|SARVAM_BASE_URL|OPENAI_BASE_URL|LIVEKIT_LOG_LEVEL|HF_HOME|OTEL_[A-Z0-9_]+)$", k))
        && !contains(["WORKER_DRAIN_SECONDS", "WORKER_HEALTH_HOST", "WORKER_HEALTH_PORT", "WORKER_MAX_CALLS"], k)
        && !contains(keys(var.extra_secrets), k)
      ]
    ]))
    error_message = "releases: environment has a variable that the worker does not know (its prefixes are WORKER_, STT_, LLM_, TTS_), that is set otherwise (max_calls, the drain, the health port), or that is a secret: that goes to extra_secrets."
  }
}

variable "secret_values" {
  description = "The secrets' values, written once per number and kept out of state and plan. Give them as TF_VAR_secret_values, never in a file."
  type        = map(string)
  ephemeral   = true
  # Shown in the plan's JSON, as every default of an ephemeral variable is: so it is empty.
  default  = {}
  nullable = false

  validation {
    condition     = !var.write_secret_values || length(setsubtract(local.secrets, keys(var.secret_values))) == 0
    error_message = "write_secret_values = true needs a value for every secret (output secret_ids) at every plan and apply; only a raised number in secret_versions writes one. Give them as TF_VAR_secret_values."
  }
  validation {
    condition     = length(setsubtract(keys(var.secret_values), local.secrets)) == 0
    error_message = "secret_values names a secret that nobody reads; the names are those of the output secret_ids. Further ones go to extra_secrets first."
  }
  validation {
    condition     = alltrue([for v in values(var.secret_values) : length(trimspace(v)) > 0 && v == trimspace(v)])
    error_message = "secret_values has an empty value, or one with white space around it (a trailing line break, often): it would be refused by the provider at the first call."
  }
}

variable "secret_versions" {
  description = "Secret Manager version number by secret; 1 where nothing is said. Raising one is how a rotation reaches the function, and the releases that do not pin their own."
  type        = map(number)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setsubtract(keys(var.secret_versions), local.secrets)) == 0
    error_message = "secret_versions names a secret that nobody reads. The names are environment variables, such as \"OPENAI_API_KEY\"; further ones go to extra_secrets first."
  }
  validation {
    condition     = alltrue([for v in values(var.secret_versions) : v >= 1 && floor(v) == v])
    error_message = "secret_versions are version numbers, 1 or more (gcloud secrets versions list); \"latest\" is not one."
  }
}

variable "telemetry" {
  description = "Traces and metrics in Cloud Trace and Cloud Monitoring, by Google's OpenTelemetry collector beside each worker; null sends none. See \"Traces and metrics\"."
  type = object({
    collector_image = optional(string, "us-docker.pkg.dev/cloud-ops-agents-artifacts/google-cloud-opentelemetry-collector/otelcol-google:0.159.0")
  })
  default = null

  validation {
    condition     = can(regex("^[^ ]+/otelcol-google(:0\\.(1[4-9][0-9]|[2-9][0-9]{2})\\.[0-9]+|@sha256:[0-9a-f]{64})$", try(var.telemetry.collector_image, "x/otelcol-google:0.159.0")))
    error_message = "telemetry.collector_image must be an otelcol-google by digest, or by a tag of 0.140.0 or later; latest would change under a running release."
  }
  validation {
    condition = var.telemetry == null || alltrue([
      for k in flatten([
        keys(var.worker_environment), keys(var.token_environment), keys(var.extra_secrets),
        [for r in values(var.releases) : keys(r.environment) if r.traced],
      ]) : !startswith(k, "OTEL_EXPORTER_OTLP_")
    ])
    error_message = "telemetry sets where traces and metrics go: take OTEL_EXPORTER_OTLP_... out of worker_environment, token_environment, extra_secrets and the releases' environment (or leave telemetry out, to send them elsewhere)."
  }
}

variable "token_allowed_origins" {
  description = "Origins of pages that may call the token function, e.g. https://app.example.com, or an app's own such as capacitor://localhost."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    # The function's own rule, but for plain http: here only as an app on a phone has it.
    condition = alltrue([
      for o in var.token_allowed_origins :
      can(regex("^[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\\[[0-9a-f:.]+\\])(:[0-9]{1,5})?$", o))
      && (!startswith(o, "http://") || can(regex("^http://([a-z0-9-]+\\.)*localhost(:[0-9]+)?$", o)))
      && !contains(["about", "blob", "data", "file", "filesystem", "ftp", "javascript", "ws", "wss"], split(":", o)[0])
    ])
    error_message = "token_allowed_origins: each must be an exact origin such as \"https://app.example.com\", or an app's own such as \"capacitor://localhost\": no path, no trailing slash, no wildcard, no plain http but on localhost."
  }
}

variable "token_auth" {
  description = "How the function knows its callers: oidc (by default Firebase Authentication of this very project) or hmac (server to server; TOKEN_HMAC_KEYS in extra_secrets)."
  type = object({
    mode          = optional(string, "oidc")
    oidc_audience = optional(string)
    oidc_issuer   = optional(string)
    oidc_jwks_url = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["oidc", "hmac"], var.token_auth.mode)
    error_message = "token_auth.mode must be \"oidc\" or \"hmac\". With \"none\", and allow_unauthenticated, the function would mint tokens for the whole internet; it refuses to start so on Cloud Run."
  }
  validation {
    condition     = var.token_auth.mode != "hmac" || contains(["token", "both"], lookup(var.extra_secrets, "TOKEN_HMAC_KEYS", "-"))
    error_message = "token_auth.mode = \"hmac\" needs the callers' keys: add TOKEN_HMAC_KEYS = \"token\" to extra_secrets."
  }
  validation {
    condition = alltrue([
      for u in [var.token_auth.oidc_issuer, var.token_auth.oidc_jwks_url] : u == null || startswith(coalesce(u, "-"), "https://")
    ])
    error_message = "token_auth: oidc_issuer and oidc_jwks_url must start with https://."
  }
  validation {
    condition     = (var.token_auth.oidc_issuer == null) == (var.token_auth.oidc_jwks_url == null)
    error_message = "token_auth: give oidc_issuer and oidc_jwks_url together: keys of one issuer do not sign another's tokens."
  }
}

variable "token_environment" {
  description = "Further settings of the token function (TOKEN_..., OTEL_...), as its documentation lists them."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([
      for k in keys(var.token_environment) :
      can(regex("^(TOKEN|OTEL)_[A-Z0-9_]+$", k)) && !contains(keys(var.extra_secrets), k) && !contains([
        "TOKEN_ALLOWED_ORIGINS", "TOKEN_AUTH", "TOKEN_HMAC_KEYS", "TOKEN_OIDC_AUDIENCE", "TOKEN_OIDC_ISSUER",
        "TOKEN_OIDC_JWKS_URL", "TOKEN_PUBLIC_AGENT_NAME", "TOKEN_TRUSTED_PROXY_HOPS", "TOKEN_ALLOW_ANONYMOUS",
      ], k)
    ])
    error_message = "token_environment takes TOKEN_... and OTEL_... settings only, and not those with a variable of their own (token_auth, token_allowed_origins, public_agent_name) or secrets (extra_secrets)."
  }
}

variable "token_function" {
  description = "Size and reach of the token function. max_instances caps the bill; concurrency above 1 needs a whole CPU."
  type = object({
    concurrency     = optional(number, 40)
    cpu             = optional(number, 1)
    ingress         = optional(string, "ALLOW_ALL")
    max_instances   = optional(number, 3)
    memory_mib      = optional(number, 512)
    min_instances   = optional(number, 0)
    runtime         = optional(string, "python313")
    timeout_seconds = optional(number, 15)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.token_function.min_instances <= var.token_function.max_instances
    error_message = "token_function: min_instances must not be above max_instances."
  }
  validation {
    condition     = var.token_function.max_instances >= 1 && var.token_function.max_instances <= 100
    error_message = "token_function: max_instances must be 1 to 100: without a cap, abuse is billed."
  }
  validation {
    condition     = var.token_function.concurrency == 1 || var.token_function.cpu >= 1
    error_message = "token_function: concurrency above 1 needs cpu of at least 1; Cloud Run refuses it otherwise."
  }
  validation {
    condition     = var.token_function.concurrency >= 1 && var.token_function.concurrency <= 1000
    error_message = "token_function: concurrency must be 1 to 1000."
  }
  validation {
    condition     = contains(["ALLOW_ALL", "ALLOW_INTERNAL_ONLY", "ALLOW_INTERNAL_AND_GCLB"], var.token_function.ingress)
    error_message = "token_function: ingress must be ALLOW_ALL, ALLOW_INTERNAL_ONLY or ALLOW_INTERNAL_AND_GCLB."
  }
  validation {
    condition     = can(regex("^python3(11|12|13|14)$", var.token_function.runtime))
    error_message = "token_function: runtime must be python311, python312, python313 or python314."
  }
  validation {
    condition     = var.token_function.memory_mib >= 256 && var.token_function.timeout_seconds >= 5 && var.token_function.timeout_seconds <= 60
    error_message = "token_function: memory_mib must be at least 256, and timeout_seconds 5 to 60: a caller waits."
  }
}

variable "token_invokers" {
  description = "Google identities that may call the function when it is not public, e.g. serviceAccount:backend@my-project.iam.gserviceaccount.com."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for m in var.token_invokers : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):.+", m))])
    error_message = "token_invokers takes named identities (user:, group:, serviceAccount:, domain:, principal:, principalSet:). For everyone, set allow_unauthenticated."
  }
}

variable "token_livekit_key" {
  description = "shared: function and worker use one LiveKit key. own: the function has one of its own, so that a leak of it neither opens the calls' sealed state nor registers a worker's rescue."
  type        = string
  default     = "shared"
  nullable    = false

  validation {
    condition     = contains(["shared", "own"], var.token_livekit_key)
    error_message = "token_livekit_key must be \"shared\" or \"own\". With own, fill the secrets TOKEN_LIVEKIT_API_KEY and TOKEN_LIVEKIT_API_SECRET with a second key of the same LiveKit project."
  }
}

variable "token_source_zip" {
  description = "The function's source archive; build/token.zip of this repository (`make token-zip`) by default."
  type        = string
  default     = null
}

variable "worker_environment" {
  description = "Further settings of every release's workers (WORKER_..., STT_..., LLM_..., TTS_...). Prefer a release's own environment: a change here changes them all."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([
      for k in keys(var.worker_environment) :
      can(regex("^((WORKER|STT|LLM|TTS|LK|LIVEKIT_AGENTS)_[A-Z0-9_]+|SARVAM_BASE_URL|OPENAI_BASE_URL|LIVEKIT_LOG_LEVEL|HF_HOME|OTEL_[A-Z0-9_]+)$", k))
      && !contains(["WORKER_DRAIN_SECONDS", "WORKER_HEALTH_HOST", "WORKER_HEALTH_PORT", "WORKER_MAX_CALLS"], k)
      && !contains(keys(var.extra_secrets), k)
    ])
    error_message = "worker_environment has a variable that the worker does not know (its prefixes are WORKER_, STT_, LLM_, TTS_), that is set otherwise (max_calls, the drain, the health port), or that is a secret: that goes to extra_secrets."
  }
}

variable "write_secret_values" {
  description = "true: Terraform writes the versions from secret_values. false: it makes the empty secrets, and people add versions with gcloud."
  type        = bool
  default     = false
  nullable    = false
}
