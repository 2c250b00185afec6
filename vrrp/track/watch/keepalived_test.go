package watch

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/program"
	"github.com/tandem-ha/tandem/vrrp/track"
)

// TestBesideKeepalived lets Debian's keepalived and us run the same scripts with
// the same results in the same order, and compares what each makes of them.
func TestBesideKeepalived(t *testing.T) {
	needRoot(t)
	keepalived, err := exec.LookPath("keepalived")
	if err != nil {
		t.Skip("keepalived is not installed")
	}
	dir := open(t)
	// Each run takes the next letter of a sequence: + succeeds, - fails, k dies of
	// a signal, t takes too long. The last one stays. What takes long on a busy
	// machine must not be too long: only t is.
	// It starts no program but sleep, so that a busy machine is not made busier.
	chk := executable(t, "chk", `n=0; [ ! -e $2.$1 ] || read n <$2.$1; n=$((n+1)); echo $n >$2.$1
		read letters <$2; i=1
		while [ $i -lt $n ] && [ ${#letters} -gt 1 ]; do letters=${letters#?}; i=$((i+1)); done
		case $letters in +*) exit 0;; -*) exit 7;; k*) kill -9 $$;; t*) exec sleep 100;; esac`)
	tests := []struct {
		name, sequence string
		rise, fall     int
		initFail       bool
	}{
		{"plain", "+-+-+", 1, 1, false},
		{"first_fails", "-+", 3, 3, false},
		{"first_succeeds", "+", 3, 3, false},
		{"fall", "+--+--+---+", 1, 3, false},
		{"rise", "-++-++-+++-", 3, 1, false},
		{"both", "+-+--+-++--+", 2, 2, false},
		{"init_fail", "+-++", 2, 1, true},
		{"init_fail_fails", "--+", 1, 1, true},
		{"signal", "+k+", 1, 1, false},
		{"timeout", "+t+", 1, 1, false},
		{"timeouts", "+t+t-+", 1, 2, false},
	}
	var config strings.Builder
	var scripts []track.Script
	for _, tt := range tests {
		sequence := filepath.Join(dir, tt.name)
		write(t, sequence, tt.sequence+"\n")
		more := ""
		if tt.initFail {
			more = "init_fail"
		}
		// Ours may be run more often. keepalived takes whole seconds here, and
		// forgets a timeout that comes with the next run.
		ourInterval, interval, timeout := 150*time.Millisecond, 1, 5*time.Second
		if strings.Contains(tt.sequence, "t") {
			ourInterval, interval, timeout = time.Second, 3, 2*time.Second
		}
		fmt.Fprintf(&config, "vrrp_script %s {\n script \"%s theirs %s\"\n interval %d\n timeout %g\n rise %d\n fall %d\n user root\n %s\n}\n",
			tt.name, chk, sequence, interval, timeout.Seconds(), tt.rise, tt.fall, more)
		scripts = append(scripts, track.Script{
			Name: tt.name, Interval: ourInterval, Timeout: timeout, Rise: tt.rise, Fall: tt.fall, InitFail: tt.initFail,
			Command: program.Command{Line: tt.name, Args: []string{chk, "ours", sequence}, User: "root"},
		})
	}
	config.WriteString("vrrp_instance V {\n interface near0\n virtual_router_id 51\n priority 100\n virtual_ipaddress {\n 10.0.0.9/32\n }\n track_script {\n")
	for _, tt := range tests {
		fmt.Fprintf(&config, "%s weight 1\n", tt.name)
	}
	config.WriteString("}\n}\n")
	log := runKeepalived(t, keepalived, dir, config.String())

	w := watchAll(t, track.Config{Scripts: scripts})
	ours := make(map[string][]string)
	deadline, look := time.After(3*longWait), time.NewTicker(20*time.Millisecond)
	defer look.Stop()
	through := func() bool { // each sequence is, and the result of its last letter is known
		for _, tt := range tests {
			for _, who := range []string{"ours", "theirs"} {
				var n int
				text, _ := os.ReadFile(filepath.Join(dir, tt.name+"."+who))
				fmt.Sscan(string(text), &n)
				if n <= len(tt.sequence) {
					return false
				}
			}
		}
		return true
	}
	for done := false; !done; {
		select {
		case got := <-w.told:
			follow(ours, got)
		case <-look.C:
			done = through() && len(w.told) == 0
		case <-deadline:
			t.Fatalf("it takes too long; keepalived says:\n%s", read(t, log))
		}
	}
	theirs := make(map[string][]string)
	for _, m := range regexp.MustCompile(`VRRP_Script\((\w+)\) (succeeded|failed|timed[_ ]out)`).FindAllStringSubmatch(read(t, log), -1) {
		word := "up"
		if m[2] != "succeeded" {
			word = "down"
		}
		theirs[m[1]] = append(theirs[m[1]], word)
	}
	for _, tt := range tests {
		if tt.initFail && len(theirs[tt.name]) > 0 && theirs[tt.name][0] == "down" {
			theirs[tt.name] = theirs[tt.name][1:] // which it was already
		}
		if !slices.Equal(ours[tt.name], theirs[tt.name]) {
			t.Errorf("%s, rise %d, fall %d, %s: ours goes %v, keepalived's %v", tt.name, tt.rise, tt.fall, tt.sequence, ours[tt.name], theirs[tt.name])
		}
		if len(ours[tt.name]) == 0 {
			t.Errorf("%s: nothing is known of it", tt.name)
		}
	}
}

// follow notes a change. What init_fail says before the first run keepalived does
// not log.
func follow(changes map[string][]string, got told) {
	word := "down"
	if got.state.Up {
		word = "up"
	}
	had := changes[got.item.Name]
	if got.item.Kind != vrrp.Script || got.state.Detail == "init_fail" || len(had) > 0 && had[len(had)-1] == word ||
		len(had) == 0 && word == "down" && strings.HasPrefix(got.item.Name, "init_fail") {
		return
	}
	changes[got.item.Name] = append(had, word)
}

// runKeepalived runs keepalived in a network namespace of its own until the test
// ends, and returns where its log is.
func runKeepalived(t *testing.T, path, dir, config string) (log string) {
	t.Helper()
	in := func(name string) string { return filepath.Join(dir, name) }
	must(t, os.WriteFile(in("keepalived.conf"), []byte(config), 0o600))
	out, err := os.Create(in("log"))
	must(t, err)
	defer out.Close()
	cmd := exec.Command("/bin/sh", "-c", `ip link add near0 type veth peer name far0 && ip addr add 10.0.0.1/24 dev near0 && ip link set near0 up && ip link set far0 up && exec "$@"`, "sh",
		path, "--dont-fork", "--log-console", "--log-detail", "--dont-respawn", "--vrrp", "--use-file", in("keepalived.conf"), "--pid", in("pid"), "--vrrp_pid", in("vrrp.pid"))
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &unix.SysProcAttr{Cloneflags: unix.CLONE_NEWNET, Setpgid: true}
	must(t, cmd.Start())
	t.Cleanup(func() {
		unix.Kill(-cmd.Process.Pid, unix.SIGTERM)
		cmd.Wait()
	})
	return in("log")
}
