# bench_identity of scripts/bench: Identity at the size of a large site. Sourced, not run. All requests go to plain HTTP on loopback.

SEED_PASSWORD=bench-seed-password
IDENTITY=http://$HTTP/identity/v3

# number N: the id that load.sql gives to number N; with a letter before it the ids of domains (d), projects (c) and groups (b) come of it.
number() { printf '%08x%024x' $(($1 * 2654435761 % 4294967296)) "$1"; }
other() { local id; id=$(number "$2"); printf '%s%s' "$1" "${id:1}"; }

load_identity() { # load_identity FROM TO
  sqlite3 "$WORK/controller/appliance.db" ".parameter set :from $1" ".parameter set :to $2" ".read $ROOT/scripts/lib/identity/load.sql"
}

# timed WHAT CURL-ARGUMENT...: milliseconds until WHAT (time_starttransfer, time_total); fails when the answer is no success.
timed() { curl -fsS -o /dev/null -H "X-Auth-Token: $TOKEN" -H 'Content-Type: application/json' -w "%{$1}" "${@:2}" | awk '{ printf "%.2f\n", $1 * 1000 }'; }
median() { sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }
# spread NAME: prints the median and the worst of the milliseconds on standard input.
spread() { sort -n | awk -v name="$1" '{ all[NR] = $1 } END { printf "%s, median\t%s\tms\n%s, worst of %d\t%s\tms\n", name, all[int((NR + 1) / 2)], name, NR, all[NR] }'; }

# load NAME SECONDS CONNECTIONS WRK-ARGUMENT...: prints rate, p50, p99 and the controller's CPU time a request; fails when an answer was no
# success.
load() {
  local log=$WORK/wrk.log cpu
  cpu=$(cpu_ms)
  wrk --latency -t 2 -d "${2}s" -c "$3" "${@:4}" >"$log"
  ! grep -E 'Non-2xx|Socket errors' "$log" || fail "$1: wrk met errors" "read the answers with curl"
  figure "$1" "$(awk '/^Requests\/sec/ { print int($2) }' "$log")" "/s"
  awk -v name="$1" '$1 ~ /^(50|99)%$/ { ms = $2 + 0; if ($2 ~ /us$/) ms /= 1000; else if ($2 !~ /ms$/) ms *= 1000
    printf "%s, p%d\t%.2f\tms\n", name, $1, ms }' "$log"
  figure "$1, CPU of the controller" "$(awk -v ms=$(($(cpu_ms) - cpu)) '/ requests in / { printf "%.4f", ms / $1 }' "$log")" ms
}

login_body() { # login_body USER-NAME DOMAIN-ID [PROJECT-ID]
  local scope=""
  [ -z "${3-}" ] || scope=", \"scope\": {\"project\": {\"id\": \"$3\"}}"
  printf '{"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "%s", "domain": {"id": "%s"}, "password": "%s"}}}%s}}' \
    "$1" "$2" "$SEED_PASSWORD" "$scope"
}

identity_lists() {
  local i
  for i in 1 2 3 4 5 6 7 8 9; do timed time_starttransfer "$IDENTITY/users"; done | spread "10,000 users, first byte"
  for i in 1 2 3 4 5; do timed time_total "$IDENTITY/users"; done | spread "10,000 users, whole"
}

# Each question is asked once, of a user or project that was not asked about before: nothing of it is in the controller's memory.
ask_of_users() { local n; for n in $(seq 5 2499 99999); do timed time_total "$IDENTITY/role_assignments?effective&user.id=$(number "$n")"; done; }
ask_of_projects() { local n; for n in $(seq 5 249 9999); do timed time_total "$IDENTITY/role_assignments?effective&scope.project.id=$(other c "$n")"; done; }
# The password is remembered from a login without a scope; what is asked for is new.
ask_for_scopes() {
  local n
  for n in $(seq 6 4999 99999); do
    timed time_total "$IDENTITY/auth/tokens" -d "$(login_body "user-$n" "$(other d $((n / 10000)))" "$(other c $((n / 10000 * 1000 + n * 7 % 1000)))")"
  done
}

# ask NAME FUNCTION: median and worst time of its questions, and what one costs the controller.
ask() {
  local cpu log=$WORK/asked
  cpu=$(cpu_ms)
  "$2" >"$log"
  spread "$1" <"$log"
  figure "$1, CPU of the controller" "$(awk -v ms=$(($(cpu_ms) - cpu)) 'END { printf "%.2f", ms / NR }' "$log")" ms
}

identity_questions() {
  local n
  ask "effective assignments of a user" ask_of_users
  ask "effective assignments on a project" ask_of_projects
  figure "effective assignments on a project, rows" \
    "$(curl -fsS -H "X-Auth-Token: $TOKEN" "$IDENTITY/role_assignments?effective&scope.project.id=$(other c 1234)" | grep -o '"role":' | wc -l)" ""
  for n in $(seq 6 4999 99999); do timed time_total "$IDENTITY/auth/tokens" -d "$(login_body "user-$n" "$(other d $((n / 10000)))")" >/dev/null; done
  ask "login to a scope not asked for before" ask_for_scopes
}

identity_load() {
  load "first logins, 8 connections" 10 8 -s "$ROOT/scripts/lib/identity/login.lua" "$IDENTITY/auth/tokens" -- \
    "$(login_body user-@ "$(other d 0)")" each
  load "repeated logins, 32 connections" 10 32 -s "$ROOT/scripts/lib/identity/login.lua" "$IDENTITY/auth/tokens" -- \
    "$(login_body user-12 "$(other d 0)" "$(other c 84)")" same
  load "token validations, 32 connections" 15 32 -H "X-Auth-Token: $TOKEN" -H "X-Subject-Token: $TOKEN" "$IDENTITY/auth/tokens"
}

identity_allocations() {
  local stage=$ROOT/.cache/bench-identity
  dotnet build "$ROOT/tests/Controller.Tests" -c Release -o "$stage" -v q -nologo >"$WORK/build.log" || fail "Controller.Tests did not build" "read $WORK/build.log"
  "$stage/Controller.Tests" --progress off --no-ansi --show-live-output on --explicit only --filter-class '*.ValidationBenchmark' >"$WORK/allocations.log" ||
    fail "the benchmark failed: $(cat "$WORK/allocations.log")"
  sed -n 's/^OUTPUT: \[[^]]*\] //p' "$WORK/allocations.log"
}

bench_identity() {
  need_packages wrk sqlite3 curl
  identity_allocations
  start_controller
  curl -fsS -o /dev/null "$IDENTITY/users" -H "X-Auth-Token: $TOKEN" -H 'Content-Type: application/json' \
    -d '{"user": {"name": "seed", "password": "'"$SEED_PASSWORD"'"}}'
  kill "$CONTROLLER"; wait "$CONTROLLER" 2>/dev/null || true

  load_identity 0 10000
  start_controller
  identity_lists
  kill "$CONTROLLER"; wait "$CONTROLLER" 2>/dev/null || true

  load_identity 10000 100000
  start_controller
  figure "controller RSS, 100,000 users, started" "$(rss_mib "$CONTROLLER")" MiB
  identity_questions
  figure "controller RSS, 100,000 users, after questions" "$(rss_mib "$CONTROLLER")" MiB
  identity_load
  figure "controller RSS, 100,000 users, after the load" "$(rss_mib "$CONTROLLER")" MiB
  kill "$CONTROLLER"; wait "$CONTROLLER" 2>/dev/null || true
}
