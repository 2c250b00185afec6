package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// holdLab builds a lab with a process in it, says which processes there are,
// and waits to be killed.
func holdLab() error {
	l, err := New(context.Background(), Options{Dir: os.Getenv(holderEnv)})
	if err != nil {
		return err
	}
	p, err := l.Director(A).Start(context.Background(), Command{
		Argv: []string{"sh", "-c", "setsid sleep 300 & exec sleep 300"},
	})
	if err != nil {
		return err
	}
	for {
		members, err := namespaceMembers(p.nanny.Pid)
		if err != nil {
			return err
		}
		if len(members) == 2 {
			fmt.Println(p.nanny.Pid, members[0], members[1])
			select {}
		}
	}
}

// The end of each namespace shows at the other end of a cable into it.
func TestCloseLeavesNothing(t *testing.T) {
	namespacesBefore := openNamespaces(t)
	l := newLab(t, Options{})
	outside, err := newHost("outside")
	if err != nil {
		t.Fatal(err)
	}
	defer outside.close()
	hosts := append([]*Host{l.Client(), l.Router(), l.Witness(), l.Director(A), l.Director(B), l.switches}, l.servers...)
	for _, h := range hosts {
		if err := connect(outside, h.Name, 0, h, "test", l.Plan().Client, 32); err != nil {
			t.Fatal(err)
		}
	}
	sleeper, err := l.Director(B).Start(t.Context(), Command{Argv: []string{"sleep", "300"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-sleeper.Done():
	default:
		t.Error("a process outlived the lab")
	}
	if _, err := os.Stat(l.Dir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the lab's folder: %v, want none", err)
	}
	for _, h := range hosts {
		eventually(t, "namespace of "+h.Name+" gone", func() (bool, error) {
			_, err := outside.handle.LinkByName(h.Name)
			return err != nil, nil
		})
	}
	if err := outside.close(); err != nil {
		t.Error(err)
	}
	if after := openNamespaces(t); after != namespacesBefore {
		t.Errorf("%d descriptors of namespaces open, %d before", after, namespacesBefore)
	}
	if err := l.Client().Do(func() error { return nil }); !errors.Is(err, errGone) {
		t.Errorf("entering a closed host: %v, want %v", err, errGone)
	}
}

func TestNothingOutlivesTheKilledLab(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("not root: the lab is made of network namespaces; run this as root")
	}
	holder := exec.CommandContext(t.Context(), "/proc/self/exe")
	holder.Env = append(os.Environ(), holderEnv+"="+t.TempDir())
	stdout, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	pids := strings.Fields(line)
	if err != nil || len(pids) != 3 {
		t.Fatalf("the holder says %q, %v", line, err)
	}
	if err := holder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = holder.Wait() // It was killed.
	for _, pid := range pids {
		eventually(t, "process "+pid+" gone", func() (bool, error) {
			_, err := os.Stat("/proc/" + pid)
			return errors.Is(err, os.ErrNotExist), nil
		})
	}
	// The namespaces lived by the holder's descriptors, and by nothing else:
	// a mount of one would show here.
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil || strings.Contains(string(mounts), "nsfs") {
		t.Errorf("mounted namespaces: %v in\n%s", err, mounts)
	}
}

// openNamespaces counts this process's descriptors of network namespaces, and
// threads that are in another one than the first thread.
func openNamespaces(t *testing.T) (n int) {
	t.Helper()
	home, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"/proc/self/fd/*", "/proc/self/task/*/ns/net"} {
		links, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range links {
			if to, err := os.Readlink(link); err == nil && strings.HasPrefix(to, "net:") && to != home {
				n++
			}
		}
	}
	return n
}

// A failed build leaves nothing either.
func TestNewGivesUpCleanly(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("not root: the lab is made of network namespaces; run this as root")
	}
	before := openNamespaces(t)
	invalid := []netip.Addr{DefaultVIPs(1)[0], DefaultVIPs(1)[0]} // The same address twice on lo.
	if _, err := New(t.Context(), Options{VIPs: invalid}); !errors.Is(err, syscall.EEXIST) {
		t.Errorf("error %v, want %v", err, syscall.EEXIST)
	}
	if after := openNamespaces(t); after != before {
		t.Errorf("%d descriptors of namespaces open, %d before", after, before)
	}
}
