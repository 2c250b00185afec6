package testkernel

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// bootUML runs linux.uml until it ends. It does so as a child: a kernel that
// panics ends itself with abort(3), which does nothing in the first process of
// a process namespace.
func bootUML(ord order) error {
	if err := copySelf(stageInit); err != nil {
		return err
	}
	kernel := &exec.Cmd{
		Path: ord.Program,
		Args: []string{
			umlProgram,
			"mem=" + strconv.Itoa(ord.MemoryMB) + "M",
			"rootfstype=hostfs", "rootflags=/", "ro",
			"init=" + stageInit,
			"uml_dir=" + stageUML, "umid=guest",
			// The kernel's messages leave by standard output, the command's
			// streams by a line of their own.
			"con0=null,fd:1", "con1=fd:" + strconv.Itoa(guestLine), "con=null", "ssl=null",
			initEnv + "=" + UserMode.String(),
		},
		// The guest's memory is a file in TMPDIR; /dev/shm may be small or noexec.
		Env:        []string{"HOME=" + stage, "TMPDIR=" + stage},
		Stdout:     os.Stdout,
		Stderr:     os.Stderr,
		ExtraFiles: []*os.File{os.NewFile(guestLine, "guest line")},
	}
	// What the kernel starts inherits the processor of this thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	pin()
	if err := kernel.Run(); err != nil {
		return fmt.Errorf("run %s: %w", ord.Program, err)
	}
	return nil
}

// pin keeps the calling thread on one processor. User Mode Linux has but one of
// its own, and hands it to and fro between its kernel and the traced processes:
// where those two run on different processors of the host every system call of
// the guest costs a wake-up across them, which makes it several times slower.
// It takes one that no other test kernel has, while there is one; which of
// those is left to chance. A failure costs speed only.
func pin() {
	var may unix.CPUSet
	if err := unix.SchedGetaffinity(0, &may); err != nil || may.Count() < 2 {
		return
	}
	var cpus []int
	for cpu := 0; len(cpus) < may.Count(); cpu++ {
		if may.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	rand.Shuffle(len(cpus), func(i, j int) { cpus[i], cpus[j] = cpus[j], cpus[i] })
	chosen := cpus[0]
	if i := slices.IndexFunc(cpus, claim); i >= 0 {
		chosen = cpus[i]
	}
	var one unix.CPUSet
	one.Set(chosen)
	_ = unix.SchedSetaffinity(0, &one)
}

// claim says whether no other test kernel has claimed a processor, and claims
// it until this process ends. Of all that two processes can contend for, the
// name of an abstract socket (unix(7)) leaves nothing behind.
func claim(cpu int) bool {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false
	}
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: fmt.Sprintf("@tandem-testkernel-cpu%d", cpu)}); err != nil {
		_ = unix.Close(fd)
		return false
	}
	return true
}

// umlGuest is User Mode Linux as its first process sees it: the host's root
// directory is mounted, read-only.
type umlGuest struct{}

func (umlGuest) orders() string { return stageOrder }

// openLine opens con1 of the kernel's command line as a clean channel of bytes.
func (umlGuest) openLine() (*os.File, error) {
	line, err := os.OpenFile("/dev/tty1", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	t, err := unix.IoctlGetTermios(int(line.Fd()), unix.TCGETS)
	if err != nil {
		return nil, fmt.Errorf("read the line's settings: %w", err)
	}
	t.Iflag, t.Oflag, t.Lflag = 0, 0, 0
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(int(line.Fd()), unix.TCSETS, t); err != nil {
		return nil, fmt.Errorf("make the line raw: %w", err)
	}
	return line, nil
}

func (umlGuest) enterRoot() error {
	if err := newLoader(umlModules).load("overlay"); err != nil {
		return err
	}
	// The guest has not mounted its own /proc yet.
	root, err := mountOverlay("/", "/proc")
	if err != nil {
		return err
	}
	// pivot_root and not chroot, so that the kernel's own module loader and
	// unprivileged user namespaces work inside; "." twice is pivot_root(2)'s
	// way to do without a folder for the old root.
	if err := os.Chdir(root); err != nil {
		return fmt.Errorf("enter the overlay: %w", err)
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("make the overlay the root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("let the old root go: %w", err)
	}
	return os.Chdir("/")
}

func (umlGuest) mountOut(dir string) error { return unix.Mount("none", dir, "hostfs", 0, dir) }
