#!/bin/sh
# A step of a CI job: creates a job, waits for its answer for up to a minute, and fails when the job fails. Needs curl and jq.
set -eu

url=${PROMPTLAB_URL:-http://127.0.0.1:3000}
url=${url%/}
body=$(jq -n --arg prompt "${1:-Once upon a time}" '{prompt: $prompt, provider: "echo", model: "echo"}')

# With one idempotency key, repeated requests create one job. Set CI_JOB_KEY to keep the key when the step is run again.
job=$(curl -sS --fail-with-body --retry 5 --retry-connrefused "$url/jobs" \
  -H "authorization: Bearer ${PROMPTLAB_API_KEY:-none}" \
  -H 'content-type: application/json' \
  -H "idempotency-key: ${CI_JOB_KEY:-$(date +%s)-$$}" \
  -H 'prefer: wait=60' \
  -d "$body")

if [ "$(echo "$job" | jq -r .status)" != completed ]; then
  echo "$job" | jq -r '"\(.status): \(.error.message // "no answer within a minute")"' >&2
  exit 1
fi
echo "$job" | jq -r .result
