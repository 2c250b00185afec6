package connsync

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// sysctls are the settings of IPVS in one network namespace, as files below a
// directory: /proc/sys/net/ipv4/vs of the thread that opens them.
type sysctls string

// values are the sysctls that s stands for, by name, spelled as the kernel
// prints them but with single blanks. The others of sync_* are not here: the
// kernel reads them anew for every message (net/netfilter/ipvs/ip_vs_sync.c),
// so it does not matter who sets them, and when.
func (s Settings) values() map[string]string {
	values := map[string]string{
		"sync_threshold":      fmt.Sprintf("%d %d", s.Threshold, s.Period),
		"sync_refresh_period": strconv.Itoa(s.RefreshPeriod),
		"sync_retries":        strconv.Itoa(s.Retries),
		"sync_sock_size":      strconv.Itoa(s.SockSize),
	}
	if s.Ports != 0 {
		values["sync_ports"] = strconv.Itoa(s.Ports)
	}
	return values
}

// settings is what values say; absent ones are 0.
func settings(values map[string]string) (s Settings) {
	number := func(name string, nth int) int {
		fields := strings.Fields(values[name])
		if nth >= len(fields) {
			return 0
		}
		n, err := strconv.Atoi(fields[nth])
		if err != nil {
			return 0
		}
		return n
	}
	return Settings{
		Threshold:     number("sync_threshold", 0),
		Period:        number("sync_threshold", 1),
		RefreshPeriod: number("sync_refresh_period", 0),
		Retries:       number("sync_retries", 0),
		SockSize:      number("sync_sock_size", 0),
		Ports:         number("sync_ports", 0),
	}
}

// read reads one value; fs.ErrNotExist when this kernel or namespace has none.
func (dir sysctls) read(name string) (string, error) {
	b, err := os.ReadFile(filepath.Join(string(dir), name))
	return strings.Join(strings.Fields(string(b)), " "), err
}

// write writes one value and reads it back.
func (dir sysctls) write(name, value string) error {
	// The file is there or it is not: never make one.
	f, err := os.OpenFile(filepath.Join(string(dir), name), os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return fmt.Errorf("set net.ipv4.vs.%s: %w", name, err)
	}
	_, err = f.WriteString(value)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("set net.ipv4.vs.%s to %q: %w", name, value, err)
	}
	got, err := dir.read(name)
	if err == nil && got != value {
		err = fmt.Errorf("it reads %q", got)
	}
	if err != nil {
		return fmt.Errorf("set net.ipv4.vs.%s to %q: %w", name, value, err)
	}
	return nil
}

// grantedSockSize is how much of size a sync daemon's sockets would get. The
// daemons clamp it to net.core.rmem_max and wmem_max without a word, and in a
// namespace these cannot be read, so a socket of our own is asked.
func grantedSockSize(size int) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("try a socket buffer of %d bytes: %w", size, err)
	}
	defer unix.Close(fd)
	granted := size
	for _, opt := range [...]int{unix.SO_RCVBUF, unix.SO_SNDBUF} {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, opt, size); err != nil {
			return 0, fmt.Errorf("try a socket buffer of %d bytes: %w", size, err)
		}
		got, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, opt)
		if err != nil {
			return 0, fmt.Errorf("try a socket buffer of %d bytes: %w", size, err)
		}
		granted = min(granted, got/2) // socket(7): the kernel doubles it.
	}
	return granted, nil
}
