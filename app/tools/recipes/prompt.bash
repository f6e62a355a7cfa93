# authtray_prompt says which connections need you, and nothing while none does.
# Names are of a-z, 0-9, dot, dash and underscore, so a prompt may hold them.
authtray_prompt() {
  local bad
  bad=$(authtray status --json 2>/dev/null |
    jq -r '[.connections[] | select(.state | IN("reconnect_required", "misconfigured", "keychain_locked")) | .name] | join(" ")' 2>/dev/null)
  [ -z "$bad" ] || printf '⚠ %s ' "$bad"
}
