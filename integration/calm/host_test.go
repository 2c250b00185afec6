package calm

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// hogEnv makes the test binary a process that wants a whole processor.
const hogEnv = "TANDEM_CALM_HOG"

// hogs starts n of them until the test ends.
func hogs(t testing.TB, n int) {
	t.Helper()
	for range n {
		cmd := exec.Command("/proc/self/exe")
		cmd.Env = append(os.Environ(), hogEnv+"=1", "GOMAXPROCS=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		must(t, cmd.Start())
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	}
}

// process is one of the host.
type process struct {
	pid, parent int
	ticks       int // of processor time
}

// family is a process and all that it has started.
func family(t testing.TB, pid int) (list []process) {
	t.Helper()
	all := map[int]process{}
	children := map[int][]int{}
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	must(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // It has ended meanwhile.
		}
		// The name, in parentheses, may have blanks; from the state on, the
		// fields are 3 and more of proc(5).
		_, rest, _ := strings.Cut(string(text), ") ")
		f := strings.Fields(rest)
		p := process{number(t, filepath.Base(filepath.Dir(file))), number(t, f[1]), number(t, f[11]) + number(t, f[12])}
		all[p.pid] = p
		children[p.parent] = append(children[p.parent], p.pid)
	}
	for queue := []int{pid}; len(queue) > 0; queue = queue[1:] {
		list = append(list, all[queue[0]])
		queue = append(queue, children[queue[0]]...)
	}
	return list
}

// burnt is the processor time of a process and all that it has started.
func burnt(t testing.TB, pid int) time.Duration {
	t.Helper()
	sum := 0
	for _, p := range family(t, pid) {
		sum += p.ticks
	}
	const hertz = 100 // USER_HZ of every architecture that Go runs on
	return time.Duration(sum) * time.Second / hertz
}

func number(t testing.TB, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(fmt.Errorf("read /proc: %w", err))
	}
	return n
}
