#!/bin/sh
# Installs the Debian packages that `make test` and `make drill` need, and says so.
# usage: install.sh test|drill
set -eu

# The test kernel, and its module tools.
need="user-mode-linux:linux.uml kmod:modprobe"
if [ "${1:-}" = test ]; then
    # The race detector needs a C compiler; the others are the peers that tandem is tested with.
    need="$need gcc:gcc libc6-dev:/usr/include/stdlib.h keepalived:keepalived ipvsadm:ipvsadm iproute2:ip"
    # What runs the complete test kernel; the kernel itself is unpacked further down.
    need="$need qemu-system-x86:qemu-system-x86_64"
fi
# Where integration/lab/testkernel looks for the complete test kernel.
kernel=/var/cache/tandem/kernel

# has says whether a program or a file is there.
has() {
    case $1 in
    /*) [ -e "$1" ] ;;
    *) PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1 ;;
    esac
}

missing=""
for item in $need; do
    has "${item#*:}" || missing="$missing ${item%%:*}"
done
lacks_kernel=""
if [ "${1:-}" = test ] && ! [ -e $kernel ]; then
    lacks_kernel=yes
fi
[ -n "$missing$lacks_kernel" ] || exit 0

if [ "$(id -u)" != 0 ] || [ -n "${TANDEM_NO_INSTALL:-}" ]; then
    why="not root"
    [ -z "${TANDEM_NO_INSTALL:-}" ] || why="TANDEM_NO_INSTALL is set"
    [ -z "$missing" ] || echo "install.sh: $why, so these Debian packages stay missing:$missing" >&2
    [ -z "$lacks_kernel" ] || echo "install.sh: $why, so there is no complete test kernel in $kernel" >&2
    echo "install.sh: what needs them is skipped; to install them: sudo integration/install.sh ${1:-}" >&2
    exit 0
fi

export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
work=$(mktemp -d)
made_policy=""
trap 'rm -rf "$work"; [ -z "$made_policy" ] || rm -f $policy' EXIT

install_packages() {
    echo "install.sh: installing Debian packages: $* (TANDEM_NO_INSTALL=1 to refuse)"
    # No service of theirs shall start on this host: policy-rc.d says no while they unpack.
    if [ ! -e $policy ]; then
        made_policy=yes
        printf '#!/bin/sh\nexit 101\n' >$policy && chmod +x $policy
    fi
    apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}

# unpack_kernel gets Debian's kernel for clouds without installing it: this host shall not boot it.
unpack_kernel() {
    package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | sed -n 's/.*Depends: \(linux-image-[^ ]*\)$/\1/p')
    if [ -z "$package" ]; then
        echo "install.sh: no package linux-image-cloud-amd64 here, so the tests of the complete test kernel are skipped" >&2
        return 0
    fi
    echo "install.sh: unpacking Debian's $package to $kernel"
    (cd "$work" && apt-get download -qq -o APT::Sandbox::User=root "$package")
    dpkg-deb -x "$work"/linux-image-*.deb "$work/kernel"
    depmod -b "$work/kernel" "$(ls "$work/kernel/lib/modules")"
    chmod 755 "$work/kernel"
    mkdir -p "${kernel%/*}"
    mv "$work/kernel" $kernel
}

apt-get update -qq
# shellcheck disable=SC2086 # a list of words
[ -z "$missing" ] || install_packages $missing
if [ -n "$lacks_kernel" ]; then
    # The server of the host's files: part of QEMU up to Debian 12, a package of its own since.
    has /usr/lib/qemu/virtiofsd || has /usr/libexec/virtiofsd || install_packages virtiofsd
    unpack_kernel
fi
