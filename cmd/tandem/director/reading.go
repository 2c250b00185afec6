package director

import (
	"os"
	"strings"

	"github.com/tandem-ha/tandem/conf"
	"github.com/tandem-ha/tandem/conf/syntax"
)

// ReadOptions are how this host reads a configuration: with the files of its
// disk, and filled with what the host is at this moment. An empty configID is
// the host's name up to the first dot, as in keepalived.
func ReadOptions(configID string) conf.Options {
	if configID == "" {
		configID = shortName()
	}
	return conf.Options{ConfigID: configID}
}

// shortName is the name of this host up to the first dot.
func shortName() string {
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	short, _, _ := strings.Cut(name, ".")
	return short
}

// Judge adds to what was found in a file what this host has to say about it.
// check, a start and a reload say the same that way.
func Judge(f *conf.File, found conf.Diagnostics) conf.Diagnostics {
	if found.Fatal() {
		return found
	}
	config := f.Config()
	all := append(conf.Diagnostics(nil), found...)
	for _, why := range invalid(config) {
		all = append(all, conf.Diagnostic{Pos: syntax.Pos{File: config.File}, Severity: conf.Fatal, Message: why})
	}
	all = append(all, config.MissingInterfaces(InterfaceExists)...)
	all.Sort()
	return all
}

// invalid is what VRRP itself refuses. Reading a file lets nothing of that
// through; where it does all the same, nothing runs.
func invalid(c conf.Config) []string {
	err := c.VRRP.Validate()
	if err == nil {
		return nil
	}
	return strings.Split(err.Error(), "\n") // errors.Join writes one a line
}
