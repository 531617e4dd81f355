# shellcheck shell=bash
# What tools/run, tools/test and tools/lock share: finding a Python, making a private environment, filling it from locks.
# Sourced, never run by itself.

root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)"
tool="tools/$(basename -- "$0")"
supported="3.11 to 3.13"

say() { printf '%s: %s\n' "$tool" "$*" >&2; }

fail() {
  say "$1"
  shift
  if (($#)); then printf '  %s\n' "$@" >&2; fi
  exit 1
}

# Runs a command as the administrator; fails when that would need a password.
as_administrator() {
  if [[ "$(id -u)" == 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    sudo -n "$@"
  else
    return 1
  fi
}

can_install_system_packages() {
  [[ -z "${POVSIM_NO_APT:-}" ]] && command -v apt-get >/dev/null && as_administrator true
}

# Installs Debian packages. Package lists may be missing or old on a fresh machine, hence the second try.
install_system_packages() {
  can_install_system_packages || return 1
  say "installing Debian packages: $*"
  local -a install=(env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet=2 --no-install-recommends "$@")
  as_administrator "${install[@]}" </dev/null >/dev/null 2>&1 && return 0
  as_administrator apt-get update --quiet=2 </dev/null >&2 || return 1
  as_administrator "${install[@]}" </dev/null >&2
}

# True when the command is a supported Python that starts; shims of version managers may exist and fail.
is_supported_python() {
  "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' </dev/null >/dev/null 2>&1
}

can_make_environments() { "$1" -c 'import ensurepip, venv' </dev/null >/dev/null 2>&1; }

# Prints every supported Python on PATH, the preferred one first; only POVSIM_PYTHON where that is set.
supported_pythons() {
  local name path
  local -a names=(python3.13 python3.12 python3.11 python3)
  [[ -z "${POVSIM_PYTHON:-}" ]] || names=("$POVSIM_PYTHON")
  for name in "${names[@]}"; do
    while IFS= read -r path; do
      if is_supported_python "$path"; then printf '%s\n' "$path"; fi
    done < <(type -aP -- "$name" || true)
  done
}

# Prints a Python that can make an environment; on Debian the part that does is a package of its own.
find_python() {
  local -a found=()
  local path version
  mapfile -t found < <(supported_pythons)
  ((${#found[@]})) || fail "no Python $supported that starts was found${POVSIM_PYTHON:+ under POVSIM_PYTHON=$POVSIM_PYTHON}." \
    "On Debian: apt-get install python3 python3-venv" \
    "Elsewhere: install one, or name it: POVSIM_PYTHON=/path/to/python3"
  for path in "${found[@]}"; do
    if can_make_environments "$path"; then
      printf '%s\n' "$path"
      return
    fi
  done
  path="${found[0]}"
  version="$("$path" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
  install_system_packages "python$version-venv" || install_system_packages python3-venv || true
  can_make_environments "$path" || fail "$path cannot make virtual environments: its venv and ensurepip modules are missing." \
    "On Debian, as root: apt-get install python$version-venv (or python3-venv)"
  printf '%s\n' "$path"
}

# Makes the environment unless a working one is there. A folder that is not ours is never emptied.
make_environment() {
  local venv="$1" python
  local -a options=()
  if [[ -e "$venv/pyvenv.cfg" ]]; then
    if is_supported_python "$venv/bin/python" && "$venv/bin/python" -c 'import pip' 2>/dev/null; then return; fi
    [[ -z "${POVSIM_VENV:-}" ]] || fail "the environment $venv does not work with Python $supported." \
      "Remove it, or point POVSIM_VENV elsewhere."
    options=(--clear)
  elif [[ -e "$venv" && (! -d "$venv" || -n "$(ls -A -- "$venv")") ]]; then
    fail "$venv exists and is not a virtual environment." "Remove it, or point POVSIM_VENV elsewhere."
  fi
  python="$(find_python)"
  say "making the environment $venv with $("$python" -V) ($python)"
  "$python" -m venv ${options[@]+"${options[@]}"} "$venv" || fail "$python could not make the environment $venv (see above)."
}

# Prints what the content of an environment depends on, as one hash.
fingerprint() {
  local python="$1"
  shift
  "$python" - "$root" "$@" <<'PYTHON'
import hashlib, pathlib, sys

root = pathlib.Path(sys.argv[1])
digest = hashlib.sha256(f"{sys.version}\0{root}\0".encode())
for name in sys.argv[2:]:
    digest.update((root / name).read_bytes())
print(digest.hexdigest())
PYTHON
}

# prepare_environment VENV LOCK: an environment with exactly what the lock names, and the package itself, editable.
prepare_environment() {
  local venv="$1" lock="$2" stamp started=$SECONDS wanted
  stamp="$venv/.povsim-$(basename -- "$lock")"
  make_environment "$venv"
  wanted="$(fingerprint "$venv/bin/python" "$lock" requirements/build.lock pyproject.toml hatch_build.py \
    frontend/package-lock.json frontend/echarts.js frontend/build.mjs)"
  if [[ -f "$stamp" && "$(<"$stamp")" == "$wanted" ]]; then return; fi
  rm -f -- "$stamp"
  say "installing $lock into $venv (a minute or two the first time)"
  local -a pip=("$venv/bin/python" -m pip -qq --disable-pip-version-check --no-input install)
  "${pip[@]}" --require-hashes --only-binary=:all: -r "$root/$lock" -r "$root/requirements/build.lock" ||
    fail "installing $lock failed (see above)." \
      "Check the network and pip's settings, then run $tool again; what was already installed is kept."
  "${pip[@]}" --no-deps --no-build-isolation --editable "$root" || fail "installing povsim itself failed (see above)."
  printf '%s\n' "$wanted" >"$stamp"
  say "environment ready after $((SECONDS - started)) s"
}
