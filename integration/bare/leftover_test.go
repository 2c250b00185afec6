package bare

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/rig"
)

// lingerEnv makes the test binary a test that has a lab and never ends.
const lingerEnv = "TANDEM_TEST_LINGER"

// linger builds a lab, starts a director in it, prints the namespaces and waits
// to be killed.
func linger() {
	l, err := lab.New(context.Background(), lab.Options{Dir: os.Getenv(lingerEnv)})
	if err == nil {
		err = l.WriteConfig(lab.A, one)
	}
	if err == nil {
		_, err = l.StartDirector(context.Background(), lab.A, rig.Tandem(), nil)
	}
	hosts := []*lab.Host{}
	if err == nil {
		hosts = append(hosts, l.Client(), l.Router(), l.Witness(), l.Director(lab.A), l.Director(lab.B), l.Server(0), l.Server(1), l.Server(2))
	}
	for _, h := range hosts {
		err = h.Do(func() error {
			ns, err := os.Readlink("/proc/thread-self/ns/net")
			fmt.Println(ns)
			return err
		})
		if err != nil {
			break
		}
	}
	for owned := false; err == nil && !owned; {
		owned, err = l.Director(lab.A).HasAddress(l.Plan().VIPs[0])
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("ready")
	select {}
}

// A test that is killed, or interrupted, in the middle of a lab leaves no
// namespace, no process and no address behind.
func TestNothingIsLeftOfAKilledTest(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("not root: the lab is made of network namespaces; run this as root")
	}
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			before := ownAddresses(t)
			cmd := exec.CommandContext(t.Context(), "/proc/self/exe")
			cmd.Env = append(os.Environ(), lingerEnv+"="+t.TempDir())
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			namespaces := readUntilReady(t, stdout)
			if n := len(inside(t, namespaces)); n < 2 {
				t.Fatalf("%d processes are in the lab, want a director and what looks after it", n)
			}
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // It was killed.
			// The lab's namespaces have no names: without a process in them
			// and the one that held them open, they are gone.
			rig.Until(t, "no process is in the lab", func() error {
				if left := inside(t, namespaces); len(left) > 0 {
					return fmt.Errorf("still there: %v", left)
				}
				return nil
			})
			if diff := cmp.Diff(before, ownAddresses(t)); diff != "" {
				t.Errorf("addresses of this host (-before +after):\n%s", diff)
			}
		})
	}
}

// readUntilReady returns the lines that linger prints before it is ready.
func readUntilReady(t *testing.T, stdout interface{ Read([]byte) (int, error) }) (namespaces []string) {
	t.Helper()
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		switch line := lines.Text(); {
		case line == "ready":
			return namespaces
		case strings.HasPrefix(line, "net:["):
			namespaces = append(namespaces, line)
		default:
			t.Fatal(line)
		}
	}
	t.Fatal("it ended before it was ready")
	return nil
}

// inside returns the processes that are in one of the namespaces.
func inside(t *testing.T, namespaces []string) (processes []string) {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		if ns, err := os.Readlink(link); err == nil && slices.Contains(namespaces, ns) {
			command, _ := os.ReadFile(filepath.Join(link, "../../cmdline"))
			processes = append(processes, strings.ReplaceAll(string(command), "\x00", " "))
		}
	}
	return processes
}

// ownAddresses returns the interfaces of this host and their addresses.
func ownAddresses(t *testing.T) (list []string) {
	t.Helper()
	links, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		addrs, err := link.Addrs()
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, fmt.Sprint(link.Name, addrs))
	}
	return list
}
