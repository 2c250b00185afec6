package calm

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"slices"
	"sync"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/integration/lab"
)

// router is who sends an advert.
type router struct {
	src  netip.Addr
	vrid byte
}

// ear hears the adverts of a segment and when the kernel had them.
type ear struct {
	mu    sync.Mutex // guards what follows
	last  map[router]time.Time
	gaps  []time.Duration // between two adverts of one router
	count int
}

// listen opens an ear on the links of a host until the test ends.
func listen(t testing.TB, h *lab.Host, c crowd) *ear {
	t.Helper()
	e := &ear{last: map[router]time.Time{}}
	for i := range c.links() {
		e.open(t, h, link(i))
	}
	return e
}

func (e *ear) open(t testing.TB, h *lab.Host, name string) {
	t.Helper()
	link, err := h.Netlink().LinkByName(name)
	must(t, err)
	var file *os.File
	must(t, h.Do(func() error {
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		file = os.NewFile(uintptr(fd), "adverts")
		return errors.Join(
			attach(fd),
			unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 64<<20),
			unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1),
			unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: hostOrder(unix.ETH_P_ALL), Ifindex: link.Attrs().Index}))
	}))
	var done sync.WaitGroup
	done.Go(func() { e.hear(file) })
	t.Cleanup(func() { file.Close(); done.Wait() })
}

// hostOrder is a number in network order as the host reads it.
func hostOrder(n uint16) uint16 { return n<<8 | n>>8 }

// attach lets only IPv4 with protocol 112 through.
func attach(fd int) error {
	program, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadAbsolute{Off: 12, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.ETH_P_IP, SkipTrue: 3},
		bpf.LoadAbsolute{Off: 23, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: 112, SkipTrue: 1},
		bpf.RetConstant{Val: 256},
		bpf.RetConstant{Val: 0},
	})
	if err != nil {
		return err
	}
	filter := make([]unix.SockFilter, len(program))
	for i, p := range program {
		filter[i] = unix.SockFilter{Code: p.Op, Jt: p.Jt, Jf: p.Jf, K: p.K}
	}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]})
}

func (e *ear) hear(file *os.File) {
	raw, err := file.SyscallConn()
	if err != nil {
		return
	}
	frame, oob := make([]byte, 256), make([]byte, unix.CmsgSpace(int(unsafe.Sizeof(unix.Timespec{}))))
	for {
		var n, oobn int
		err := raw.Read(func(fd uintptr) bool {
			var err error
			n, oobn, _, _, err = unix.Recvmsg(int(fd), frame, oob, 0)
			return err != unix.EAGAIN
		})
		if err != nil {
			return
		}
		const vrrp = 14 + 20
		if n < vrrp+3 || frame[vrrp+2] == 0 {
			continue
		}
		at := time.Now()
		if msgs, err := unix.ParseSocketControlMessage(oob[:oobn]); err == nil && len(msgs) > 0 && len(msgs[0].Data) >= 16 {
			at = time.Unix(int64(binary.NativeEndian.Uint64(msgs[0].Data)), int64(binary.NativeEndian.Uint64(msgs[0].Data[8:])))
		}
		src, _ := netip.AddrFromSlice(frame[26:30])
		e.add(router{src, frame[vrrp+1]}, at)
	}
}

func (e *ear) add(r router, at time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if before, ok := e.last[r]; ok {
		e.gaps = append(e.gaps, at.Sub(before))
	}
	e.last[r] = at
	e.count++
}

// forget begins a new window.
func (e *ear) forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.last, e.gaps, e.count = map[router]time.Time{}, nil, 0
}

// lateness is how much longer than the interval the gaps of a window were: the
// median, 99.9 % and all.
type lateness struct {
	adverts           int
	median, most, max time.Duration
}

func (e *ear) lateness(interval time.Duration) lateness {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.gaps) == 0 {
		return lateness{adverts: e.count}
	}
	slices.Sort(e.gaps)
	late := func(i int) time.Duration { return max(0, e.gaps[i]-interval) }
	last := len(e.gaps) - 1
	return lateness{e.count, late(last / 2), late(last * 999 / 1000), late(last)}
}
