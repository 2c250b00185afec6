package vrrp

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// guarded is an instance with every secret there is. Each is made of 'Z', as no
// other text is.
func guarded() Instance {
	in := testInstance()
	in.Auth = Password(bytes.Repeat([]byte("Z"), 8))
	in.HMAC = &HMAC{Keys: []HMACKey{{1, Secret(strings.Repeat("Z", 32))}, {1, Secret(strings.Repeat("Z", 65))}}, Active: 2, Window: time.Hour}
	return in
}

// TestSecretsAreNotShown: no way to print, encode or log a configuration, and no
// error of it, shows a secret.
func TestSecretsAreNotShown(t *testing.T) {
	leak := regexp.MustCompile(`ZZ|5a5a|5A5A|90[, ]+90|0x5a|U\+005A`)
	in := guarded()
	shown := make(map[string]string)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%c", "%U", "%o"} {
		shown["instance "+verb] = fmt.Sprintf(verb, in)
		shown["hmac "+verb] = fmt.Sprintf(verb, *in.HMAC)
		shown["secret "+verb] = fmt.Sprintf(verb, in.HMAC.Keys[0].Secret)
		shown["password "+verb] = fmt.Sprintf(verb, in.Auth)
		shown["config "+verb] = fmt.Sprintf(verb, Config{Instances: []Instance{in}})
	}
	encoded, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	shown["JSON"] = string(encoded)
	var log bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(h).Info("x", "instance", in, "password", in.Auth, "key", in.HMAC.Keys[0], "keys", in.HMAC.Keys)
	}
	shown["log"] = log.String()
	if err := (Config{Instances: []Instance{in}}).Validate(); err == nil {
		t.Error("a configuration full of mistakes is valid")
	} else {
		shown["error"] = err.Error()
	}
	for how, text := range shown {
		if found := leak.FindString(text); found != "" {
			t.Errorf("%s shows %q: %s", how, found, text)
		}
	}
	if in.Auth.String() != mask || (Password{}).String() != "" || Secret("").String() != "" {
		t.Error("a secret does not look like one, or none does")
	}
}

// TestEverySecretHidesItself: whatever in a configuration sounds like a secret
// has a type that hides it.
func TestEverySecretHidesItself(t *testing.T) {
	hides := []reflect.Type{reflect.TypeFor[fmt.Formatter](), reflect.TypeFor[encoding.TextMarshaler](), reflect.TypeFor[slog.LogValuer]()}
	secret := regexp.MustCompile("(?i)^auth$|pass|secret")
	var found []string
	var walk func(path string, typ reflect.Type)
	walk = func(path string, typ reflect.Type) {
		switch typ.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			walk(path, typ.Elem())
		case reflect.Struct:
			for f := range typ.Fields() {
				if secret.MatchString(f.Name) {
					found = append(found, path+"."+f.Name)
					for _, h := range hides {
						if !f.Type.Implements(h) {
							t.Errorf("%s.%s is a %s, which does not implement %s", path, f.Name, f.Type, h)
						}
					}
				} else if strings.HasPrefix(f.Type.PkgPath()+f.Type.String(), "github.com/tandem-ha") || f.Type.PkgPath() == "" {
					walk(path+"."+f.Name, f.Type)
				}
			}
		}
	}
	walk("Config", reflect.TypeFor[Config]())
	if want := []string{"Config.Instances.Auth", "Config.Instances.HMAC.Keys.Secret"}; !slices.Equal(found, want) {
		t.Errorf("secrets are %v, want %v", found, want)
	}
}
