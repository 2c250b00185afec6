package conf

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/tandem-ha/tandem/integration/golden"
	"github.com/tandem-ha/tandem/vrrp"
)

// typed, raw and filed are keys in the three forms that a file may have them in.
const (
	typed = "the-quick-brown-fox-jumps-over-it"
	raw   = "0123456789abcdef0123456789ABCDEF"
	filed = "a key of a file, with blanks and more"
)

func readSigned(t *testing.T, more string) (*File, Diagnostics) {
	t.Helper()
	src := `vrrp_instance A {
    interface eth0
    virtual_router_id 1
    virtual_ipaddress { 192.0.2.1/24 }
    auth_hmac {
        key 1 ` + typed + `
        key 2 hex:` + hex.EncodeToString([]byte(raw)) + `
        key 3 file:keys/three
        active_key 3
        ` + more + `
    }
}
`
	return ReadText("/etc/tandem/keepalived.conf", []byte(src), Options{Files: golden.Files{"/etc/tandem/keys/three": []byte(filed + "\n")}})
}

// TestKeys holds that the keys are those that the file means, from wherever.
func TestKeys(t *testing.T) {
	f, found := readSigned(t, "mode permissive")
	if refused(found) {
		t.Fatal(lines(found))
	}
	signature := f.Config().VRRP.Instances[0].HMAC
	if signature == nil || signature.Active != 3 || signature.Mode != vrrp.Permissive {
		t.Fatalf("it is read as %+v", signature)
	}
	for i, want := range []string{typed, raw, filed} {
		if k := signature.Keys[i]; int(k.ID) != i+1 || string(k.Secret) != want {
			t.Errorf("key %d is not what it should be", k.ID)
		}
	}
}

// TestKeysAreShownToNobody holds that no key stands in what is said of a file,
// nor in what is printed of it.
func TestKeysAreShownToNobody(t *testing.T) {
	f, found := readSigned(t, "key 4 "+typed+"-"+typed+"-"+typed+"\nkey 5 hex:"+hex.EncodeToString([]byte(raw))+"0\nkey 1 "+raw+"\nkee 6 "+filed)
	if !refused(found) {
		t.Error("nothing is wrong with it")
	}
	var dump, document strings.Builder
	if err := Print(&dump, f.Nodes(), PrintOptions{File: "f"}); err != nil {
		t.Error(err)
	}
	if err := PrintJSON(&document, f.Nodes(), PrintOptions{File: "f"}); err != nil {
		t.Error(err)
	}
	for name, said := range map[string]string{
		"findings": lines(found), "dump": dump.String(), "JSON": document.String(),
		"values": fmt.Sprintf("%v %+v", f.Config(), f.Config().VRRP.Instances[0].HMAC), "source": fmt.Sprintf("%#v", *f.Config().VRRP.Instances[0].HMAC),
	} {
		for _, secret := range []string{typed, raw, filed, "a key of a file"} {
			if strings.Contains(said, secret) || strings.Contains(said, hex.EncodeToString([]byte(secret))) {
				t.Errorf("the %s show a key:\n%s", name, said)
			}
		}
	}
}
