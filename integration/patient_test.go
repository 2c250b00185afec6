package integration

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/rig"
)

const (
	patientPort = 8000 // Of a service that is checked by HTTP_GET at its patients.
	echoedPort  = 8001 // Of a service that is checked by TCP_CHECK at the line echo.
)

// healthy is what a patient answers when all is well.
const healthy = "all is well"

// patient is an HTTP server on a real server's own address, whose answer a test
// can spoil.
type patient struct {
	status atomic.Int64
	body   atomic.Value // string
}

func newPatient(t *testing.T, p *rig.Pair, server int) *patient {
	t.Helper()
	s := &patient{}
	s.cure()
	at := netip.AddrPortFrom(p.Plan().Servers[server].Addr, patientPort)
	l, err := p.Server(server).Listen(t.Context(), "tcp4", at.String())
	if err != nil {
		t.Fatal(err)
	}
	web := &http.Server{Handler: s}
	go func() { _ = web.Serve(l) }() // Until it is closed.
	t.Cleanup(func() { _ = web.Close() })
	return s
}

func (s *patient) cure() {
	s.status.Store(http.StatusOK)
	s.body.Store(healthy)
}

func (s *patient) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(int(s.status.Load()))
	_, _ = io.WriteString(w, s.body.Load().(string))
}

// patientService is a virtual_server of s1 and s2, which are checked for the
// status and the digest of their page; more lines go into its block.
func patientService(p *rig.Pair, lines ...string) string {
	digest := md5.Sum([]byte(healthy))
	check := fmt.Sprintf("HTTP_GET {\nurl {\npath /page\nstatus_code 200\ndigest %s\n}\n}\n", hex.EncodeToString(digest[:]))
	return checkedService(p, patientPort, check, lines...)
}

// echoedService is a virtual_server of s1 and s2, which are checked by
// TCP_CHECK at the line echo.
func echoedService(p *rig.Pair) string {
	return checkedService(p, echoedPort, fmt.Sprintf("TCP_CHECK {\nconnect_port %d\n}\n", lab.EchoPort))
}

// checkedService is checked three times a second, with one retry.
func checkedService(p *rig.Pair, port int, check string, lines ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "virtual_server %s %d {\n", p.VIP(), port)
	fmt.Fprintf(&b, "delay_loop 0.3\nlb_algo rr\nlb_kind DR\nprotocol TCP\nretry 1\ndelay_before_retry 0.1\nconnect_timeout 0.5\n")
	for _, line := range lines {
		fmt.Fprintln(&b, line)
	}
	for _, leg := range p.Plan().Servers[:2] {
		fmt.Fprintf(&b, "real_server %s %d {\n%s}\n", leg.Addr, port, check)
	}
	fmt.Fprintln(&b, "}")
	return b.String()
}
