#!/bin/sh
# Installs the Debian packages that `make test` and `make drill` need, and says so.
# usage: install.sh test|drill
set -eu

# The test kernel, and its module tools.
need="user-mode-linux:linux.uml kmod:modprobe"
if [ "${1:-}" = test ]; then
    # The race detector needs a C compiler; the others are the peers that tandem is tested with.
    need="$need gcc:gcc libc6-dev:/usr/include/stdlib.h keepalived:keepalived ipvsadm:ipvsadm iproute2:ip"
fi

missing=""
for item in $need; do
    package=${item%%:*} proof=${item#*:}
    case $proof in
    /*) [ -e "$proof" ] || missing="$missing $package" ;;
    *) PATH="$PATH:/usr/sbin:/sbin" command -v "$proof" >/dev/null 2>&1 || missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
    echo "install.sh: not root, so these Debian packages stay missing:$missing" >&2
    echo "install.sh: what needs them is skipped; install them with: sudo apt-get install$missing" >&2
    exit 0
fi
if [ -n "${TANDEM_NO_INSTALL:-}" ]; then
    echo "install.sh: TANDEM_NO_INSTALL is set, so these Debian packages stay missing:$missing" >&2
    exit 0
fi
echo "install.sh: installing Debian packages:$missing (TANDEM_NO_INSTALL=1 to refuse)"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# No service of theirs shall start on this host: policy-rc.d says no while they unpack.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' >$policy && chmod +x $policy
    trap 'rm -f $policy' EXIT
fi
# shellcheck disable=SC2086 # a list of words
apt-get install -qq -y --no-install-recommends $missing >/dev/null
