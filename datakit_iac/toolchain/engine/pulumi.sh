#!/bin/sh
# Written by datakit's set-up. Starts the Pulumi engine that was found, with defaults only where you set nothing.
bin=@BIN@
engine=@ENGINE@

if [ ! -x "$engine" ]; then
    echo "pulumi: the engine $engine is gone" >&2
    echo "  fix: run \`$bin/dk setup\`" >&2
    exit 3
fi

# The virtual environment's executables come first: dbt, the plugins, and this wrapper itself.
case $PATH in "$bin":*) ;; *) PATH=$bin:$PATH ;; esac
export PATH
export PULUMI_SKIP_UPDATE_CHECK="${PULUMI_SKIP_UPDATE_CHECK-1}"
# Nothing is downloaded behind your back; `pulumi plugin install` still does when asked to.
export PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION="${PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION-1}"

# The folder of the Pulumi project: the nearest one upwards with a Pulumi.yaml.
folder=$PWD stack='*' previous=
for word in "$@"; do
    case $previous in
        -C | --cwd) folder=$word ;;
        -s | --stack) stack=${word##*/} ;;
    esac
    case $word in
        --cwd=*) folder=${word#--cwd=} ;;
        --stack=*) stack=${word##*[=/]} ;;
    esac
    previous=$word
done
folder=$(CDPATH='' cd -- "$folder" 2>/dev/null && pwd -P)
while [ -n "$folder" ] && [ ! -f "$folder/Pulumi.yaml" ]; do folder=${folder%/*}; done

# No repository holds `.venv`: in a clone of a project that names it, it becomes a link to the environment this is of.
if [ -n "$folder" ] && [ ! -e "$folder/.venv" ] && [ ! -L "$folder/.venv" ] &&
    grep -qs '^[^#]*virtualenv: *["'\'']*\.venv["'\'' ]*$' "$folder/Pulumi.yaml"; then
    ln -s "${bin%/bin}" "$folder/.venv" && echo "pulumi: $folder/.venv is a link to ${bin%/bin} now" >&2
fi

# A project whose state is a local file and that has no secrets yet gets a random passphrase of its own.
if [ -n "$folder" ] && [ -z "${PULUMI_CONFIG_PASSPHRASE+set}${PULUMI_CONFIG_PASSPHRASE_FILE+set}" ]; then
    home=$folder/.datakit passphrase=$folder/.datakit/passphrase
    case ${PULUMI_BACKEND_URL-} in
        file:*) is_local=yes ;;
        '') grep -qs '^[^#]*url: *["'\'']*file:' "$folder/Pulumi.yaml" && is_local=yes || is_local= ;;
        *) is_local= ;;
    esac
    # The glob in $stack is meant to expand.
    # shellcheck disable=SC2086
    if [ -n "$is_local" ] && [ ! -f "$passphrase" ] &&
        ! grep -qs '^encryptionsalt:' "$folder"/Pulumi.$stack.yaml "$folder"/*/Pulumi.$stack.yaml; then
        (
            umask 077
            mkdir -p "$home" && fresh=$home/.passphrase.$$
            od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$fresh"
            # `ln` fails where another process was faster, so there is only ever one passphrase.
            ln "$fresh" "$passphrase" 2>/dev/null
            rm -f "$fresh"
            [ -f "$home/.gitignore" ] || echo '*' >"$home/.gitignore"
        )
    fi
    if [ -f "$passphrase" ]; then
        export PULUMI_CONFIG_PASSPHRASE_FILE="$passphrase"
    fi
fi

exec "$engine" "$@"
