#!/usr/bin/env bash
# Builds the image and runs it as a careful operator would: no network, not root, nothing writable
# but /data and /tmp. Needs Docker or Podman; not part of CI. Takes some minutes, and 8 GB under
# TMPDIR with Podman.
#
#   TORCH_INDEX=URL    index of PyTorch's CPU wheels, as for `make install`
#   BASE=debootstrap   where the base image can't be pulled: puts a debootstrap of Debian bookworm
#                      with its Python 3.11 in its place; needs Podman, debootstrap and root
#
# What pip is set to here (index, authority, proxy, folders of wheels) holds in the build too.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly python=${PYTHON:-python3} base=${BASE:-} name=pincite-check-$$

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}
step() { printf '[%3d s] %s\n' "$SECONDS" "$*"; }

work=$(mktemp -d)
engine=()
clean_up() {
  if ((${#engine[@]})); then
    {
      "${engine[@]}" rm --force "$name"
      "${engine[@]}" volume rm --force "$name"
      "${engine[@]}" rmi --force "$name" "$name-base"
    } >"$work/clean_up.log" 2>&1 || true
  fi
  # Rootless Podman's files belong to other user ids, which only its own user namespace may remove.
  rm -rf "$work" 2>/dev/null || podman unshare rm -rf "$work"
}
trap clean_up EXIT

choose_engine() {
  if [[ -z $base ]] && docker info &>/dev/null; then
    engine=(docker)
  elif command -v podman >/dev/null; then
    # Storage of its own, so that nothing of the check outlives it. What it logs is about systemd,
    # which may be absent; what fails is printed all the same.
    engine=(podman --log-level fatal --root "$work/storage" --runroot "$work/run")
    # crun, Podman's default, refuses the hybrid of both versions of cgroups; runc doesn't.
    [[ $("${engine[@]}" info --format '{{.Host.CgroupsVersion}}') != v1 ]] || engine+=(--runtime runc)
    # Podman would raise these, which a root without CAP_SYS_RESOURCE may not; lower they may go.
    limits=(--ulimit nofile=4096:4096 --ulimit nproc=4096:4096)
    # Its default network needs a bridge and a firewall, a build doesn't.
    build_options=(--network host --format docker --layers=false)
  else
    fail 'No container engine works here.' \
      'Start Docker, or install Podman: apt-get install podman runc'
  fi
}

make_base() {
  case $base in
  '') return ;;
  debootstrap) ;;
  *) fail "BASE is '$base', which means nothing." 'Leave it out or say BASE=debootstrap.' ;;
  esac
  ((EUID == 0)) || fail 'debootstrap needs root.' 'Run it as root, or leave BASE=debootstrap out.'
  command -v debootstrap >/dev/null ||
    fail 'debootstrap is not installed.' 'Install it: apt-get install debootstrap'
  step 'Making a base of Debian bookworm'
  debootstrap --variant=minbase --include=python3,python3-pip bookworm "$work/base" \
    >"$work/debootstrap.log" || fail "$(tail -20 "$work/debootstrap.log")"
  ln -s /usr/bin/python3 "$work/base/usr/local/bin/python"
  tar -C "$work/base" -c . | "${engine[@]}" import --quiet - "$name-base" >/dev/null
  rm -rf "$work/base"
  build_options+=(--from "localhost/$name-base")
}

pip_setting() {
  local variable=${1//-/_}
  variable=PIP_${variable^^}
  printf '%s' "${!variable:-$("$python" -m pip config get "global.$1" 2>/dev/null)}"
}

# What pip is set to, as a file for --secret id=pip; wheels of local folders go to $work/wheels.
pip_configuration() {
  local setting value
  echo '[global]'
  for setting in index-url extra-index-url find-links trusted-host proxy timeout; do
    printf '%s =' "$setting"
    for value in $(pip_setting "$setting"); do
      value=${value#file://}
      if [[ $value != /* ]]; then
        printf '\n    %s' "$value"
      elif [[ $setting == find-links ]]; then
        cp -rl "$value/." "$work/wheels" 2>/dev/null || cp -r "$value/." "$work/wheels"
      else
        echo "Left out of the build, as it is a folder: $setting $value" >&2
      fi
    done
    echo
  done | sed '/^[a-z-]* =$/d'
  [[ -z $(pip_setting cert) ]] || echo 'cert = /run/secrets/ca'
}

build() {
  local authority
  mkdir "$work/wheels"
  pip_configuration >"$work/pip.conf"
  build_options+=(--secret "id=pip,src=$work/pip.conf" --build-context "wheels=$work/wheels")
  authority=$(pip_setting cert)
  [[ -z $authority ]] || build_options+=(--secret "id=ca,src=$authority")
  step 'Building the image'
  "${engine[@]}" build "${build_options[@]}" --build-arg "TORCH_INDEX=${TORCH_INDEX:-}" \
    --tag "$name" . >"$work/build.log" 2>&1 || fail "$(tail -40 "$work/build.log")"
}

container() {
  "${engine[@]}" run "${limits[@]}" --name "$name" --network none --read-only --tmpfs /tmp \
    --cap-drop all --security-opt no-new-privileges --volume "$name:/data" "$@"
}

# Podman has systemd run health checks, which may be absent; it also runs one when asked.
healthy() {
  if [[ ${engine[0]} == docker ]]; then
    [[ $(docker inspect --format '{{.State.Health.Status}}' "$name") == healthy ]]
  else
    "${engine[@]}" healthcheck run "$name" >/dev/null
  fi
}

run() {
  local health_interval=2s status
  [[ ${engine[0]} == docker ]] || health_interval=disable
  step 'Indexing /seeds'
  container --rm --health-interval "$health_interval" "$name" index /seeds
  step 'Starting the server'
  container --detach --health-interval "$health_interval" "$name" >/dev/null
  for ((tries = 0; ; tries++)); do
    healthy 2>"$work/health.log" && break
    ((tries < 120)) || fail "$(cat "$work/health.log")" "$("${engine[@]}" logs "$name" 2>&1)"
    sleep 1
  done
  step 'Healthy; looking from inside'
  "${engine[@]}" exec --interactive "$name" python - <scripts/image_probe.py
  step 'Stopping it with SIGTERM'
  "${engine[@]}" stop -t 20 "$name" >/dev/null
  status=$("${engine[@]}" inspect --format '{{.State.ExitCode}}' "$name")
  [[ $status == 0 ]] || fail "The server stopped with exit status $status, not 0."
}

build_options=() limits=()
choose_engine
make_base
build
run
size=$("${engine[@]}" image inspect --format '{{.Size}}' "$name")
step "Image: $((size / 1000000)) MB, base included"
if [[ $base ]]; then
  echo "Passed: the Dockerfile's real steps, built and run with podman;" \
    'base substituted by a debootstrap of Debian bookworm'
else
  echo "Passed: built for real with ${engine[0]}"
fi
