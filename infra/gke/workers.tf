# The workers: a Deployment a release, of the same image as on Cloud Run. A pod that is told to stop takes no new call
# and waits for those it has, up to the longest call; so neither a release nor the autoscaler nor a node cuts one.

locals {
  _secrets_path = "/run/secrets/vaani"

  # Each secret is a file named as the variable that the worker reads. `exec`: SIGTERM reaches the worker itself.
  _start = join(" ", [
    "for file in ${local._secrets_path}/*; do export \"$(basename \"$file\")=$(cat \"$file\")\"; done;",
    "exec python -m worker start",
  ])

  # What the namespace asks of every pod and every container (`restricted`).
  _restricted_pod = {
    runAsNonRoot   = true
    runAsUser      = 10001
    seccompProfile = { type = "RuntimeDefault" }
  }
  _restricted_container = {
    allowPrivilegeEscalation = false
    capabilities             = { drop = ["ALL"] }
  }

  _common = [
    {
      apiVersion = "v1"
      kind       = "Namespace"
      metadata = {
        name   = local.namespace
        labels = { "pod-security.kubernetes.io/enforce" = "restricted" }
      }
    },
    {
      apiVersion = "v1"
      kind       = "ServiceAccount"
      metadata = {
        name        = "worker"
        namespace   = local.namespace
        annotations = { "iam.gke.io/gcp-service-account" = var.worker_service_account }
      }
    },
    # Nobody calls a worker: it calls out. Only Google's Prometheus may ask it for its metrics.
    {
      apiVersion = "networking.k8s.io/v1"
      kind       = "NetworkPolicy"
      metadata   = { name = "nobody-in", namespace = local.namespace }
      spec = {
        podSelector = {}
        policyTypes = ["Ingress"]
        ingress = [{
          from  = [{ namespaceSelector = { matchLabels = { "kubernetes.io/metadata.name" = "gke-gmp-system" } } }]
          ports = [{ port = 8081, protocol = "TCP" }]
        }]
      }
    },
    {
      apiVersion = "monitoring.googleapis.com/v1"
      kind       = "PodMonitoring"
      metadata   = { name = "workers", namespace = local.namespace }
      spec = {
        selector     = { matchLabels = { app = "worker" } }
        endpoints    = [{ port = "health", path = "/metrics", interval = "15s" }]
        targetLabels = { fromPod = [{ from = "release", to = "release" }] }
      }
    },
  ]

  _names = { for k in keys(var.releases) : k => "${var.name}-worker-${k}" }

  _pod_volumes = {
    for k, r in var.releases : k => concat(
      [{
        name = "secrets"
        csi = {
          driver           = "secrets-store-gke.csi.k8s.io"
          readOnly         = true
          volumeAttributes = { secretProviderClass = local._names[k] }
        }
        emptyDir = null
      }],
      # Records wait here for their database, also while the container is started again.
      [{ name = "spool", csi = null, emptyDir = { sizeLimit = "256Mi" } }],
    )
  }

  _proxies = {
    for k, r in var.releases : k => [for proxy in compact([r.keeps_records ? try(var.database.image, "") : ""]) : {
      name            = "cloud-sql-proxy"
      image           = proxy
      args            = var.database.arguments
      restartPolicy   = "Always" # a sidecar: there before the worker, and until after it
      securityContext = local._restricted_container
      resources = {
        requests = { cpu = "250m", memory = "256Mi" }
        limits   = { cpu = "250m", memory = "256Mi" }
      }
      startupProbe = {
        httpGet          = { path = "/startup", port = 9801 }
        periodSeconds    = 2
        failureThreshold = 30
      }
    }]
  }

  # It takes the worker's spans and asks Google for the token that they need, as the pod itself (../telemetry.tf). The
  # worker waits for it neither at its start nor ever after: no startup probe.
  _collectors = {
    for k, r in var.releases : k => [for collector in [r.collector] : {
      name            = "collector"
      image           = collector.image
      args            = collector.arguments
      env             = [for name, value in collector.environment : { name = name, value = value }]
      restartPolicy   = "Always" # a sidecar: the last spans of a call still find it
      securityContext = local._restricted_container
      resources = {
        requests = { cpu = "250m", memory = collector.memory }
        limits   = { cpu = "250m", memory = collector.memory }
      }
      livenessProbe = {
        httpGet             = { path = "/", port = 13133 }
        initialDelaySeconds = 10
        periodSeconds       = 15
        timeoutSeconds      = 5
        failureThreshold    = 6
      }
    } if collector != null]
  }

  _deployments = {
    for k, r in var.releases : k => {
      apiVersion = "apps/v1"
      kind       = "Deployment"
      metadata = {
        name      = local._names[k]
        namespace = local.namespace
        labels    = { app = "worker", release = k }
      }
      spec = { # no replicas: they are the autoscaler's
        selector             = { matchLabels = { app = "worker", release = k } }
        minReadySeconds      = 10
        revisionHistoryLimit = 3
        # A new pod for every old one first, and the old one goes when its last call is over.
        strategy = {
          type          = "RollingUpdate"
          rollingUpdate = { maxSurge = "25%", maxUnavailable = 0 }
        }
        template = {
          metadata = {
            labels = { app = "worker", release = k }
            annotations = {
              # Autopilot moves no pod with this (for a week at most), neither to save a node nor to upgrade one.
              "cluster-autoscaler.kubernetes.io/safe-to-evict" = "false"
            }
          }
          spec = {
            serviceAccountName            = "worker"
            terminationGracePeriodSeconds = r.drain_seconds + 60 # the drain, and the goodbyes of what it could not wait for
            securityContext               = merge(local._restricted_pod, { runAsGroup = 10001, fsGroup = 10001 })
            initContainers                = concat(local._proxies[k], local._collectors[k])
            containers = [{
              name    = "worker"
              image   = r.image
              command = ["/bin/sh", "-ec", local._start]
              env = [
                for name, value in merge(r.environment, { WORKER_RECORDS_SPOOL_DIR = "/spool" }) : { name = name, value = value }
              ]
              ports           = [{ name = "health", containerPort = 8081 }]
              securityContext = local._restricted_container
              resources = {
                requests = { cpu = tostring(r.cpu), memory = "${r.memory_gib}Gi", "ephemeral-storage" = "1Gi" }
                limits   = { cpu = tostring(r.cpu), memory = "${r.memory_gib}Gi", "ephemeral-storage" = "1Gi" }
              }
              # As on Cloud Run: registered within two minutes; restarted only when dead for a minute and a half.
              startupProbe   = { httpGet = { path = "/", port = 8081 }, periodSeconds = 5, timeoutSeconds = 3, failureThreshold = 24 }
              readinessProbe = { httpGet = { path = "/", port = 8081 }, periodSeconds = 10, timeoutSeconds = 3 }
              livenessProbe  = { httpGet = { path = "/live", port = 8081 }, periodSeconds = 15, timeoutSeconds = 5, failureThreshold = 6 }
              volumeMounts = [
                { name = "secrets", mountPath = local._secrets_path, readOnly = true },
                { name = "spool", mountPath = "/spool", readOnly = false },
              ]
            }]
            # A zone may be lost, and takes no more than its share.
            topologySpreadConstraints = [{
              maxSkew           = 1
              topologyKey       = "topology.kubernetes.io/zone"
              whenUnsatisfiable = "ScheduleAnyway"
              labelSelector     = { matchLabels = { app = "worker", release = k } }
            }]
            volumes = [for v in local._pod_volumes[k] : { for key, value in v : key => value if value != null }]
          }
        }
      }
    }
  }

  _of_each_release = flatten([
    for k, r in var.releases : [
      {
        apiVersion = "secrets-store.csi.x-k8s.io/v1"
        kind       = "SecretProviderClass"
        metadata   = { name = local._names[k], namespace = local.namespace, labels = { release = k } }
        spec = {
          provider = "gke"
          parameters = {
            secrets = yamlencode([
              for variable, secret in var.secrets : {
                resourceName = "projects/${var.project_id}/secrets/${secret}/versions/${r.secret_versions[variable]}"
                path         = variable
              }
            ])
          }
        }
      },
      {
        apiVersion = "policy/v1"
        kind       = "PodDisruptionBudget"
        metadata   = { name = local._names[k], namespace = local.namespace, labels = { release = k } }
        spec = {
          maxUnavailable             = 1
          unhealthyPodEvictionPolicy = "AlwaysAllow"
          selector                   = { matchLabels = { app = "worker", release = k } }
        }
      },
    ]
  ])
}
