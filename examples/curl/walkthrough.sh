#!/usr/bin/env bash
# The whole main job by curl alone, from the one-time set-up link to the verified audit.
#
#   examples/curl/walkthrough.sh http://127.0.0.1:8080 TOKEN
#
# TOKEN is what stands behind `#token=` in the link that a fresh server prints. An agent must be connected, or
# be enrolled meanwhile with the token that this prints. Python serves to read fields out of JSON, as jq would.
set -euo pipefail

server=${1:?the URL of the server}
setup=${2:?the token of the one-time link}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

field() { python3 -c 'import json,sys
value = json.load(sys.stdin)
for key in sys.argv[1].split("."):
    value = value[int(key)] if isinstance(value, list) else value[key]
print(value if isinstance(value, str) else json.dumps(value))' "$1"; }
ask() { # METHOD PATH [BODY]: JSON there and back; an answer that is no success ends the script
    curl --silent --show-error --fail-with-body --request "$1" "$server$2" \
        --header "Authorization: Bearer ${token:-none}" --header 'Content-Type: application/json' \
        ${3:+--data "$3"}
}
say() { printf '\n== %s\n' "$1"; }
until_state() { # EXECUTION STATE...
    local id=$1 state
    shift
    for _ in $(seq 600); do
        state=$(ask GET "/api/executions/$id" | field state)
        case " $* " in *" $state "*) echo "$state"; return ;; esac
        sleep 0.1
    done
    echo "error: the execution is still $state" >&2
    return 1
}

say 'register the first Administrator with the one-time token, and sign in'
ask POST /api/auth/register "{\"username\":\"ada\",\"email\":\"ada@example.org\",\"password\":\"correct horse battery\",\"invitationToken\":\"$setup\"}"
token=$(ask POST /api/auth/login '{"username":"ada","password":"correct horse battery"}' | field accessToken)

say 'a token that enrols one agent'
enrolment=$(ask POST /api/agents/enrolment-tokens '{}' | field token)
printf '%s\n' "$enrolment" > "${ENROLMENT_TOKEN_FILE:-$work/token}"
echo 'give it to: openautomate-agent enrol --server ... < token'

say 'create a package and upload a version'
(cd "$here/../automations/hello" && python3 -m zipfile -c "$work/hello.zip" pyproject.toml hello.py)
package=$(ask POST /api/packages '{"name":"hello by curl"}' | field id)
curl --silent --show-error --fail-with-body "$server/api/packages/$package/versions" \
    --header "Authorization: Bearer $token" --header 'Content-Type: application/zip' --data-binary "@$work/hello.zip"

say 'trigger an execution and follow its log'
execution=$(ask POST /api/executions "{\"packageId\":\"$package\",\"inputs\":{\"name\":\"curl\"}}" | field id)
curl --silent --show-error --fail-with-body --no-buffer "$server/api/executions/$execution/logs?follow=true" \
    --header "Authorization: Bearer $token" --header 'Accept: text/plain'

say 'its outputs'
until_state "$execution" Succeeded
ask GET "/api/executions/$execution" | field outputs

say 'a schedule that fires within a minute'
schedule=$(ask POST /api/schedules "{\"name\":\"by curl\",\"packageId\":\"$package\",\"cronExpression\":\"*/2 * * * * *\"}" | field id)
for _ in $(seq 600); do
    fired=$(ask GET "/api/executions?scheduleId=$schedule" | field items)
    [ "$fired" = '[]' ] || break
    sleep 0.1
done
[ "$fired" != '[]' ]
echo "fired for $(ask GET "/api/executions?scheduleId=$schedule" | field items.0.origin.dueAt)"
ask DELETE "/api/schedules/$schedule"

say 'cancel a running execution'
execution=$(ask POST /api/executions "{\"packageId\":\"$package\",\"inputs\":{\"repeat\":100000,\"delay\":0.1}}" | field id)
until_state "$execution" Running
ask POST "/api/executions/$execution/cancel" > "$work/cancelled"
until_state "$execution" Cancelled

say 'the audit, and its chain'
ask GET '/api/audit?limit=5' | field items.0.action
sleep 1.2
ask GET /api/audit/verify
[ "$(ask GET /api/audit/verify | field ok)" = true ]
say 'done'
