#!/bin/sh
# Installs the Debian packages that `make test` and `make drill` need, and says so. It never fails them: what cannot be
# had stays missing, which it says.
# usage: install.sh test|drill
set -eu

# Each a package and what shows that it is there: a program, or a file, or one of several. The test kernel and its
# module tools:
need="user-mode-linux:linux.uml kmod:modprobe"
if [ "${1:-}" = test ]; then
    # The race detector needs a C compiler.
    need="$need gcc:gcc libc6-dev:/usr/include/stdlib.h"
    # The peers that tandem is tested with, and the witnesses of what it did.
    need="$need keepalived:keepalived ipvsadm:ipvsadm iproute2:ip procps:sysctl nftables:nft iptables:arptables-nft"
    # What runs the complete test kernel; the kernel itself is unpacked further down. The server of the host's files
    # came with QEMU up to Debian 12, and is a package of its own since.
    need="$need qemu-system-x86:qemu-system-x86_64 virtiofsd:/usr/lib/qemu/virtiofsd|/usr/libexec/virtiofsd"
fi
# Where integration/lab/testkernel looks for the complete test kernel.
cache=/var/cache/tandem
kernel=$cache/kernel
# What keeps services from starting while packages unpack, and how to know ours.
policy=/usr/sbin/policy-rc.d
mark="# Made by tandem's integration/install.sh, which removes it."

# has says whether one of several programs or files, with | between them, is there.
has() (
    IFS='|' PATH="$PATH:/usr/sbin:/sbin"
    for one in $1; do
        case $one in
        /*) [ ! -e "$one" ] || return 0 ;;
        *) ! command -v "$one" >/dev/null 2>&1 || return 0 ;;
        esac
    done
    return 1
)

# whole says whether there is a kernel below a folder, with every module that its list names.
whole() {
    for image in "$1"/boot/vmlinuz-*-cloud-amd64; do
        modules=$1/lib/modules/${image##*/vmlinuz-}
        if [ -s "$image" ] && [ -s "$modules/modules.dep" ] &&
            (cd "$modules" && cut -d: -f1 modules.dep | xargs ls) >/dev/null 2>&1; then
            return 0
        fi
    done
    return 1
}

# look sets what is missing.
look() {
    missing="" lacks_kernel=""
    for item in $need; do
        has "${item#*:}" || missing="$missing ${item%%:*}"
    done
    [ "${1:-}" != test ] || whole $kernel || whole "" || lacks_kernel=yes
}

# forgotten says whether an install that was killed has left its policy.
forgotten() { grep -qsxF "$mark" $policy; }

# finish says what is missing now, and why, and ends this program.
finish() {
    look "$mode"
    [ -n "$missing$lacks_kernel" ] || exit 0
    [ -z "$missing" ] || echo "install.sh: $1, so these Debian packages stay missing:$missing" >&2
    [ -z "$lacks_kernel" ] || echo "install.sh: $1, so there is no complete test kernel in $kernel" >&2
    case $missing in
    *user-mode-linux*) echo "install.sh: where this kernel has no IPVS, TANDEM_NO_KERNEL=1 skips what needs it" >&2 ;;
    esac
    echo "install.sh: tests that need what is missing are skipped; to install it: sudo integration/install.sh $mode" >&2
    exit 0
}

# install_packages installs those of the packages that apt knows.
install_packages() {
    known=""
    for package in "$@"; do
        ! apt-cache show "$package" >/dev/null 2>&1 || known="$known $package"
    done
    [ -n "$known" ] || return 0
    echo "install.sh: installing Debian packages:$known (TANDEM_NO_INSTALL=1 to refuse)"
    # No service of theirs shall start on this host: policy-rc.d says no while they unpack.
    if [ ! -e $policy ]; then
        made_policy=yes
        printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >$policy && chmod +x $policy
    fi
    # shellcheck disable=SC2086 # a list of words
    apt-get install -qq -y --no-install-recommends -o DPkg::Lock::Timeout=60 $known >/dev/null
}

# unpack_kernel gets Debian's kernel for clouds without installing it: this host shall not boot it. It is made beside
# its place, so that a rename shows it whole or not at all.
unpack_kernel() {
    package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | sed -n 's/.*Depends: \(linux-image-[^ ]*\)$/\1/p')
    if [ -z "$package" ]; then
        echo "install.sh: apt knows no package linux-image-cloud-amd64" >&2
        return 1
    fi
    echo "install.sh: unpacking Debian's $package to $kernel"
    work=$(mktemp -d $kernel.XXXXXX) &&
        (cd "$work" && apt-get download -qq -o APT::Sandbox::User=root "$package") &&
        dpkg-deb -x "$work"/linux-image-*.deb "$work/kernel" &&
        depmod -b "$work/kernel" "$(ls "$work/kernel/lib/modules")" &&
        chmod 755 "$work/kernel" &&
        rm -rf $kernel &&
        mv -T "$work/kernel" $kernel
}

mode=${1:-}
look "$mode"
[ -n "$missing$lacks_kernel" ] || forgotten || exit 0
[ -z "${TANDEM_NO_INSTALL:-}" ] || finish "TANDEM_NO_INSTALL is set"
[ "$(id -u)" = 0 ] || finish "not root"
command -v apt-get >/dev/null || finish "no apt-get here"
{ mkdir -p $cache && : >>$cache/lock; } 2>/dev/null || finish "$cache cannot be written"

# One at a time: another one may be about to install the same.
exec 9>>$cache/lock
flock 9
made_policy=""
! forgotten || made_policy=yes
# A signal does not run the trap of EXIT in every shell.
trap 'rm -rf $kernel.*; [ -z "$made_policy" ] || rm -f $policy' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
rm -rf $kernel.* # Of one that was killed.

look "$mode"
[ -n "$missing$lacks_kernel" ] || exit 0
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq -o Acquire::Retries=1 || true # What it knows already may do.
# shellcheck disable=SC2086 # a list of words
[ -z "$missing" ] || install_packages $missing || true # What is missing then, finish says.
[ -z "$lacks_kernel" ] || unpack_kernel || true
finish "apt could not get them"
