# Copyright (c) 2026 The isolatte authors
# Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

# Completes the options of isolatte-run, and the program with its arguments after them.
_isolatte_run() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} word
  local i
  # `--name=value` is three words to readline, and `--name=` is two.
  if [[ $current == = ]]; then
    current=
  elif [[ $previous == = ]]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  # The program is the first word that is neither an option nor the argument of one.
  for ((i = 1; i < COMP_CWORD; ++i)); do
    word=${COMP_WORDS[i]}
    case $word in
      map) ((i == 1)) && continue ;;
      --) ((++i)) ;;
      --timeout | --grace | --memory | --cpu | --files | --file-size | --read | --write | --execute | --network | \
        --allow-call | --report | --output-limit | --jobs | -[tmrwxnJ])
        [[ ${COMP_WORDS[i + 1]-} == = ]] && ((++i))
        ((++i))
        continue
        ;;
      -*) continue ;;
    esac
    if declare -F _command_offset >/dev/null; then
      _command_offset $i
    elif ((i == COMP_CWORD)); then
      mapfile -t COMPREPLY < <(compgen -c -- "$current")
    else
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
    fi
    return
  done
  case $previous in
    --read | --write | --execute | --report | -[rwx])
      # Names may have blanks.
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return
      ;;
    --network | -n)
      mapfile -t COMPREPLY < <(compgen -W 'none any' -- "$current")
      return
      ;;
    --timeout | --grace | --memory | --cpu | --files | --file-size | --allow-call | --output-limit | --jobs | -[tmJ])
      return
      ;;
  esac
  local options='--timeout --grace --memory --cpu --files --file-size --sandbox --read --write --execute
    --network --processes --allow-call --best-effort --json --report --output-limit --verbose --help
    --version --'
  if [[ ${COMP_WORDS[1]} == map ]]; then
    options+=' --jobs'
  elif ((COMP_CWORD == 1)); then
    options+=' map'
  fi
  mapfile -t COMPREPLY < <(
    if [[ $current == -* || $COMP_CWORD -eq 1 ]]; then compgen -W "$options" -- "$current"; fi
    ((COMP_CWORD > 1)) && [[ $current == -* ]] || compgen -c -- "$current"
  )
} && complete -o filenames -F _isolatte_run isolatte-run
