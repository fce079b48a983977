# shellcheck shell=bash
# What `up` and `down` share: the lab's names, and what is looked at before anything is made. They source it.
cluster=$(sed -n 's/^name: *//p' k8s/kind.yaml)
context=kind-$cluster
log=build/up.log
running=build/up.pid
problems=()

# Prints "LOCAL_PORT NAME PORT" for each port-forward of skaffold.yaml.
forwards() {
  sed -n 's/.*resourceName: \([a-z-]*\),.* port: \([0-9]*\), localPort: \([0-9]*\)}.*/\3 \1 \2/p' skaffold.yaml
}

listened_on() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

need() { command -v "$1" >/dev/null || problems+=("$1 is not installed: $2"); }

check_tools() {
  need docker https://docs.docker.com/get-started/get-docker/
  need kind https://kind.sigs.k8s.io/docs/user/quick-start/#installation
  need kubectl https://kubernetes.io/docs/tasks/tools/
  need skaffold https://skaffold.dev/docs/install/
  if command -v docker >/dev/null && ! docker info >/dev/null 2>&1; then
    problems+=("Docker does not respond: start it, or join the group that may use it (docker info says more)")
  fi
}

# skaffold takes another port, silently, where one is in use; then every curl line meets another gateway.
check_ports() {
  local port name target
  while read -r port name target; do
    [ "$target" != 9000 ] || name="$name's admin port"
    if listened_on "$port"; then
      problems+=("port $port ($name) is in use: stop what listens there")
    fi
  done < <(forwards)
}

# Prints the process of an `up` that runs; fails where none does.
other_up() {
  local other
  other=$(cat "$running" 2>/dev/null) && [[ $(ps -o args= -p "$other" 2>/dev/null) == *k8s/up* ]] && echo "$other"
}

# An `up` that runs holds the ports itself: that is the one thing to say then.
check_other() {
  local other
  if other=$(other_up); then
    echo "Another make up or make dev runs already, as process $other: end it with Ctrl-C where it runs." >&2
    exit 2
  fi
}

report_problems() {
  if [ ${#problems[@]} -gt 0 ]; then
    printf '%s\n' "${problems[@]}" >&2
    exit 2
  fi
}
