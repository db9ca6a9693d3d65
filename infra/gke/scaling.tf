# How many workers there are: KEDA, by the calls in progress over the places for them, as each worker itself tells them
# (`vaani_calls` of its `GET /metrics`). The numbers are those of bench/scaling/rule.py, whose simulation says what they
# are worth (docs/scaling.md); a test holds them together.
#
# A worker that lies counts for what one worker can have, max_calls at most and nothing below 0; one that is silent counts
# for nothing. Where nobody tells anything the fleet stays as it is (fallback). Whatever is told, there are never fewer
# than `instances` nor more than `instances_most`, at most twice as many (or four more) after one step, and fewer only when
# that has been enough for five minutes.

locals {
  target = 0.5

  _calls = {
    for k, r in var.releases :
    k => "sum(clamp_max(vaani_calls{namespace=\"${local.namespace}\",release=\"${k}\"} >= 0, ${r.max_calls}))"
  }

  _prometheus = "https://monitoring.googleapis.com/v1/projects/${var.project_id}/location/global/prometheus"

  # KEDA asks as itself (identity.tf).
  _keda_identity = {
    apiVersion = "keda.sh/v1alpha1"
    kind       = "TriggerAuthentication"
    metadata   = { name = "google", namespace = local.namespace }
    spec       = { podIdentity = { provider = "gcp" } }
  }

  _scalers = {
    for k, r in var.releases : k => {
      apiVersion = "keda.sh/v1alpha1"
      kind       = "ScaledObject"
      metadata   = { name = local._names[k], namespace = local.namespace, labels = { release = k } }
      spec = {
        scaleTargetRef  = { apiVersion = "apps/v1", kind = "Deployment", name = local._names[k] }
        minReplicaCount = r.instances
        maxReplicaCount = r.instances_most
        pollingInterval = 15
        fallback = {
          failureThreshold = 4
          replicas         = r.instances
          behavior         = "currentReplicasIfHigher"
        }
        advanced = {
          horizontalPodAutoscalerConfig = {
            behavior = {
              scaleUp = {
                stabilizationWindowSeconds = 0
                selectPolicy               = "Max"
                policies = [
                  { type = "Percent", value = 100, periodSeconds = 15 },
                  { type = "Pods", value = 4, periodSeconds = 15 },
                ]
              }
              # What goes has calls to end first: that is the grace period's matter, not this one's.
              scaleDown = {
                stabilizationWindowSeconds = 300
                selectPolicy               = "Max"
                policies                   = [{ type = "Percent", value = 100, periodSeconds = 15 }]
              }
            }
          }
        }
        # The larger of both wins: the calls there are, and those there will be in two minutes at the pace of the last two.
        triggers = [
          for name, query in {
            calls       = local._calls[k]
            calls-ahead = "clamp_min(predict_linear((${local._calls[k]})[2m:15s], 120), 0)"
            } : {
            type              = "prometheus"
            name              = name
            metricType        = "AverageValue"
            authenticationRef = { name = "google" }
            metadata = {
              serverAddress    = local._prometheus
              query            = query
              threshold        = tostring(r.max_calls * local.target)
              ignoreNullValues = "false" # no answer is no reason to shrink
            }
          }
        ]
      }
    }
  }

  # A node takes two minutes to come, a worker on a node that is there a few seconds: pods that do nothing keep room for
  # `spare_workers`, and give way to the first worker that needs it.
  _spare_of = try(var.releases[var.spare_for], values(var.releases)[0])
  _spare = [for m in [
    {
      apiVersion       = "scheduling.k8s.io/v1"
      kind             = "PriorityClass"
      metadata         = { name = "${var.name}-spare" }
      value            = -10
      preemptionPolicy = "Never"
      globalDefault    = false
      description      = "Room for workers that are not there yet."
    },
    {
      apiVersion = "apps/v1"
      kind       = "Deployment"
      metadata   = { name = "spare", namespace = local.namespace, labels = { app = "spare" } }
      spec = {
        selector = { matchLabels = { app = "spare" } }
        template = {
          metadata = { labels = { app = "spare" } }
          spec = {
            automountServiceAccountToken  = false
            priorityClassName             = "${var.name}-spare"
            terminationGracePeriodSeconds = 0
            securityContext               = local._restricted_pod
            containers = [{
              name            = "spare"
              image           = "registry.k8s.io/pause:3.10"
              securityContext = local._restricted_container
              resources = {
                requests = { cpu = tostring(local._spare_of.cpu), memory = "${local._spare_of.memory_gib}Gi" }
                limits   = { cpu = tostring(local._spare_of.cpu), memory = "${local._spare_of.memory_gib}Gi" }
              }
            }]
          }
        }
      }
    },
    {
      apiVersion = "keda.sh/v1alpha1"
      kind       = "ScaledObject"
      metadata   = { name = "spare", namespace = local.namespace, labels = { app = "spare" } }
      spec = {
        scaleTargetRef  = { apiVersion = "apps/v1", kind = "Deployment", name = "spare" }
        minReplicaCount = 0
        maxReplicaCount = var.spare_workers
        cooldownPeriod  = 300
        triggers = [{
          type = "cron"
          metadata = {
            timezone        = "Asia/Kolkata"
            start           = "0 ${var.spare_hours.from} * * *"
            end             = "0 ${var.spare_hours.to} * * *"
            desiredReplicas = tostring(var.spare_workers)
          }
        }]
      }
    },
  ] : m if var.spare_workers > 0]
}
