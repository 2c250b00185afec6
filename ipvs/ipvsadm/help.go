package ipvsadm

// version begins as that of the original, since scripts take it apart.
const version = "ipvsadm v1.31 2019/12/24 (compiled with tandem and IPVS v1.2.1)\n"

const helpSave = `ipvsadm-save [-n]: print the commands that make the IPVS table as it is
  -n  with numbers instead of names; use it, since names do not always restore`

// help is in our own words and has our own options too.
const help = version + `Look at and change the virtual servers of the kernel.

  ipvsadm -A|-E SERVICE [-s SCHEDULER] [-b FLAGS] [-p [SECONDS]] [-M MASK] [--pe ENGINE] [-o]
  ipvsadm -D SERVICE
  ipvsadm -a|-e SERVICE -r SERVER[:PORT] [-m|-g|-i] [-w WEIGHT] [-x UPPER] [-y LOWER] [TUNNEL]
  ipvsadm -d SERVICE -r SERVER[:PORT]
  ipvsadm -L|-l [SERVICE] [-n] [VIEW] [--watch [SECONDS]]
  ipvsadm -Z [SERVICE]
  ipvsadm -C
  ipvsadm -S [-n] > FILE
  ipvsadm -R < FILE
  ipvsadm --set TCP TCPFIN UDP
  ipvsadm --start-daemon master|backup --mcast-interface NAME [DAEMON]
  ipvsadm --stop-daemon master|backup

The command comes first, long or short; there are no abbreviations.
  -A --add-service   -E --edit-service   -D --delete-service
  -a --add-server    -e --edit-server    -d --delete-server
  -L -l --list       -Z --zero           -C --clear
  -S --save          -R --restore        --set
  --start-daemon     --stop-daemon       -h --help   -v --version
An edit sets everything: what is not named gets its default.

SERVICE
  -t --tcp-service   HOST[:PORT]     -u --udp-service HOST[:PORT]
  --sctp-service     HOST[:PORT]     an IPv6 address with a port: [ADDRESS]:PORT
  -f --fwmark-service MARK [-6]      -6 --ipv6 follows -f
  -s --scheduler     rr wrr lc wlc (default) lblc lblcr dh sh sed nq fo ovf mh
  -b --sched-flags   of sh: sh-fallback,sh-port; of mh: mh-fallback,mh-port;
                     of all: flag-1,flag-2,flag-3
  -p --persistent    seconds that a client stays with its server (default 360)
  -M --netmask       of clients that stay together: 255.255.255.0, for IPv6 64
  --pe               persistence engine: sip
  -o --ops           each packet is scheduled by itself (UDP and marks)

SERVER
  -r --real-server   HOST[:PORT]; only -m can have another port than the service
  -m --masquerading  NAT             -g --gatewaying  direct routing (default)
  -i --ipip          tunnel
  -w --weight        0 takes no new connections (default 1)
  -x --u-threshold   connections above which it takes no more
  -y --l-threshold   connections below which it takes some again
TUNNEL
  --tun-type ipip|gue|gre   --tun-port PORT (gue)
  --tun-nocsum  --tun-csum  --tun-remcsum (gue)

VIEW
  -n --numeric       --exact         --nosort        --sort (always)
  -c --connection    --timeout       --daemon
  --stats            --rate          --thresholds    --persistent-conn
  --tun-info
  --watch [SECONDS]  again and again, rates unless told otherwise; q ends it

DAEMON
  --mcast-interface NAME  --syncid 0-255 (default 0)  --sync-maxlen BYTES
  --mcast-group ADDRESS   --mcast-port PORT           --mcast-ttl TTL

A director that runs repairs what it owns, so changes to it are refused.
  --force            makes them all the same
  --run-dir FOLDER   of that director (default /run/tandem); before all others
`
