package wire

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp/bfd"
)

// TestKeepalived speaks with Debian's keepalived, whose session follows ours both
// ways.
func TestKeepalived(t *testing.T) {
	tests := []struct {
		name, near, far string
		ours            func(*bfd.Config)
		theirs          string
	}{
		{"IPv4", "10.9.0.1/24", "10.9.0.2/24", func(*bfd.Config) {}, ""},
		{"IPv6, of which it lowers the hop limit", "fd00::1/64", "fd00::2/64", func(c *bfd.Config) { c.TTL = 64 }, ""},
		{"IPv6 as RFC 5881 has it", "fd00::1/64", "fd00::2/64", func(*bfd.Config) {}, "hoplimit 255"},
		{"we are passive", "10.9.0.1/24", "10.9.0.2/24", func(c *bfd.Config) { c.Passive = true }, ""},
		{"it is passive", "10.9.0.1/24", "10.9.0.2/24", func(*bfd.Config) {}, "passive"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newLink(t, tt.near, tt.far)
			near, _, _ := strings.Cut(tt.near, "/")
			far, _, _ := strings.Cut(tt.far, "/")
			c := with("peer", far)
			c.Source = addr(near)
			tt.ours(&c)
			k := l.keepalived(t, near, far, tt.theirs)
			w := speak(t, c)
			w.await("at the start", false)
			w.await("keepalived runs", true)
			k.awaitLog(t, "Entering Up state")

			k.end(unix.SIGKILL)
			began := time.Now()
			got := w.await("keepalived is killed", false)
			if !strings.HasPrefix(got.detail, "nothing heard for ") {
				t.Errorf("it is down since %q", got.detail)
			}
			if took := time.Since(began); took > longWait/4 {
				t.Errorf("it took %s", took)
			}

			k = l.keepalived(t, near, far, tt.theirs)
			w.await("keepalived runs again", true)
			k.awaitLog(t, "Entering Up state")
			w.stop()
			k.awaitLog(t, "Entering Down state")
			if log := k.log(t); strings.Contains(log, "Expired") {
				t.Errorf("keepalived was not told that we end:\n%s", log)
			}
		})
	}
}

// theirs is a keepalived with its log.
type theirs struct {
	*daemon
	file string
}

func (l *link) keepalived(t *testing.T, neighbor, source, more string) theirs {
	t.Helper()
	dir := t.TempDir()
	conf, log := filepath.Join(dir, "keepalived.conf"), filepath.Join(dir, "log")
	must(t, os.WriteFile(conf, []byte(`
bfd_instance peer {
	neighbor_ip `+neighbor+`
	source_ip `+source+`
	min_rx 100
	min_tx 100
	multiplier 5
	`+more+`
}
vrrp_instance V {
	interface `+l.far+`
	virtual_router_id 51
	priority 100
	track_bfd {
		peer weight 10
	}
	virtual_ipaddress {
		10.9.9.9/32
	}
}
`), 0o600))
	out, err := os.Create(log)
	must(t, err)
	defer out.Close()
	d := l.daemon(t, out, "keepalived", "--dont-fork", "--log-console", "--log-detail", "--dont-respawn", "--use-file", conf,
		"--pid", filepath.Join(dir, "pid"), "--vrrp_pid", filepath.Join(dir, "vrrp.pid"),
		"--checkers_pid", filepath.Join(dir, "checkers.pid"), "--bfd_pid", filepath.Join(dir, "bfd.pid"))
	return theirs{d, log}
}

func (k theirs) log(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(k.file)
	must(t, err)
	return string(text)
}

func (k theirs) awaitLog(t *testing.T, text string) {
	t.Helper()
	deadline := time.After(longWait)
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for !strings.Contains(k.log(t), text) {
		select {
		case <-again.C:
		case <-deadline:
			t.Fatalf("it does not log %q:\n%s", text, k.log(t))
		}
	}
}

// TestFRR speaks with FRR's bfdd: up, its shutdown (AdminDown), its death, and a
// session over several hops.
func TestFRR(t *testing.T) {
	tests := []struct {
		name, peer string
		ours       func(*bfd.Config)
	}{
		{"one hop", "peer 10.9.0.1 local-address 10.9.0.2 interface FAR", func(*bfd.Config) {}},
		{"several hops", "peer 10.9.0.1 multihop local-address 10.9.0.2", func(c *bfd.Config) { c.Multihop = true }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newLink(t, "10.9.0.1/24", "10.9.0.2/24")
			c := with("peer", "10.9.0.2")
			c.Source = addr("10.9.0.1")
			tt.ours(&c)
			peer := strings.ReplaceAll(tt.peer, "FAR", l.far)
			frr := l.frr(t, peer)
			w := speak(t, c)
			w.await("at the start", false)
			w.await("bfdd runs", true)

			frr.tell(t, peer, "shutdown")
			if got := w.await("bfdd is told to shut down", false); !strings.Contains(got.detail, "AdminDown") {
				t.Errorf("it is down since %q", got.detail)
			}
			frr.tell(t, peer, "no shutdown")
			w.await("bfdd goes on", true)
			frr.bfdd.end(unix.SIGKILL)
			if got := w.await("bfdd is killed", false); !strings.HasPrefix(got.detail, "nothing heard for ") {
				t.Errorf("it is down since %q", got.detail)
			}
		})
	}
}

// frr is FRR's daemons with the folder of their sockets.
type frr struct {
	zebra, bfdd *daemon
	dir         string
}

func (l *link) frr(t *testing.T, peer string) *frr {
	t.Helper()
	// FRR gives up root: its user must reach the folder.
	dir, err := os.MkdirTemp("", "frr")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o777))
	conf := filepath.Join(dir, "frr.conf")
	text := "bfd\n " + peer + "\n  receive-interval 100\n  transmit-interval 100\n  detect-multiplier 5\n  no shutdown\n exit\nexit\n"
	must(t, os.WriteFile(conf, []byte(text), 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "zebra.conf"), nil, 0o644))
	in := func(name string) string { return filepath.Join(dir, name) }
	f := &frr{dir: dir}
	common := func(name, config string) []string {
		return []string{"-f", config, "-i", in(name + ".pid"), "-z", in("zserv"), "--vty_socket", dir, "-P", "0", "--log", "file:" + in(name+".log")}
	}
	f.zebra = l.daemon(t, t.Output(), "/usr/lib/frr/zebra", common("zebra", in("zebra.conf"))...)
	f.bfdd = l.daemon(t, t.Output(), "/usr/lib/frr/bfdd", append(common("bfdd", conf), "--bfdctl", in("bfdd.sock"))...)
	return f
}

// tell gives bfdd a command about a peer.
func (f *frr) tell(t *testing.T, peer, command string) {
	t.Helper()
	out, err := exec.Command("vtysh", "--vty_socket", f.dir, "-d", "bfdd", "-c", "configure terminal", "-c", "bfd", "-c", peer, "-c", command).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Fatalf("vtysh: %v\n%s", err, out)
	}
}
