package advert

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// password is the secret of the captures that have one.
var password = [8]byte{'t', 'a', 'n', 'd', 'e', 'm', '0', '1'}

// hmacKey is key 1 of the captures that are signed.
var hmacKey = func() (key []byte) {
	for i := range byte(32) {
		key = append(key, i)
	}
	return key
}()

// anySum lets Parse find out how a sender sums.
var anySum = []Sum{PseudoHeader, MessageOnly, OldUnicast}

// captureRules are what the captures show besides the layout.
var captureRules = map[string]string{
	"excluded-vips-ka2.4.3":           "K-41",
	"frr-v2-master-frr-ka2.2.7":       "F-03 F-05",
	"frr-v3-ipv4-master-frr-ka2.4.3":  "F-02 F-05",
	"frr-v3-ipv6-master-frr-ka2.2.7":  "F-06",
	"hmac-ucast-v3-ka2.4.3":           "K-50",
	"hmac-v3-ka2.4.3":                 "K-50",
	"owner-255-ka2.4.3":               "P-11",
	"prio0-on-stop-ka2.2.7":           "P-11",
	"ucast-v2-ah-ka2.2.7":             "P-22 K-08",
	"ucast-v3-two-peers-ka2.4.3":      "K-04",
	"v2-auth-ah-ka2.2.7":              "P-22 K-08",
	"v2-auth-pass-ka2.4.3":            "P-22 K-07",
	"v2-plain-ka2.2.7":                "C-05",
	"v3-checksum-as-v2-ka2.4.3":       "C-02 K-03",
	"v3-ipv4-ka2.4.3":                 "C-01 C-03 K-02",
	"v3-ipv6-ka2.2.7":                 "C-04 P-17",
	"vips-20-ka2.4.3":                 "P-16",
	"vips-20-v2-auth-ka2.2.7":         "P-20",
	"vip-mismatch-ka2.2.7":            "P-18",
	"interval-learned-ka2.2.7":        "P-15",
	"advert-int-001-ka2.4.3":          "P-15",
	"owner-lists-own-address-ka2.2.7": "K-19",
}

// TestCaptures reads what other implementations sent, compares it with what
// tshark reads, and writes it again to the byte.
func TestCaptures(t *testing.T) {
	golden, err := txtar.ParseFile(filepath.Join("testdata", "captures.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range golden.Files {
		t.Run(strings.TrimSpace(captureRules[want.Name]+" "+want.Name), func(t *testing.T) {
			lines := strings.Split(strings.TrimSpace(string(want.Data)), "\n")
			var got []string
			for i, c := range readCapture(t, want.Name) {
				a, drop := Parse(c.message(), c.src, c.dst, c.ttl, anySum...)
				if drop != Accepted {
					t.Fatalf("frame %d dropped: %s", c.frame, drop)
				}
				got = append(got, describe(c, a, i < len(lines) && strings.Contains(lines[i], " - ")))
				checkProof(t, c, a)
				rewrite(t, c, a)
			}
			if diff := cmp.Diff(strings.Join(lines, "\n"), strings.Join(got, "\n")); diff != "" {
				t.Errorf("read otherwise than by tshark (-theirs +ours):\n%s", diff)
			}
		})
	}
	files, err := filepath.Glob(filepath.Join("testdata", "*.pcap"))
	if err != nil || len(files) != len(golden.Files) {
		t.Errorf("%d captures, %d of them described: %v", len(files), len(golden.Files), err)
	}
}

// describe says of an advert what captures.txtar does.
func describe(c captured, a Advert, brief bool) string {
	if brief {
		return fmt.Sprintf("%d - %s > %s v%d", c.frame, c.src, c.dst, a.Version)
	}
	w := new(strings.Builder)
	fmt.Fprintf(w, "%d %s %s > %s ttl %d v%d vrid %d prio %d count %d",
		c.frame, c.mac, c.src, c.dst, c.ttl, a.Version, a.VRID, a.Priority, len(a.Addresses))
	if a.Version == 2 {
		fmt.Fprintf(w, " auth %d", a.AuthType)
	}
	fmt.Fprintf(w, " interval %d sum %04x", a.Interval.Milliseconds(), binary.BigEndian.Uint16(c.message()[6:]))
	for _, addr := range a.Addresses {
		fmt.Fprintf(w, " %s", addr)
	}
	if a.AuthType == AuthPass {
		fmt.Fprintf(w, " pass %s", a.Auth)
	}
	if _, sequence, ok := Unseal(c.payload); c.header != nil && ok {
		fmt.Fprintf(w, " ah spi %x seq %d icv %x", c.payload[4:8], sequence, c.payload[ahCheck:ahLen])
	}
	return w.String()
}

// checkProof checks whatever proof of its origin an advert has.
func checkProof(t *testing.T, c captured, a Advert) {
	t.Helper()
	if drop := a.Authenticate(a.AuthType, password); drop != Accepted {
		t.Errorf("frame %d: password: %s", c.frame, drop)
	}
	if c.header != nil && !VerifySeal(c.header, c.payload, password) {
		t.Errorf("frame %d: authentication header not right", c.frame)
	}
	if trailer := c.payload[len(c.payload)-len(c.message())+a.Size():]; len(trailer) > 0 {
		s, drop := ParseTrailer(trailer)
		if drop != Accepted || s.Key != 1 || !s.Verify(c.message()[:a.Size()], c.src, hmacKey) {
			t.Errorf("frame %d: signature: %s %+v", c.frame, drop, s)
		}
	}
}

// rewrite makes the same packet again.
func rewrite(t *testing.T, c captured, a Advert) {
	t.Helper()
	b, err := a.Marshal(c.src, c.dst)
	if s, drop := ParseTrailer(c.message()[a.Size():]); drop == Accepted {
		b, err = a.MarshalSigned(c.src, c.dst, s.Key, hmacKey, s.Stamp)
	}
	if err != nil {
		t.Fatalf("frame %d: %v", c.frame, err)
	}
	if c.header != nil {
		_, sequence, _ := Unseal(c.payload)
		header := IPv4Header(c.src, c.dst, c.ttl, binary.BigEndian.Uint16(c.header[4:]), SealedLen(len(b)))
		b = Seal(header, b, sequence, password)
		theirs := slices.Clone(c.header)
		theirs[ipv4Sum], theirs[ipv4Sum+1] = 0, 0 // The kernel's.
		if diff := cmp.Diff(theirs, header); diff != "" {
			t.Errorf("frame %d: IPv4 header (-captured +ours):\n%s", c.frame, diff)
		}
	}
	if diff := cmp.Diff(c.payload, b); diff != "" {
		t.Errorf("frame %d differs when written again (-captured +ours):\n%s", c.frame, diff)
	}
}

// TestVendorsSum: whose checksum spans what.
func TestVendorsSum(t *testing.T) {
	for capture, want := range map[string]Sum{
		"v3-ipv4-ka2.4.3": PseudoHeader, "ucast-v3-ka2.4.3": PseudoHeader,
		"frr-v3-ipv4-master-frr-ka2.4.3": PseudoHeader, "v3-checksum-as-v2-ka2.4.3": MessageOnly,
	} {
		for _, c := range readCapture(t, capture) {
			for _, sum := range anySum {
				_, drop := Parse(c.payload, c.src, c.dst, c.ttl, sum)
				// For multicast the old form is the pseudo-header.
				right := sum == want || sum == OldUnicast && want == PseudoHeader && c.dst.IsMulticast()
				if right != (drop == Accepted) || !right && drop != Checksum {
					t.Errorf("%s frame %d, summed as form %d: %s", capture, c.frame, sum, drop)
				}
			}
		}
	}
}
